package jit

import (
	"slices"
	"time"

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
	case !HasGuard(g.Paths, guard) && !g.HasLeft(guard):
		return g, nil, nil
	case len(moved) > 0:
		return g.guardMoved(guard, moved, now)
	case g.State == Closing:
		return g.closingGuardGone(guard, now)
	case !HasGuard(g.Paths, guard):
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
			next.Paths = append(next.Paths, Path{VM: t.VM, Guard: guard})
		}
	}
	return next, nil, nil
}

// guardMoved is GuardGone where the rules stand elsewhere.
func (g Grant) guardMoved(guard string, moved []string, now time.Time) (Grant, []Event, error) {
	wanted := HasGuard(g.Paths, guard)
	next := g.changed()
	next.Paths = MovedPaths(g.Paths, guard, moved)
	next.Left = slices.DeleteFunc(MovedPaths(g.Left, guard, moved), func(p Path) bool { return HasGuard(next.Paths, p.Guard) })
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
	followed := slices.ContainsFunc(g.Paths, func(p Path) bool {
		return !resource.Same(p.Guard, guard) && resource.Same(resource.GuardName(p.Guard), resource.GuardName(guard))
	})
	if followed {
		g = g.changed()
		g.Paths = PathsElsewhere(g.Paths, guard)
		return g.ConfirmClosed(guard, now)
	}
	gone := func(p Path) bool { return !p.Gone && resource.Same(p.Guard, guard) }
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

// MovedPaths are the paths with those at the guard at the others instead, where
// nothing has been read back yet; with no others, or where there are some at these
// already, they are left out.
func MovedPaths(paths []Path, guard string, moved []string) []Path {
	out := PathsElsewhere(paths, guard)
	for _, p := range paths {
		if !resource.Same(p.Guard, guard) {
			continue
		}
		for _, to := range moved {
			if !HasGuard(paths, to) {
				p.Guard, p.Confirmed, p.Fault = to, false, ""
				out = append(out, p)
			}
		}
	}
	return out
}
