package reconcile

import (
	"context"

	"jitbot/jit"
)

// recordHindrance keeps and tells what was read to stand in the way.
func (r *Reconciler) recordHindrance(ctx context.Context, v guardPass, g jit.Grant) error {
	by := r.owner.Hindrance(v.after, v.plan, g)
	if !g.Hindered(v.guard, by) {
		return nil
	}
	_, err := r.update(ctx, g.ID, func(g jit.Grant) (jit.Grant, []jit.Event, error) {
		next, events := g.Hinder(v.guard, by, v.now)
		return next, events, nil
	})
	return err
}
