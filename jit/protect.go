package jit

import (
	"fmt"
)

// FitsProtections refuses denies of the protection that the plan cannot place, or that
// an allow of somebody else stands above.
func (o Owner) FitsProtections(t Table, plan Plan, p Protection) error {
	for _, b := range plan.Blocked {
		if n, _ := ParseRuleName(b.Name); n.Grant == "" {
			return b.Err
		}
	}
	for _, r := range plan.Final {
		if r.Allow || p.Existing == Respect || !DenyMeets(p, t.Guard, r) {
			continue
		}
		if allow, above := o.StandsAbove(t, r); above {
			return Refuse(ErrPolicy, "The rule %s (priority %s) in %s lets people in before any deny of ours is asked; move it behind %s, or set existing: respect.",
				allow.Name, fmt.Sprint(allow.Priority), t.Name, fmt.Sprint(r.Priority))
		}
	}
	return nil
}
