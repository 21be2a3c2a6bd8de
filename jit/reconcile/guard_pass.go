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

// guardPass is one pass over a guard: what the store says of it, its table before
// and after the changes, and what became of each change.
type guardPass struct {
	guard         string
	grants        []jit.Grant
	protections   []jit.Protection
	before, after rules.Table
	plan          rules.Plan
	failed        map[string]error // by rule name
	now           time.Time
}

// planPass plans the pass; nothing is written yet.
func (r *Reconciler) planPass(stored admission.AtGuard, before rules.Table) guardPass {
	pass := guardPass{
		guard: stored.Guard, grants: stored.Grants, protections: stored.Protections,
		before: before, after: before, now: r.checks.Clock.Now(), failed: map[string]error{},
	}
	desired := rules.Desired(r.owner.Installation, stored.Guard, stored.Grants, stored.Protections, r.trust.Due())
	pass.plan = r.owner.MakePlan(before, desired)
	changes := r.keepUnexplained(before, pass.plan.Changes, stored.Protections, stored.Unsure)
	pass.plan.Changes = slices.Concat(changes, r.rewriteUnconfirmed(stored, before))
	for _, b := range pass.plan.Blocked {
		pass.failed[b.Name] = b.Err
	}
	r.dropShadowed(&pass)
	return pass
}

// keepUnexplained drops removals of denies that no protection known here explains:
// when the store was lost, or cannot be read, what keeps addresses shut stays.
func (r *Reconciler) keepUnexplained(t rules.Table, changes []rules.Change, protections []jit.Protection, unsure bool) []rules.Change {
	return slices.DeleteFunc(changes, func(c rules.Change) bool {
		n, _ := rules.ParseRuleName(c.Name())
		if n.Grant != "" {
			return false
		}
		if unsure {
			return true
		}
		old, found := t.Rule(c.Remove)
		return c.Put == nil && found && !old.ExplainedBy(t.Guard, protections)
	})
}

// rewriteUnconfirmed has a firewall written again that is changed as a whole and whose
// last change failed: that the rules of grants that close or left are not in its
// document says nothing.
func (r *Reconciler) rewriteUnconfirmed(stored admission.AtGuard, t rules.Table) []rules.Change {
	if !t.Failed {
		return nil
	}
	var out []rules.Change
	for _, g := range stored.Grants {
		if g.HasLeft(stored.Guard) {
			g.Paths = g.Left // what it had there
		} else if g.State != jit.Closing || g.ConfirmedAt(stored.Guard) {
			continue
		}
		for _, rule := range rules.ForGrant(r.owner.Installation, stored.Guard, g) {
			if !t.Has(rule.Name) {
				out = append(out, rules.Change{Remove: rule.Name})
			}
		}
	}
	return out
}

// dropShadowed drops the writes of rules that a deny above them would make idle:
// what cannot be in force is not written.
func (r *Reconciler) dropShadowed(pass *guardPass) {
	pass.plan.Changes = slices.DeleteFunc(pass.plan.Changes, func(c rules.Change) bool {
		if c.Put == nil || !c.Put.Allow {
			return false
		}
		err := pass.before.RefuseShadowed(*c.Put)
		if err != nil {
			pass.failed[c.Put.Name] = err
		}
		return err != nil
	})
}

// denyLocked turn allows of ours that a management lock keeps from being removed into denies:
// a management lock against deleting lets a rule be changed, and then nobody is
// let in.
// https://learn.microsoft.com/azure/azure-resource-manager/management/lock-resources
func (pass guardPass) denyLocked() []rules.Change {
	var out []rules.Change
	for _, c := range pass.plan.Changes {
		old, found := pass.before.Rule(c.Remove)
		if c.Put == nil && found && old.Allow && !resource.IsFirewall(pass.guard) && errors.Is(pass.failed[c.Remove], jit.ErrLocked) {
			old.Allow = false
			out = append(out, rules.Change{Put: &old})
		}
	}
	return out
}

// whyUnremoved is why a removal failed. What could not be read back waits for as
// long as Azure asks, a removal does not.
func (pass guardPass) whyUnremoved() error {
	for _, c := range pass.plan.Changes {
		if err := pass.failed[c.Remove]; c.Remove != "" && err != nil {
			return err
		}
	}
	return nil
}
