package reconcile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/protection"
	"jitbot/jit/rules"
)

const whileDown = "jitbot was down while it was being opened; ask again"

// settleOlder ends what an older copy of the store would go on with, though somebody
// may have decided otherwise since: what was asked and not checked, and what was being
// opened. Approvals are asked for anew, and what was being unprotected stays shut.
func (r *Reconciler) settleOlder(ctx context.Context) error {
	if !r.startup.Older() {
		return nil // it is the newest
	}
	now := r.checks.Clock.Now()
	found := func(then time.Time) bool { return r.startup.FoundOlder(then) || then.After(now) } // by a clock that was ahead
	if err := errors.Join(r.interruptOlder(ctx, found, now), r.shutOlder(ctx, found, now)); err != nil {
		return err // the next start settles it
	}
	r.state.TakeAsNewest()
	return nil
}

func (r *Reconciler) interruptOlder(ctx context.Context, found func(time.Time) bool, now time.Time) error {
	grants, err := r.adapters.Grants.Unfinished(ctx)
	faults := []error{err}
	for _, g := range grants {
		then := g.Request.At
		switch g.State { //nolint:exhaustive // of the rest it is when they were asked for
		case jit.Opening:
			then = g.Clock.Approved
		case jit.Open:
			then = cmp.Or(g.Move.At, g.Extension.At)
		}
		if found(then) {
			_, err := r.update(ctx, g.ID, func(g jit.Grant) (jit.Grant, []jit.Event, error) { return g.Interrupt(whileDown, now) })
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

func (r *Reconciler) shutOlder(ctx context.Context, found func(time.Time) bool, now time.Time) error {
	protections, err := r.adapters.Protections.Protections(ctx)
	faults := []error{err}
	for _, p := range protections {
		if p.State == protection.Unprotecting && found(p.At) {
			err := r.Protect(ctx, p.VM, func(p protection.Protection) (protection.Protection, []jit.Event) { return p.StayShut(now) })
			faults = append(faults, err)
			r.common.Add(p.ShutAgain(now))
		}
	}
	return errors.Join(faults...)
}

// endUnbegun has a closing that an older copy of the store has no guard of be closed
// where its rules stand: it may have begun since.
func (r *Reconciler) endUnbegun(ctx context.Context, g jit.Grant) error {
	if g.State != jit.Closing || len(g.Paths) > 0 {
		return nil
	}
	tables, err := r.checks.EveryTable(ctx)
	if err != nil {
		return fmt.Errorf("looking for rules of %s: %w", g.ID, err)
	}
	found, now := r.owner.MovedTo(tables, g), r.checks.Clock.Now()
	_, err = r.update(ctx, g.ID, func(g jit.Grant) (jit.Grant, []jit.Event, error) { return g.GuardGone("", found, now) })
	r.Touch(found)
	return err
}

// reindex rebuilds what the store could not find things by any more, and closes the
// grants concerned: until now they may have been overlooked.
func (r *Reconciler) reindex(ctx context.Context) error {
	damaged, err := r.state.Reindex(ctx)
	faults := []error{err}
	now := r.checks.Clock.Now()
	for _, id := range damaged {
		r.adapters.Log.ErrorContext(ctx, "an index of the store was damaged, and was rebuilt; its grant is closed",
			slog.String("grant", string(id)))
		_, err := r.update(ctx, id, func(g jit.Grant) (jit.Grant, []jit.Event, error) {
			if g.State != jit.Open && g.State != jit.Opening {
				return g, nil, nil
			}
			next, e, err := g.Close(jit.Decision{Ending: jit.Failed, Reason: "its entry in jitbot's store was damaged; ask again"}, now, now)
			return next, []jit.Event{e}, err
		})
		faults = append(faults, err)
	}
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("looking after the indexes of the store: %w", err)
	}
	return nil
}

// closeUnheld closes grants of which the guard does not hold what it should: those that
// the policy ends then, and those whose rules this process has not read in force. The
// pass is then planned anew. Of one whose end cannot be stored nothing is put back.
func (r *Reconciler) closeUnheld(ctx context.Context, pass guardPass) (guardPass, error) {
	ended, unstored, faults := false, map[jit.ID]bool{}, []error(nil)
	for _, g := range pass.grants {
		end := r.unheld(ctx, pass, g)
		if end == nil {
			continue
		}
		ended = true
		if storeHangs(ctx, errors.Join(faults...)) {
			unstored[g.ID] = true
		} else if err := end(ctx); err != nil {
			unstored[g.ID], faults = true, append(faults, err)
		}
	}
	if ended && len(faults) == 0 {
		stored, err := r.readStored(ctx, pass.guard)
		return r.planPass(ctx, stored, pass.before), err
	}
	pass.plan.Changes = slices.DeleteFunc(pass.plan.Changes, func(c rules.Change) bool {
		n, _ := rules.ParseRuleName(strings.ToLower(c.Name()))
		return c.Put != nil && unstored[n.Grant]
	})
	return pass, errors.Join(faults...)
}

// unheld is how the grant is ended for what the guard does not hold, nil when it is not.
func (r *Reconciler) unheld(ctx context.Context, pass guardPass, g jit.Grant) func(context.Context) error {
	rule := r.missing(pass, g)
	if rule == "" || !g.MayStandAt(r.trust.Due()) {
		return nil
	}
	end := func(d jit.Decision) func(context.Context) error {
		return func(ctx context.Context) error { return r.closeWhile(ctx, g, d, r.checks.Clock.Now()) }
	}
	switch {
	case g.State == jit.Opening && r.startup.FoundOlder(g.Clock.Begun):
		return end(jit.Decision{Ending: jit.Failed, Reason: whileDown})
	case g.State == jit.Open && g.Move.Underway() && !guardpath.Has(g.Move.Other.Paths, pass.guard) && r.wasInForce(ctx, g.From(g.Move.Other)):
		return nil // where it moves to there was none
	case g.State == jit.Open && !r.inForce.Has(string(g.ID), pass.guard):
		why := "the rule " + rule + " was not in Azure when jitbot started, and is not put back; ask again"
		return end(jit.Decision{Ending: jit.Drifted, Reason: why})
	case g.State == jit.Open && g.EndOnDrift && g.ConfirmedAt(pass.guard):
		return func(ctx context.Context) error { return r.closeDriftedGrant(ctx, g.ID, rule) }
	default:
		return nil
	}
}

// withhold keeps allows from being written while the clock is in doubt: whoever removed
// one may have the right time. One that is there and not as it should be goes.
func (r *Reconciler) withhold(pass guardPass) guardPass {
	doubt := r.trust.Doubt()
	if doubt == "" {
		return pass
	}
	plan, withheld := pass.plan.WithoutAllows(r.owner.Installation, pass.before, pass.grants, r.trust.Due())
	for _, name := range withheld {
		pass.failed[name] = jit.Refuse(jit.ErrPolicy, "Nothing is opened or put back while %s.", doubt)
	}
	pass.plan = plan
	return pass
}
