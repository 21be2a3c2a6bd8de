package jit

import (
	"fmt"
	"strings"

	"jitbot/jit/resource"
)

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
		return Refuse(ErrPolicy, "The rule %s of the %s %s is asked before any of ours, and denies this or leads it elsewhere; move it behind ours, or ask from elsewhere.",
			d.Name, resource.KindOf(t.Guard).Noun(), t.Name)
	}
	return Refuse(ErrPolicy, "The rule %s (priority %s) in %s denies this before any allow of ours; move it behind our band or ask from elsewhere.",
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
