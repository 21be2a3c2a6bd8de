package jit

import (
	"net/netip"

	"jitbot/jit/ipset"
)

func AddressesOfVM(vm VM) []netip.Addr {
	var out []netip.Addr
	for _, nic := range vm.Interfaces {
		for _, a := range nic.Addresses {
			out = append(out, a.Addr)
		}
	}
	return out
}

// Idle finds a deny that stands before the allow and leaves nothing of it.
func (t Table) Idle(allow Rule) (Rule, bool) {
	asked := trafficOf(allow)
	for _, d := range t.Rules {
		if !allow.To.IsValid() && d.precedes(allow, asked) && d.covers(allow) {
			return d, true
		}
	}
	return Rule{}, false
}

// covers reports whether each word of the other rule, but for its destinations,
// lies in a single one of this. What cannot be known of the sources counts as
// met, as in Shadow.
func (r Rule) covers(o Rule) bool {
	tags := unknownTags()
	ports, sources := PortsOf(r.Ports), tags.Sources(r)
	return ProtocolCovers(r.Protocol, o.Protocol) &&
		all(PortsOf(o.Ports), func(m Members[ipset.Port]) bool { return AnyContains(ports, m.Any()) }) &&
		all(tags.Sources(o), func(m Members[netip.Addr]) bool { return anyCovers(sources, m.Any()) })
}
