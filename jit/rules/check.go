package rules

import (
	"fmt"
	"slices"

	"jitbot/jit"
	"jitbot/jit/protection"
)

// CheckAllows refuses allows that could not be written into the guard beside the
// others that are desired there, or would be without effect.
func (o Owner) CheckAllows(t Table, others, allows []Rule) error {
	plan := o.MakePlan(t, slices.Concat(others, allows))
	for _, b := range plan.Blocked {
		if named(allows, b.Name) {
			return b.Err
		}
	}
	for _, r := range plan.Final {
		if !named(allows, r.Name) {
			continue
		}
		if err := t.RefuseShadowed(r); err != nil {
			return err
		}
	}
	return nil
}

// CheckProtection refuses a protection when the plan cannot place a deny, or when
// an allow of somebody else stands before one of its denies and the policy does
// not respect that.
func (o Owner) CheckProtection(t Table, plan Plan, p protection.Protection) error {
	for _, b := range plan.Blocked {
		if n, _ := ParseRuleName(b.Name); n.Grant == "" {
			return b.Err
		}
	}
	for _, r := range plan.Final {
		if r.Allow || p.Existing == protection.Respect || !r.IsFor(p, t.Guard) {
			continue
		}
		if allow, above := o.allowBefore(t, r); above {
			return jit.Refuse(jit.ErrPolicy, "The rule %s (priority %s) in %s lets people in before any deny of ours is asked; "+
				"move it behind %s, or set existing: respect.",
				allow.Name, fmt.Sprint(allow.Priority), t.Name, fmt.Sprint(r.Priority))
		}
	}
	return nil
}
