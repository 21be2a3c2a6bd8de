package jit

import (
	"net/netip"
	"slices"

	"jitbot/jit/ipset"
)

// AcceptsAll reports whether each of the sources might ask for each of the
// ports.
func (p Policy) AcceptsAll(sources []string, ports []Ports) bool {
	return !slices.ContainsFunc(sources, func(word string) bool {
		source, ok := ipset.ParsePrefix(word)
		return !ok || slices.ContainsFunc(ports, func(port Ports) bool {
			pp, _, offered := p.Find(port)
			return !offered || !pp.Accepts(source, p.Widest)
		})
	})
}

// AllowsTo reports whether it is a network rule that lets somebody to one of
// the ports.
func (r Rule) AllowsTo(addresses []netip.Addr, ports []Ports) bool {
	return r.Allow && !r.To.IsValid() && slices.ContainsFunc(ports, func(p Ports) bool {
		return slices.ContainsFunc(addresses, func(a netip.Addr) bool { return r.mayAim(trafficTo(a, p)) })
	})
}

// TranslatesTo reports whether it is a DNAT rule to one of the ports.
func (r Rule) TranslatesTo(addresses []netip.Addr, ports []Ports) bool {
	return r.To.IsValid() && slices.Contains(addresses, r.To.Addr()) && slices.ContainsFunc(ports, func(p Ports) bool {
		return p.From <= r.To.Port() && r.To.Port() <= p.To
	})
}
