package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/resource"
	"jitbot/jit/rules"
)

// recordOrphans records the rules of ours that no live grant explains: those that
// this pass removed, and those that it could not.
func (r *Reconciler) recordOrphans(ctx context.Context, pass guardPass) error {
	var faults []error
	var stuck []admission.StuckRule
	for _, c := range pass.plan.Changes {
		n, _ := rules.ParseRuleName(strings.ToLower(c.Remove))
		if n.Grant == "" || slices.ContainsFunc(pass.grants, func(g jit.Grant) bool { return g.ID == n.Grant }) {
			continue // denies come and go with protections, which say so
		}
		left, there := pass.after.Rule(c.Remove)
		switch err := pass.failed[c.Remove]; {
		case there && err != nil:
			if !left.Allow {
				err = admission.TurnedToDeny(c.Remove, err)
			}
			faults = append(faults, fmt.Errorf("removing the orphan %s: %w", c.Remove, err))
			stuck = append(stuck, admission.StuckRule{
				Guard: pass.guard, Rule: c.Remove, Grant: n.Grant, Since: pass.now, Fault: admission.ReasonFor(err),
			})
		case there:
			faults = append(faults, rules.ErrNotYet)
		default:
			faults = append(faults, r.recordOrphan(ctx, pass, c.Remove, n.Grant, ""))
		}
	}
	for _, s := range r.orphans.Replace(pass.guard, stuck) {
		r.adapters.Log.ErrorContext(ctx, "a rule without a live grant could not be removed",
			slog.String("guard", s.Guard), slog.String("rule", s.Rule), slog.String("error", s.Fault))
		faults = append(faults, r.recordOrphan(ctx, pass, s.Rule, s.Grant, s.Fault))
	}
	return errors.Join(faults...)
}

// recordOrphan records a rule of a grant that is not live, with the fault that keeps it
// or as removed.
func (r *Reconciler) recordOrphan(ctx context.Context, pass guardPass, rule string, grant jit.ID, fault string) error {
	var card jit.Card
	if g, err := r.adapters.Grants.Grant(ctx, grant); err == nil {
		if g.State == jit.Closing && fault == "" {
			return nil // it says of itself when nothing of it is left
		}
		card = g.Card
	}
	e := jit.Orphaned(rule, pass.after.Name, grant, card, fault, pass.now)
	if card == (jit.Card{}) && fault == "" {
		r.common.Add(e)
	}
	ctx, cancel := context.WithTimeout(ctx, storeSlow)
	defer cancel()
	if err := r.adapters.Record.Append(ctx, e); err != nil {
		return fmt.Errorf("recording the orphan %s: %w", rule, err)
	}
	return nil
}

// whyStuck says why nothing is opened at one of the guards: a rule there should be
// gone and cannot be removed. Empty when there is none.
func (r *Reconciler) whyStuck(guards []string) string {
	s, stuck := r.orphans.At(guards)
	if !stuck {
		return ""
	}
	return "the rule " + s.Rule + " in " + resource.GuardName(s.Guard) + " should be gone and cannot be removed, and closings go first"
}

// tellCommon tells the channel what has happened to many, one message a kind. What
// cannot be stored is gathered again.
func (r *Reconciler) tellCommon(ctx context.Context) error {
	var faults []error
	for _, e := range r.common.Take(r.checks.Clock.Now()) {
		if err := r.adapters.Record.Append(ctx, e); err != nil {
			r.common.Add(e)
			faults = append(faults, fmt.Errorf("telling the channel: %w", err))
		}
	}
	return errors.Join(faults...)
}
