package jit

import (
	"net/netip"
	"slices"

	"jitbot/jit/ipset"
	"jitbot/jit/resource"
)

// DenyMeets reports whether the deny names an address that the protection has
// behind the guard.
func DenyMeets(p Protection, guard string, deny Rule) bool {
	for _, path := range slices.Concat(p.Paths, p.Left) {
		if !resource.Same(path.Guard, guard) {
			continue
		}
		for _, a := range path.Addresses {
			if slices.ContainsFunc(deny.Destinations, func(d string) bool {
				q, ok := ipset.ParsePrefix(d)
				return ok && q.IsSingleIP() && q.Addr() == a
			}) {
				return true
			}
		}
	}
	return false
}

// KeptShutBy reports whether the rule kept the VM's addresses shut as wanted, no
// matter which other VMs share it.
func KeptShutBy(p Protection, guard string, old, want Rule) bool {
	for _, path := range p.Paths {
		for _, a := range path.Addresses {
			if resource.Same(path.Guard, guard) && slices.Contains(want.Destinations, a.String()) && !slices.Contains(normalWords(old.Destinations), netip.PrefixFrom(a, a.BitLen()).String()) {
				return false
			}
		}
	}
	old.Destinations = want.Destinations
	return old.Equal(want)
}
