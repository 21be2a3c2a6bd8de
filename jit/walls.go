package jit

import (
	"slices"
	"strings"

	"jitbot/jit/ipset"
)

// SharesPublic reports whether two DNAT rules take packets of the same public
// address and port.
func SharesPublic(a, b Rule) bool {
	same := func(s, o string) bool {
		x, okX := ipset.ParseAddresses(s)
		y, okY := ipset.ParseAddresses(o)
		return s == "*" || o == "*" || strings.EqualFold(s, o) || okX && okY && len(x.Intersect(y)) > 0
	}
	return anyMayMeet(PortsOf(a.Ports), Union(PortsOf(b.Ports)).Any()) && slices.ContainsFunc(a.Destinations, func(s string) bool {
		return slices.ContainsFunc(b.Destinations, func(o string) bool { return same(s, o) })
	})
}
