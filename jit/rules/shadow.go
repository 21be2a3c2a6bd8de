package rules

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/ipset"
	"jitbot/jit/resource"
)

// Hindrance is what somebody put before the rules of an open grant in the guard
// since it was opened, or in their place perhaps, and so may keep its holder out; empty
// when nothing.
func (o Owner) Hindrance(t Table, p Plan, g jit.Grant) string {
	for _, want := range ForGrant(o.Installation, t.Guard, g) {
		if err := t.RefuseShadowed(p.FinalOf(want)); err != nil {
			return err.Error()
		}
	}
	if note := t.DraftNote(); t.Drafted && !slices.Contains(g.Notes, note) {
		return note
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
		if err := t.RefuseShadowed(r); err != nil {
			return false, err
		}
		return r.Settled && t.Settled, nil
	}
	return false, nil
}

// RefuseShadowed refuses an allow that something stands before, see Shadow.
func (t Table) RefuseShadowed(allow Rule) error {
	d, shadowed := t.Shadow(allow)
	if !shadowed {
		return nil
	}
	if resource.IsFirewall(t.Guard) {
		return jit.Refuse(jit.ErrPolicy, "The rule %s of the %s %s is asked before any of ours, and denies this or leads it elsewhere; "+
			"move it behind ours, or ask from elsewhere.",
			d.Name, resource.KindOf(t.Guard).Noun(), t.Name)
	}
	return jit.Refuse(jit.ErrPolicy, "The rule %s (priority %s) in %s denies this before any allow of ours; "+
		"move it behind our band or ask from elsewhere.",
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
// A DNAT rule has none: what stands before it may have another public side.
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
	ports, sources := r.PortRanges(), tags.Sources(r)
	return r.CoversProtocol(o.Protocol) &&
		all(o.PortRanges(), func(m Members[ipset.Port]) bool { return ports.Contains(m.Any()) }) &&
		all(tags.Sources(o), func(m Members[netip.Addr]) bool { return sources.Covers(m.Any()) })
}

// precedes reports whether a guard evaluates the rule before the allow and the
// rule may take or deny what the allow is for, which is asked.
func (r Rule) precedes(allow Rule, asked traffic) bool {
	if r.Priority >= allow.Priority || r.To.IsValid() != allow.To.IsValid() {
		return false
	}
	if !r.To.IsValid() {
		return r.Inbound && !r.Allow && r.mayMeet(asked)
	}
	return protocolsMeet(r.Protocol, allow.Protocol) && r.SharesPublicEnd(allow) && r.mayBeFrom(asked)
}
