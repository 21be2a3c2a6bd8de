package jit

import (
	"context"
	"slices"
	"time"
)

// hindrance is what somebody put before the rules of an open grant in the guard
// since it was opened, and so may keep its holder out; empty when nothing.
func (o Owner) hindrance(t Table, p Plan, g Grant) string {
	for _, want := range g.Rules(o.Installation, t.Guard) {
		if d, shadowed := t.Shadow(finalRule(p, want)); shadowed {
			return shadowRefusal(t, d).Error()
		}
	}
	return ""
}

// hindered reports whether that is not what was told last.
func (g Grant) hindered(guard, by string) bool {
	return slices.ContainsFunc(g.Paths, func(p Path) bool { return SameID(p.Guard, guard) && p.Hindrance != by })
}

// Hinder keeps what stands before the rules of an open grant in the guard, and
// tells it; with nothing the card is made to say so.
func (g Grant) Hinder(guard, by string, now time.Time) (Grant, []Event) {
	if g.State != Open || !g.hindered(guard, by) {
		return g, nil
	}
	next := g.changed()
	next.Paths = slices.Clone(g.Paths)
	for i, p := range next.Paths {
		if SameID(p.Guard, guard) {
			next.Paths[i].Hindrance = by
		}
	}
	e := next.event(EventHindered, Person{}, now, by)
	if by == "" {
		e = e.over()
	}
	return next, []Event{e}
}

// settleHindered keeps and tells what was read to stand in the way.
func (s *Sweep) settleHindered(ctx context.Context, v visit, g Grant) error {
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
