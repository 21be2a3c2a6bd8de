package route

import (
	"cmp"
	"net/netip"
	"slices"

	"jitbot/jit/ipset"
)

// Route sends what is for a prefix to a next hop.
type Route struct {
	Prefix  netip.Prefix
	NextHop netip.Addr // the virtual appliance; the zero Addr for every other kind of hop
}

// PrefixesByNextHop lists what each appliance gets: the longest prefix wins, and of
// equal ones the first given.
// https://learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview#how-azure-selects-a-route
func PrefixesByNextHop(routes []Route) map[netip.Addr][]netip.Prefix {
	routes = slices.DeleteFunc(slices.Clone(routes), func(r Route) bool { return !r.Prefix.IsValid() })
	slices.SortStableFunc(routes, func(a, b Route) int { return cmp.Compare(b.Prefix.Bits(), a.Prefix.Bits()) })
	var taken ipset.Addresses
	got := map[netip.Addr]ipset.Addresses{}
	for _, r := range routes {
		own := ipset.AddressesOf(r.Prefix).Subtract(taken)
		taken = taken.Union(own)
		if r.NextHop.IsValid() {
			got[r.NextHop] = got[r.NextHop].Union(own)
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
