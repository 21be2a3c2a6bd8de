package reconcile

import (
	"context"
	"errors"

	"jitbot/jit"
	"jitbot/jit/resource"
)

// grantsAtDeleted deals with a guard that was deleted: its rules are gone with it.
func (r *Reconciler) grantsAtDeleted(ctx context.Context, guard string, live []jit.Grant) error {
	now := r.checks.Clock.Now()
	var faults []error
	for _, g := range live {
		var err error
		if g.State == jit.Closing {
			_, err = r.update(ctx, g.ID, func(g jit.Grant) (jit.Grant, []jit.Event, error) { return g.ConfirmClosed(guard, now) })
		} else if g.HasLeft(guard) {
			err = r.storeLeft(ctx, g, guard)
		} else if why := "the " + resource.KindOf(guard).Noun() + " " + resource.GuardName(guard) + " was deleted"; g.State == jit.Open {
			err = r.closeWhile(ctx, g, jit.Decision{Ending: jit.Vanished, Reason: why}, now)
		} else {
			err = r.failOpening(ctx, g.ID, why, now)
		}
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// protectionsAtDeleted deals with an NSG that was deleted: its denies are gone with it.
func (r *Reconciler) protectionsAtDeleted(ctx context.Context, guard string, protections []jit.Protection) error {
	var faults []error
	for _, p := range protections {
		var err error
		if p.State == jit.Unprotecting {
			err = r.storeUnprotected(ctx, p, guard)
		} else if p.HasLeft(guard) {
			_, err = r.storeProtectionLeft(ctx, p, guard)
		}
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}
