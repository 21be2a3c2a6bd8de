package rules

import (
	"net/netip"
	"strings"
	"sync"

	"jitbot/jit/ipset"
)

// Tags say who is behind the words of rules that mean other addresses in each
// virtual network. AzureLoadBalancer, * and addresses mean the same in all.
type Tags struct {
	Internet       Members[netip.Addr]
	VirtualNetwork Members[netip.Addr]
	// Group tells who is in an application security group.
	Group func(id string) Members[netip.Addr]
	// Ranges says that a word such as 10.0.0.1-10.0.0.9 is understood.
	// Firewalls take them, network security groups do not.
	Ranges bool
}

// NetworkTags are those of a virtual network whose address space, with what is
// tied to it, is network. Beside says what else the tag VirtualNetwork holds or
// may hold, and group who is in an application security group. Ranges of
// addresses are understood.
func NetworkTags(network ipset.Addresses, beside Members[netip.Addr], group func(id string) Members[netip.Addr]) Tags {
	return Tags{
		Internet:       Members[netip.Addr]{Sure: publicAddresses(network)},
		VirtualNetwork: Members[netip.Addr]{Sure: network.Union(loadBalancerProbes())}.Union(beside),
		Group:          group,
		Ranges:         true,
	}
}

// unknownTags are those of a virtual network that nothing was read of.
// VirtualNetwork may hold anything that is routed to it, and members of an
// application security group have private addresses.
var unknownTags = sync.OnceValue(func() Tags { // it never changes
	private := ipset.PrivateSpace()
	return Tags{
		Internet:       Members[netip.Addr]{Sure: publicAddresses(nil)},
		VirtualNetwork: Members[netip.Addr]{Sure: loadBalancerProbes(), Maybe: ipset.AllAddresses()},
		Group:          func(string) Members[netip.Addr] { return Members[netip.Addr]{Maybe: private} },
	}
})

// Source is who a source of a rule means. It alone decides what the word means;
// whether a rule shadows, opens, shuts or may let somebody in are questions to
// its answer.
func (t Tags) Source(word string) Members[netip.Addr] {
	switch strings.ToLower(word) {
	case "*", "any":
		return Members[netip.Addr]{Sure: ipset.AllAddresses()}
	case "internet":
		return t.Internet
	case "virtualnetwork":
		return t.VirtualNetwork
	case "azureloadbalancer":
		return Members[netip.Addr]{Sure: loadBalancerProbes()}
	}
	if p, ok := ipset.ParsePrefix(word); ok {
		return Members[netip.Addr]{Sure: ipset.AddressesOf(p)}
	}
	if a, ok := ipset.ParseAddresses(word); ok && t.Ranges {
		return Members[netip.Addr]{Sure: a}
	}
	return Members[netip.Addr]{
		Maybe:  ipset.AllAddresses(),
		Doubts: []string{"which addresses the service tag " + word + " holds is not known"},
	}
}

// Sources are who the rule means, word by word and group by group.
func (t Tags) Sources(r Rule) Field[netip.Addr] {
	out := make(Field[netip.Addr], 0, len(r.Sources)+len(r.SourceGroups))
	for _, w := range r.Sources {
		out = append(out, t.Source(w))
	}
	for _, g := range r.SourceGroups {
		out = append(out, t.Group(g))
	}
	return out
}

// Target is which addresses of VMs a destination of a rule means: a VM's own
// address is one of its virtual network, and none of the internet.
func (t Tags) Target(word string) Members[netip.Addr] {
	switch strings.ToLower(word) {
	case "virtualnetwork":
		return Members[netip.Addr]{Sure: ipset.AllAddresses()}
	case "internet":
		return Members[netip.Addr]{}
	default:
		return t.Source(word)
	}
}

// Targets are which addresses of VMs the rule means, group by group and word by
// word. Who is in a group is asked of group.
func (t Tags) Targets(r Rule, group func(id string) Members[netip.Addr]) Field[netip.Addr] {
	out := make(Field[netip.Addr], 0, len(r.Groups)+len(r.Destinations))
	for _, g := range r.Groups {
		out = append(out, group(g))
	}
	for _, w := range r.Destinations {
		out = append(out, t.Target(w))
	}
	return out
}

// insideOnly reports whether the rule names no source but the virtual network.
func (r Rule) insideOnly() bool {
	return all(r.Sources, func(word string) bool { return strings.EqualFold(word, "VirtualNetwork") })
}

// publicAddresses are what the tag Internet holds: all but private addresses,
// those of the virtual network and what is tied to it, and the host that load
// balancers probe from.
func publicAddresses(network ipset.Addresses) ipset.Addresses {
	return ipset.AllAddresses().Subtract(ipset.PrivateSpace()).Subtract(network).Subtract(loadBalancerProbes())
}

// loadBalancerProbes are the addresses of the host that load balancers probe
// from: the tag AzureLoadBalancer. Nobody can ask for them.
// https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
func loadBalancerProbes() ipset.Addresses {
	return ipset.AddressesIn([]netip.Prefix{
		netip.PrefixFrom(netip.AddrFrom4([4]byte{168, 63, 129, 16}), 32),
		netip.MustParsePrefix("fe80::1234:5678:9abc/128"),
	})
}
