package reconcile

import (
	"errors"
	"slices"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/resource"
	"jitbot/jit/rules"
)

// guardPass is one look at a guard: what it held before and after the changes.
type guardPass struct {
	guard         string
	grants        []jit.Grant
	protections   []jit.Protection
	before, after rules.Table
	plan          rules.Plan
	failed        map[string]error // by rule name
	now           time.Time
}

// planPass says what a pass over a guard does.
func (r *Reconciler) planPass(w admission.AtGuard, before rules.Table) guardPass {
	v := guardPass{guard: w.Guard, grants: w.Grants, protections: w.Protections, before: before, after: before, now: r.checks.Clock.Now(), failed: map[string]error{}}
	v.plan = r.owner.MakePlan(before, r.owner.Desired(w.Guard, w.Grants, w.Protections))
	v.plan.Changes = append(r.keepUnexplained(before, v.plan.Changes, w.Protections, w.Unsure), r.rewriteUnconfirmed(w, before)...)
	for _, b := range v.plan.Blocked {
		v.failed[b.Name] = b.Err
	}
	r.dropShadowed(&v)
	return v
}

// keepUnexplained drops removals of denies that no protection known here explains:
// when the store was lost, or cannot be read, what keeps doors shut stays.
func (r *Reconciler) keepUnexplained(t rules.Table, changes []rules.Change, locks []jit.Protection, unsure bool) []rules.Change {
	return slices.DeleteFunc(changes, func(c rules.Change) bool {
		n, _ := rules.ParseRuleName(c.Name())
		if n.Grant != "" {
			return false
		}
		if unsure {
			return true
		}
		old, found := t.Rule(c.Remove)
		return c.Put == nil && found && !rules.Explained(t.Guard, old, locks)
	})
}

// rewriteUnconfirmed has a guard written again that is changed as a whole and whose
// last change failed: that the rules of grants that close or left are not in its
// document says nothing.
func (r *Reconciler) rewriteUnconfirmed(w admission.AtGuard, t rules.Table) []rules.Change {
	if !t.Failed {
		return nil
	}
	var out []rules.Change
	for _, g := range w.Grants {
		if jit.HasGuard(g.Left, w.Guard) {
			g.Paths = g.Left // what it had there
		} else if g.State != jit.Closing || g.Agrees(w.Guard) {
			continue
		}
		for _, rule := range rules.ForGrant(g, r.owner.Installation, w.Guard) {
			if !rules.Named(t.Rules, rule.Name) {
				out = append(out, rules.Change{Remove: rule.Name})
			}
		}
	}
	return out
}

// dropShadowed drops the writes of rules that a deny above them would make idle:
// what cannot be in force is not written.
func (r *Reconciler) dropShadowed(v *guardPass) {
	v.plan.Changes = slices.DeleteFunc(v.plan.Changes, func(c rules.Change) bool {
		if c.Put == nil || !c.Put.Allow {
			return false
		}
		d, shadowed := v.before.Shadow(*c.Put)
		if shadowed {
			v.failed[c.Put.Name] = rules.ShadowRefusal(v.before, d)
		}
		return shadowed
	})
}

// denyLocked turn allows of ours that a lock keeps from being removed into denies:
// a lock against deleting lets a rule be changed, and the door is shut.
// https://learn.microsoft.com/azure/azure-resource-manager/management/lock-resources
func (v guardPass) denyLocked() []rules.Change {
	var out []rules.Change
	for _, c := range v.plan.Changes {
		old, found := v.before.Rule(c.Remove)
		if c.Put == nil && found && old.Allow && !resource.IsFirewall(v.guard) && errors.Is(v.failed[c.Remove], jit.ErrLocked) {
			old.Allow = false
			out = append(out, rules.Change{Put: &old})
		}
	}
	return out
}

// whyUnremoved is why a removal failed. What could not be read back waits for as
// long as Azure asks, a removal does not.
func (v guardPass) whyUnremoved() error {
	for _, c := range v.plan.Changes {
		if err := v.failed[c.Remove]; c.Remove != "" && err != nil {
			return err
		}
	}
	return nil
}
