package jit

import (
	"net/netip"
	"slices"

	"jitbot/jit/ipset"
	"jitbot/jit/resource"
)

func (r Request) Names(vm string) bool {
	return slices.ContainsFunc(r.Targets, func(t Target) bool { return resource.Same(t.VM, vm) })
}

// MayOpen reports whether the group is not known to keep the address shut to
// what comes by the paths.
func (t Table) MayOpen(r Request, to netip.Addr, paths []Path) bool {
	sources := slices.Clone(r.Sources)
	for _, p := range paths {
		sources = append(sources, p.Sources...)
	}
	return slices.ContainsFunc(sources, func(source netip.Prefix) bool {
		return source.Addr().Is4() == to.Is4() && slices.ContainsFunc(r.Ports, func(port Ports) bool { return t.mayLet(source, to, port) })
	})
}

// mayLet is Opens with every doubt the other way: a rule that may let part of
// the source in counts. Only a rule for the virtual network alone is not taken
// to let public addresses in, though that tag may hold some.
func (t Table) mayLet(source netip.Prefix, to netip.Addr, port Ports) bool {
	asked := trafficTo(to, port).from(source)
	public := !ipset.PrivateSpace().Overlaps(asked.sources)
	for _, r := range t.evaluated() {
		switch {
		case !r.mayMeet(asked) || public && r.insideOnly():
		case r.Allow:
			return true
		case r.contains(asked):
			return false
		}
	}
	return false
}
