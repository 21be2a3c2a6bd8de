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
// given up in any case.
func (g Grant) GuardGone(guard string, moved []string, now time.Time) (Grant, []Event, error) {
	switch {
	case !g.State.Live():
		return g, nil, g.stale()
	case !hasGuard(g.Paths, guard) && !g.HasLeft(guard):
		return g, nil, nil
	case len(moved) > 0:
		return g.guardMoved(guard, moved, now)
	case g.State == Closing:
		return g.closingGuardGone(guard, now)
	case !hasGuard(g.Paths, guard):
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

// guardMoved is GuardGone where the rules stand elsewhere.
func (g Grant) guardMoved(guard string, moved []string, now time.Time) (Grant, []Event, error) {
	wanted := hasGuard(g.Paths, guard)
	next := g.changed()
	next.Paths = movedPaths(g.Paths, guard, moved)
	next.Left = slices.DeleteFunc(movedPaths(g.Left, guard, moved), func(p Path) bool { return hasGuard(next.Paths, p.Guard) })
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
		g.Paths = elsewhere(g.Paths, guard)
		return g.ConfirmClosed(guard, now)
	}
	g.Paths = slices.Clone(g.Paths)
	for i, p := range g.Paths {
		g.Paths[i].Gone = p.Gone || resource.Same(p.Guard, guard)
	}
	return g.ConfirmClosed(guard, now)
}

func nounOf(guard string) string {
	return "the " + resource.KindOf(guard).Noun() + " " + resource.GuardName(guard)
}

// movedPaths are the paths with those at the guard at the others instead, where
// nothing has been read back yet; with no others, or where there are some at these
// already, they are left out.
func movedPaths(paths []Path, guard string, moved []string) []Path {
	out := elsewhere(paths, guard)
	for _, p := range paths {
		if !resource.Same(p.Guard, guard) {
			continue
		}
		for _, to := range moved {
			if !hasGuard(paths, to) {
				p.Guard, p.Confirmed, p.Fault = to, false, ""
				out = append(out, p)
			}
		}
	}
	return out
}

// GuardGone says that the guard is not in Azure any more under its id, and in which
// guards the denies of what is being unprotected stand instead. Of a VM that
// stays protected its interfaces say where its denies belong, so only what it left
// there is forgotten.
func (p Protection) GuardGone(guard string, moved []string) Protection {
	left, paths := movedPaths(p.Left, guard, moved), p.Paths
	if p.State == Unprotecting && len(moved) > 0 {
		paths = movedPaths(p.Paths, guard, moved)
	}
	if SamePaths(left, p.Left) && SamePaths(paths, p.Paths) {
		return p
	}
	p = p.changed()
	p.Left, p.Paths = left, paths
	return p
}
