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
			v := conf.Properties
			addr, err := netip.ParseAddr(v.PrivateAddress)
			if err != nil {
				continue
			}
			addr = addr.Unmap()
			network := networkOf(v.Subnet)
			p.configAddrs[strings.ToLower(conf.ID)] = privateAddr{network, addr}
			if groups := groupIDs(v.SecurityGroups); len(groups) > 0 {
				nic.Addresses = append(nic.Addresses, jit.Address{Addr: addr, Groups: groups})
			}
			if public := v.PublicIP; public != nil {
				p.addFrontend(network, addr, reach.Frontend{Name: resource.Name(public.ID)}, public.ID)
			}
		}
		if len(nic.Addresses) > 0 {
			p.asgMembers = append(p.asgMembers, nic)
		}
	}
}

// networkOf is the network of a subnet, in lower case.
func networkOf(subnet *resourceRef) string {
	network, _, _ := strings.Cut(strings.ToLower(value(subnet).ID), "/subnets/")
	return network
}

// addFrontend adds a public end whose address was given out. Load balancers
// inside have none; what comes by them comes from inside anyway.
func (p *topology) addFrontend(network string, to netip.Addr, f reach.Frontend, public string) {
	a, ok := p.publicIPs[strings.ToLower(public)]
	if f.Public = value(value(a.Properties).IPAddress); !ok || f.Public == "" {
		return
	}
	// Azure says Basic by saying nothing.
	f.Basic = a.SKU == nil || value(a.SKU.Name) == armnetwork.PublicIPAddressSKUNameBasic
	f.To = to
	p.frontends[to] = append(p.frontends[to], frontend{network, f})
}

// readLoadBalancers finds which ports of public load balancers lead to which
// address: by inbound NAT rules to one, by rules to a pool.
func (p *topology) readLoadBalancers() {
	for _, b := range values(p.loadBalancers) {
		v := value(b.Properties)
		l := balancer{p, value(b.Name), frontendPublicIPs(v)}
		for _, r := range values(v.InboundNatRules) {
			if rule := value(r.Properties); rule.BackendIPConfiguration != nil {
				config := strings.ToLower(value(rule.BackendIPConfiguration.ID))
				l.addMapping(config, rule.FrontendIPConfiguration, portMapping(rule.FrontendPort, rule.BackendPort, rule.Protocol))
			}
		}
		pools := poolsOf(v)
		for _, r := range values(v.LoadBalancingRules) {
			rule := value(r.Properties)
			for _, config := range pools.backendsOf(rule) {
				l.addMapping(config, rule.FrontendIPConfiguration, portMapping(rule.FrontendPort, rule.BackendPort, rule.Protocol))
			}
		}
	}
}

// balancer is a load balancer, with the public addresses of its frontends.
type balancer struct {
	*topology
	name      string
	publicIPs map[string]string
}

func (l balancer) addMapping(config string, frontend *armnetwork.SubResource, m reach.PortMapping) {
	if at, ok := l.configAddrs[config]; ok {
		l.addFrontend(at.network, at.addr, reach.Frontend{Name: l.name, Ports: []reach.PortMapping{m}}, l.publicIPs[refID(frontend)])
	}
}

func refID(r *armnetwork.SubResource) string {
	if r == nil {
		return ""
	}
	return strings.ToLower(value(r.ID))
}

func frontendPublicIPs(v armnetwork.LoadBalancerPropertiesFormat) map[string]string {
	out := map[string]string{}
	for _, f := range values(v.FrontendIPConfigurations) {
		if a := value(f.Properties).PublicIPAddress; a != nil {
			out[strings.ToLower(value(f.ID))] = value(a.ID)
		}
	}
	return out
}

// poolMembers are the IP configurations of each pool.
type poolMembers map[string][]string

func poolsOf(v armnetwork.LoadBalancerPropertiesFormat) poolMembers {
	out := poolMembers{}
	for _, pool := range values(v.BackendAddressPools) {
		for _, c := range values(value(pool.Properties).BackendIPConfigurations) {
			id := strings.ToLower(value(pool.ID))
			out[id] = append(out[id], strings.ToLower(value(c.ID)))
		}
	}
	return out
}

// backendsOf lists who a rule spreads over. Azure names one pool in both fields.
func (m poolMembers) backendsOf(rule armnetwork.LoadBalancingRulePropertiesFormat) []string {
	if len(rule.BackendAddressPools) == 0 {
		return m[refID(rule.BackendAddressPool)]
	}
	var out []string
	for _, pool := range rule.BackendAddressPools {
		out = append(out, m[refID(pool)]...)
	}
	return out
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
	return reach.PortMapping{FrontendPort: port(outer), BackendPorts: jit.Ports{From: port(inner), To: port(inner), Protocol: protocol}}
}
