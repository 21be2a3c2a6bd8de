package azure

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"

	"jitbot/jit/reach"
	"jitbot/jit/text"
)

// balancer is a load balancer, with the public addresses of its frontends and the
// members of its pools by id in lower case.
type balancer struct {
	*topology
	name      string
	publicIPs map[string]string
	pools     map[string][]poolMember
}

// poolMember is who is in a pool: an IP configuration, or an address of a network.
type poolMember struct {
	config  string
	network string // empty where an address stands alone: that of any
	addr    netip.Addr
	ports   []*armnetwork.NatRulePortMapping // what inbound NAT rules of the pool give it
}

// unresolvedPool says what a load balancer leads to and cannot be resolved; of no
// network it may be in any.
type unresolvedPool struct{ network, text string }

// readLoadBalancers finds which ports of public load balancers lead to which
// address: by inbound NAT rules to one or to each of a pool, by rules to a pool.
func (p *topology) readLoadBalancers() {
	for _, b := range values(p.loadBalancers) {
		v := value(b.Properties)
		l := balancer{p, value(b.Name), frontendPublicIPs(v), map[string][]poolMember{}}
		for _, pool := range values(v.BackendAddressPools) {
			l.pools[strings.ToLower(value(pool.ID))] = l.membersOf(pool)
		}
		for _, r := range values(v.InboundNatRules) {
			l.addNATRule(value(r.Name), value(r.Properties))
		}
		for _, r := range values(v.LoadBalancingRules) {
			rule := value(r.Properties)
			for _, pool := range poolsOf(rule) {
				for _, m := range l.pools[pool] {
					l.addMapping(m, rule.FrontendIPConfiguration, portMapping(rule.FrontendPort, rule.BackendPort, rule.Protocol))
				}
			}
		}
	}
}

// membersOf lists a pool's members. Those by interface stand in both lists where
// rules give them ports.
func (l balancer) membersOf(pool armnetwork.BackendAddressPool) []poolMember {
	v := value(pool.Properties)
	var out []poolMember
	for _, member := range values(v.LoadBalancerBackendAddresses) {
		a := value(member.Properties)
		m := poolMember{network: l.networkOfMember(v, a), ports: a.InboundNatRulesPortMapping}
		var err error
		switch {
		case a.NetworkInterfaceIPConfiguration != nil:
			m.config = refID(a.NetworkInterfaceIPConfiguration)
		case a.LoadBalancerFrontendIPConfiguration != nil:
			continue // a regional load balancer, whose own frontends are read
		default:
			if m.addr, err = netip.ParseAddr(value(a.IPAddress)); err != nil {
				l.unresolve(m.network, "has the member %s in its pool %s, whose address %q is none that jitbot can read",
					value(member.Name), value(pool.Name), value(a.IPAddress))
				continue
			}
		}
		out = append(out, m)
	}
	for _, c := range values(v.BackendIPConfigurations) {
		config := strings.ToLower(value(c.ID))
		if !slices.ContainsFunc(out, func(m poolMember) bool { return m.config == config }) {
			out = append(out, poolMember{config: config})
		}
	}
	return out
}

// networkOfMember is the network of a pool's member by address, in lower case.
func (l balancer) networkOfMember(
	pool armnetwork.BackendAddressPoolPropertiesFormat, a armnetwork.LoadBalancerBackendAddressPropertiesFormat,
) string {
	if a.Subnet != nil {
		return networkOf(&resourceRef{refID(a.Subnet)})
	}
	if a.VirtualNetwork != nil {
		return refID(a.VirtualNetwork)
	}
	return refID(pool.VirtualNetwork)
}

func (l balancer) unresolve(network, format string, args ...any) {
	why := "The load balancer " + l.name + " " + fmt.Sprintf(format, args...) + ", so whom it lets in is not known."
	l.unresolved = append(l.unresolved, unresolvedPool{network, text.Clean(why)})
}

// addNATRule adds an inbound NAT rule: to one member, or to each of a pool at ports
// of its own.
func (l balancer) addNATRule(name string, rule armnetwork.InboundNatRulePropertiesFormat) {
	mapping := portMapping(rule.FrontendPort, rule.BackendPort, rule.Protocol)
	if rule.BackendIPConfiguration != nil {
		l.addMapping(poolMember{config: strings.ToLower(value(rule.BackendIPConfiguration.ID))}, rule.FrontendIPConfiguration, mapping)
	}
	if rule.BackendAddressPool == nil {
		return
	}
	for _, m := range l.pools[refID(rule.BackendAddressPool)] {
		own := slices.DeleteFunc(values(m.ports), func(p armnetwork.NatRulePortMapping) bool {
			return !strings.EqualFold(value(p.InboundNatRuleName), name)
		})
		for _, p := range own {
			l.addMapping(m, rule.FrontendIPConfiguration, portMapping(p.FrontendPort, p.BackendPort, rule.Protocol))
		}
		if len(own) == 0 { // one of the ports, and which is not told
			first := portMapping(rule.FrontendPortRangeStart, rule.BackendPort, rule.Protocol)
			first.FrontendLast = portMapping(rule.FrontendPortRangeEnd, nil, nil).FrontendPort
			l.addMapping(m, rule.FrontendIPConfiguration, first)
		}
	}
}

func (l balancer) addMapping(to poolMember, frontend *armnetwork.SubResource, m reach.PortMapping) {
	public := l.publicIPs[refID(frontend)]
	f := reach.Frontend{Name: l.name, Ports: []reach.PortMapping{m}}
	if to.config == "" {
		l.addFrontend(to.network, to.addr.Unmap(), f, public)
		return
	}
	at := l.configAddrs[to.config]
	for _, addr := range at.list {
		l.addFrontend(at.network, addr, f, public)
	}
}

func refID(r *armnetwork.SubResource) string {
	if r == nil {
		return ""
	}
	return strings.ToLower(value(r.ID))
}

// frontendPublicIPs are the ids of the public addresses, or of the prefix of them,
// by frontend.
func frontendPublicIPs(v armnetwork.LoadBalancerPropertiesFormat) map[string]string {
	out := map[string]string{}
	for _, f := range values(v.FrontendIPConfigurations) {
		p := value(f.Properties)
		switch {
		case p.PublicIPAddress != nil:
			out[strings.ToLower(value(f.ID))] = value(p.PublicIPAddress.ID)
		case p.PublicIPPrefix != nil:
			out[strings.ToLower(value(f.ID))] = value(p.PublicIPPrefix.ID)
		}
	}
	return out
}

// poolsOf are the pools that a rule spreads over. Azure names one pool in both
// fields.
func poolsOf(rule armnetwork.LoadBalancingRulePropertiesFormat) []string {
	if len(rule.BackendAddressPools) == 0 {
		return []string{refID(rule.BackendAddressPool)}
	}
	var out []string
	for _, pool := range rule.BackendAddressPools {
		out = append(out, refID(pool))
	}
	return out
}
