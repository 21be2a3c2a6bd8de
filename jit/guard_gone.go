package jit

import (
	"slices"
	"time"

	"jitbot/jit/guardpath"
	"jitbot/jit/resource"
)

// GuardGone says that the guard is not in Azure any more under its id, and in which
// guards the rules of the grant stand instead: one that was moved keeps them. It
// is followed there. With none they are gone with the guard: a closing agrees,
// and with the last guard is closed; an open grant ends. What was being opened is
// given up in any case. Of a closing that names no guard, because an older copy of the
// store does not know where it began since, guard is empty.
func (g Grant) GuardGone(guard string, moved []string, now time.Time) (Grant, []Event, error) {
	switch {
	case !g.State.Live():
		return g, nil, g.stale()
	case g.State == Closing && guard == "" && len(g.Paths) == 0:
		return g.foundAt(moved, now)
	case !guardpath.Has(g.Paths, guard) && !g.HasLeft(guard):
		return g, nil, nil
	case len(moved) > 0:
		return g.guardMoved(guard, moved, now)
	case g.State == Closing:
		return g.closingGuardGone(guard, now)
	case !guardpath.Has(g.Paths, guard):
		return g.LeftGuard(g.Left, guard)
	}
	d := Decision{Ending: Vanished, Reason: nounOf(guard) + " was deleted"}
	if g.State == Opening {
		d.Ending = Failed
	}
	closing, e, err := g.Close(d, now, now)
	if err != nil {
		return g, nil, err
	}
	next, events, err := closing.closingGuardGone(guard, now)
	return next, append([]Event{e}, events...), err
}

// foundAt has a closing that names no guard be closed where its rules stand; with
// none it is closed.
func (g Grant) foundAt(guards []string, now time.Time) (Grant, []Event, error) {
	if len(guards) == 0 {
		return g.ConfirmClosed("", now)
	}
	next := g.changed()
	for _, guard := range guards {
		for _, t := range g.Request.Targets {
			next.Paths = append(next.Paths, guardpath.Path{VM: t.VM, Guard: guard})
		}
	}
	return next, nil, nil
}

// guardMoved is GuardGone where the rules stand elsewhere.
func (g Grant) guardMoved(guard string, moved []string, now time.Time) (Grant, []Event, error) {
	wanted := guardpath.Has(g.Paths, guard)
	next := g.changed()
	next.Paths = guardpath.Moved(g.Paths, guard, moved)
	wantedToo := func(p guardpath.Path) bool { return guardpath.Has(next.Paths, p.Guard) }
	next.Left = slices.DeleteFunc(guardpath.Moved(g.Left, guard, moved), wantedToo)
	what := nounOf(guard) + " was moved to the resource group " + resource.Group(moved[0])
	switch {
	case g.State == Opening:
		closing, e, err := next.Close(Decision{Ending: Failed, Reason: what + " while it was being opened; ask again"}, now, now)
		return closing, []Event{e}, err
	case g.State == Open && wanted:
		return next, []Event{next.event(EventMoved, Person{}, now, what+"; the rules follow.")}, nil
	default:
		return next, nil, nil
	}
}

// closingGuardGone says that the guard of a closing grant is gone with what was
// written there. Where another of its paths is at the same group, moved, it was
// followed: what is read there counts, and the old place is forgotten.
func (g Grant) closingGuardGone(guard string, now time.Time) (Grant, []Event, error) {
	followed := slices.ContainsFunc(g.Paths, func(p guardpath.Path) bool {
		return !resource.Same(p.Guard, guard) && resource.Same(resource.GuardName(p.Guard), resource.GuardName(guard))
	})
	if followed {
		g = g.changed()
		g.Paths = guardpath.Elsewhere(g.Paths, guard)
		return g.ConfirmClosed(guard, now)
	}
	gone := func(p guardpath.Path) bool { return !p.Gone && resource.Same(p.Guard, guard) }
	if slices.ContainsFunc(g.Paths, gone) { // also where it had agreed before it went
		g = g.changed()
		g.Paths = slices.Clone(g.Paths)
	}
	for i, p := range g.Paths {
		g.Paths[i].Gone = p.Gone || gone(p)
	}
	return g.ConfirmClosed(guard, now)
}

func nounOf(guard string) string {
	return "the " + resource.KindOf(guard).Noun() + " " + resource.GuardName(guard)
}
