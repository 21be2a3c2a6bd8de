package jit

import (
	"cmp"
	"net/netip"
	"slices"

	"jitbot/jit/ipset"
)

// FirewallHop is an Azure Firewall before an address of a VM.
type FirewallHop struct {
	Firewall string       `json:"firewall"`         // resource id
	Policy   string       `json:"policy,omitempty"` // resource id of its firewall policy; empty: it has rules of its own
	Subnet   netip.Prefix `json:"subnet"`           // what the VM sees as the source after a translation
	Public   []netip.Addr `json:"public,omitempty"` // its public addresses
	// Routed are the clients whose packets come and go by it, from the routes
	// of the address's subnet.
	Routed []netip.Prefix `json:"routed,omitempty"`
	// Leads says that a DNAT rule of somebody leads to the address.
	Translates bool `json:"leads,omitempty"`
	// Hides says that the VM sees the firewall in place of the client also
	// behind a network rule.
	// https://learn.microsoft.com/azure/firewall/snat-private-range
	HidesSource bool `json:"hides,omitempty"`
}

// Guard is the resource id of what is written for an installation: the
// firewall itself, or a rule collection group of ours in its policy.
func (g FirewallHop) Guard(installation string) string {
	if g.Policy == "" {
		return g.Firewall
	}
	return g.Policy + "/ruleCollectionGroups/" + GroupName(installation)
}

// GroupName names the rule collection group of ours in a firewall policy.
func GroupName(installation string) string { return "jitbot-" + installation }

// CollectionName names a collection of ours in a firewall or in our group.
func CollectionName(installation string, dnat bool) string {
	if dnat {
		return "jitbot-" + installation + "-dnat"
	}
	return "jitbot-" + installation + "-network"
}

// PublicEnd is the public side of a DNAT rule: where a client connects to.
type PublicEnd struct {
	VM       string         `json:"vm"`   // resource id
	Rule     string         `json:"rule"` // its name
	Public   netip.AddrPort `json:"public"`
	To       netip.AddrPort `json:"to"`
	Protocol Protocol       `json:"protocol"`
}

// Route sends what is for a prefix to a next hop.
type Route struct {
	Prefix netip.Prefix
	Hop    netip.Addr // the virtual appliance; the zero Addr for every other kind of hop
}

// RoutedBy lists what each appliance gets: the longest prefix wins, and of
// equal ones the first given.
// https://learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview#how-azure-selects-a-route
func RoutedBy(routes []Route) map[netip.Addr][]netip.Prefix {
	routes = slices.DeleteFunc(slices.Clone(routes), func(r Route) bool { return !r.Prefix.IsValid() })
	slices.SortStableFunc(routes, func(a, b Route) int { return cmp.Compare(b.Prefix.Bits(), a.Prefix.Bits()) })
	var taken ipset.Addresses
	got := map[netip.Addr]ipset.Addresses{}
	for _, r := range routes {
		own := ipset.AddressesOf(r.Prefix).Subtract(taken)
		taken = taken.Union(own)
		if r.Hop.IsValid() {
			got[r.Hop] = got[r.Hop].Union(own)
		}
	}
	out := map[netip.Addr][]netip.Prefix{}
	for hop, a := range got {
		if len(a) > 0 {
			out[hop] = ipset.PrefixesOf(a)
		}
	}
	return out
}
