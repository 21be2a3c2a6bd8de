package jit

import (
	"slices"
	"time"

	"jitbot/jit/guardpath"
	"jitbot/jit/resource"
)

// Hindered reports whether what stands before the rules in the guard is another
// than was told last.
func (g Grant) Hindered(guard, by string) bool {
	return slices.ContainsFunc(g.Paths, func(p guardpath.Path) bool { return resource.Same(p.Guard, guard) && p.Hindrance != by })
}

// Hinder keeps what stands before the rules of an open grant in the guard, and
// tells it; with nothing the card is made to say so.
func (g Grant) Hinder(guard, by string, now time.Time) (Grant, []Event) {
	if g.State != Open || !g.Hindered(guard, by) {
		return g, nil
	}
	next := g.changed()
	next.Paths = slices.Clone(g.Paths)
	for i, p := range next.Paths {
		if resource.Same(p.Guard, guard) {
			next.Paths[i].Hindrance = by
		}
	}
	e := next.event(EventHindered, Person{}, now, by)
	if by == "" {
		e = e.over()
	}
	return next, []Event{e}
}

// Drifted says that somebody removed or changed a rule of an open grant, and that
// it was put back.
func (g Grant) Drifted(rule string, now time.Time) (Grant, []Event, error) {
	if g.State != Open {
		return g, nil, nil
	}
	g = g.changed()
	return g, []Event{g.event(EventDrift, Person{}, now, "Somebody removed or changed the rule "+rule+"; it was put back.")}, nil
}

// CloseDrifted closes an open grant because somebody removed or changed a rule
// of it.
func (g Grant) CloseDrifted(rule string, now time.Time) (Grant, []Event, error) {
	if g.State != Open {
		return g, nil, g.stale()
	}
	noticed := g.event(EventDrift, Person{}, now, "Somebody removed or changed the rule "+rule+"; the access ends, as the policy says.")
	next, closing, err := g.Close(Decision{Ending: Drifted, Reason: "the rule " + rule + " was removed or changed"}, now, now)
	return next, []Event{noticed, closing}, err
}

// Rechecked says that the holder of an open grant was found to be entitled to it.
func (g Grant) Rechecked() (Grant, []Event, error) {
	if g.State != Open || !g.Unchecked {
		return g, nil, nil
	}
	g = g.changed()
	g.Unchecked = false
	return g, nil, nil
}

// KeepUnchecked says that the rights of an open grant's holder could not be
// read, once until they can.
func (g Grant) KeepUnchecked(why string, now time.Time) (Grant, []Event, error) {
	if g.State != Open || g.Unchecked {
		return g, nil, nil
	}
	g = g.changed()
	g.Unchecked = true
	return g, []Event{g.event(EventUnchecked, Person{}, now, why)}, nil
}
