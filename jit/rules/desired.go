package rules

import (
	"fmt"
	"slices"

	"jitbot/jit"
)

// CheckAllows refuses rules that could not be written beside the others or would
// be without effect.
func (o Owner) CheckAllows(t Table, others, rules []Rule) error {
	plan := o.MakePlan(t, slices.Concat(others, rules))
	for _, b := range plan.Blocked {
		if Named(rules, b.Name) {
			return b.Err
		}
	}
	for _, r := range plan.Final {
		if d, shadowed := t.Shadow(r); shadowed && Named(rules, r.Name) {
			return ShadowRefusal(t, d)
		}
	}
	return nil
}

// Desired is all that the guard should hold of ours: the allows of opening
// and open grants, and the denies of protections.
func (o Owner) Desired(guard string, live []jit.Grant, locks []jit.Protection) []Rule {
	wanted := ForProtections(o.Installation, guard, locks)
	for _, g := range live {
		if g.State == jit.Opening || g.State == jit.Open {
			wanted = append(wanted, ForGrant(g, o.Installation, guard)...)
		}
	}
	return wanted
}

// CheckProtection refuses denies of the protection that the plan cannot place, or that
// an allow of somebody else stands above.
func (o Owner) CheckProtection(t Table, plan Plan, p jit.Protection) error {
	for _, b := range plan.Blocked {
		if n, _ := ParseRuleName(b.Name); n.Grant == "" {
			return b.Err
		}
	}
	for _, r := range plan.Final {
		if r.Allow || p.Existing == jit.Respect || !DenyMeets(p, t.Guard, r) {
			continue
		}
		if allow, above := o.allowBefore(t, r); above {
			return jit.Refuse(jit.ErrPolicy, "The rule %s (priority %s) in %s lets people in before any deny of ours is asked; move it behind %s, or set existing: respect.",
				allow.Name, fmt.Sprint(allow.Priority), t.Name, fmt.Sprint(r.Priority))
		}
	}
	return nil
}
