package rules

import (
	"fmt"
	"net/netip"
	"strings"

	"jitbot/jit"
	"jitbot/jit/ipset"
	"jitbot/jit/resource"
)

// Hindrance is what somebody put before the rules of an open grant in the guard
// since it was opened, and so may keep its holder out; empty when nothing.
func (o Owner) Hindrance(t Table, p Plan, g jit.Grant) string {
	for _, want := range ForGrant(g, o.Installation, t.Guard) {
		if d, shadowed := t.Shadow(p.FinalOf(want)); shadowed {
			return ShadowRefusal(t, d).Error()
		}
	}
	return ""
}

// InForce reports whether the guard holds the rule as planned, settled, with
// no deny above it; otherwise why not.
func (t Table) InForce(want Rule) (bool, error) {
	for _, r := range t.Rules {
		if !strings.EqualFold(r.Name, want.Name) {
			continue
		}
		if !r.Equal(want) {
			return false, nil
		}
		if d, shadowed := t.Shadow(r); shadowed {
			return false, ShadowRefusal(t, d)
		}
		return r.Settled && t.Settled, nil
	}
	return false, nil
}

func ShadowRefusal(t Table, d Rule) error {
	if resource.IsFirewall(t.Guard) {
		return jit.Refuse(jit.ErrPolicy, "The rule %s of the %s %s is asked before any of ours, and denies this or leads it elsewhere; move it behind ours, or ask from elsewhere.",
			d.Name, resource.KindOf(t.Guard).Noun(), t.Name)
	}
	return jit.Refuse(jit.ErrPolicy, "The rule %s (priority %s) in %s denies this before any allow of ours; move it behind our band or ask from elsewhere.",
		d.Name, fmt.Sprint(d.Priority), t.Name)
}

// Shadow finds a deny that stands before the allow and may meet what it
// allows, or a DNAT rule that stands before one of ours at its public side.
// What cannot be known, such as who is in a service tag, counts as met.
func (t Table) Shadow(allow Rule) (Rule, bool) {
	asked := trafficOf(allow)
	for _, d := range t.Rules {
		if d.precedes(allow, asked) {
			return d, true
		}
	}
	return Rule{}, false
}

// FullShadow finds a deny that stands before the allow and leaves nothing of it.
func (t Table) FullShadow(allow Rule) (Rule, bool) {
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
