package jit

import (
	"context"
)

// hindrance is what somebody put before the rules of an open grant in the guard
// since it was opened, and so may keep its holder out; empty when nothing.
func (o Owner) hindrance(t Table, p Plan, g Grant) string {
	for _, want := range ForGrant(g, o.Installation, t.Guard) {
		if d, shadowed := t.Shadow(p.FinalOf(want)); shadowed {
			return shadowRefusal(t, d).Error()
		}
	}
	return ""
}

// settleHindered keeps and tells what was read to stand in the way.
func (s *Reconciler) settleHindered(ctx context.Context, v pass, g Grant) error {
	by := s.owner.hindrance(v.after, v.plan, g)
	if !g.hindered(v.guard, by) {
		return nil
	}
	_, err := s.update(ctx, g.ID, func(g Grant) (Grant, []Event, error) {
		next, events := g.Hinder(v.guard, by, v.now)
		return next, events, nil
	})
	return err
}
