package azure

import (
	"net/netip"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"

	"jitbot/jit"
	"jitbot/jit/reach"
	"jitbot/jit/resource"
)

// readInterfaces keeps where each IP configuration is, who is in a group, and
// the public addresses of interfaces.
func (p *topology) readInterfaces() {
	p.asgMembers = []jit.Interface{} // read, and perhaps empty
	for _, n := range values(p.nics) {
		nic := jit.Interface{ID: n.ID}
		for _, conf := range values(n.Properties.IPConfigurations) {
			nic.Addresses = append(nic.Addresses, p.readConfiguration(conf)...)
		}
		if len(nic.Addresses) > 0 {
			p.asgMembers = append(p.asgMembers, nic)
		}
	}
}

// readConfiguration keeps where an IP configuration is and its public address; it
// returns the addresses that are in a group. One that cannot be read is a member
// without an address.
func (p *topology) readConfiguration(conf ipConfiguration) []jit.Address {
	v, private := conf.Properties, conf.private()
	network, groups := networkOf(v.Subnet), groupIDs(v.SecurityGroups)
	p.configAddrs[strings.ToLower(conf.ID)] = privateAddrs{network, private.List}
	var members []jit.Address
	for _, addr := range private.List {
		members = append(members, jit.Address{Addr: addr, Groups: groups})
		if public := v.PublicIP; public != nil {
			p.addFrontend(network, addr, reach.Frontend{Name: resource.Name(public.ID)}, public.ID)
		}
	}
	if private.Unread != "" {
		members = append(members, jit.Address{Groups: groups})
	}
	if len(groups) == 0 {
		return nil
	}
	return members
}

// networkOf is the network of a subnet, in lower case.
func networkOf(subnet *resourceRef) string {
	network, _, _ := strings.Cut(strings.ToLower(value(subnet).ID), "/subnets/")
	return network
}

// addFrontend adds a public end. One whose address was not given out yet leads
// nowhere; of one that is in no list, only its name is known. Load balancers inside
// have none; what comes by them comes from inside anyway.
func (p *topology) addFrontend(network string, to netip.Addr, f reach.Frontend, public string) {
	if public == "" {
		return
	}
	a, listed := p.publicIPs[strings.ToLower(public)]
	if f.Public = value(value(a.Properties).IPAddress); listed && f.Public == "" {
		return
	}
	if listed { // Azure says Basic by saying nothing.
		f.Basic = a.SKU == nil || value(a.SKU.Name) == armnetwork.PublicIPAddressSKUNameBasic
	} else {
		f.Public, f.Unread = resource.Name(public), true
	}
	f.To = to
	p.frontends[to] = append(p.frontends[to], frontend{network, f})
}

// portMapping reads ports that Azure gives as numbers of a wider kind.
func portMapping(outer, inner *int32, p *armnetwork.TransportProtocol) reach.PortMapping {
	port := func(n *int32) uint16 { return uint16(min(max(value(n), 0), 65535)) }
	protocol := jit.AnyProtocol
	switch value(p) {
	case armnetwork.TransportProtocolTCP:
		protocol = jit.TCP
	case armnetwork.TransportProtocolUDP:
		protocol = jit.UDP
	case armnetwork.TransportProtocolAll, armnetwork.TransportProtocolQuic:
	}
	if value(outer) == 0 && value(inner) == 0 { // all ports, of a highly available rule
		return reach.PortMapping{FrontendLast: 65535, BackendPorts: jit.Ports{From: 0, To: 65535, Protocol: protocol}}
	}
	return reach.PortMapping{FrontendPort: port(outer), BackendPorts: jit.Ports{From: port(inner), To: port(inner), Protocol: protocol}}
}
