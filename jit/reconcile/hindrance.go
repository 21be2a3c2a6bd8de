package reconcile

import (
	"context"
	"errors"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/guardpath"
	"jitbot/jit/rules"
)

// recordHindrance keeps and tells what was read to stand in the way.
func (r *Reconciler) recordHindrance(ctx context.Context, pass guardPass, g jit.Grant) error {
	by := r.owner.Hindrance(pass.after, pass.plan, g)
	if guards := guardpath.Guards(g.Paths); by == "" && guards[0] == pass.guard { // one of them tells
		text, known := r.adminDenials.Of(g.ID)
		if by = text; !known {
			return nil
		}
	}
	return r.recordHinderedBy(ctx, pass, g, by)
}

// recordUnwritten tells that a rule of an open grant is not as it should be, and cannot
// be written, or could not for a while.
func (r *Reconciler) recordUnwritten(ctx context.Context, pass guardPass, g jit.Grant, want rules.Rule, cause error) error {
	there, _ := pass.after.Rule(want.Name)
	asWanted := there.Equal(pass.plan.FinalOf(want)) && !there.Failed
	if by := r.owner.Hindrance(pass.after, pass.plan, g); by != "" && asWanted {
		return r.recordHinderedBy(ctx, pass, g, by)
	}
	if asWanted || errors.Is(cause, rules.ErrNotYet) || !r.goesOn("a rule of "+string(g.ID), pass.guard, cause) {
		return nil
	}
	return r.recordHinderedBy(ctx, pass, g,
		"the rule "+want.Name+" is not as it should be and cannot be written: "+admission.ReasonFor(cause))
}

func (r *Reconciler) recordHinderedBy(ctx context.Context, pass guardPass, g jit.Grant, by string) error {
	if !g.Hindered(pass.guard, by) {
		return nil
	}
	_, err := r.update(ctx, g.ID, func(g jit.Grant) (jit.Grant, []jit.Event, error) {
		next, events := g.Hinder(pass.guard, by, pass.now)
		return next, events, nil
	})
	return err
}
