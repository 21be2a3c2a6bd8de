package jit

import (
	"slices"
	"time"

	"jitbot/jit/guardpath"
	"jitbot/jit/resource"
	"jitbot/jit/text"
)

// PublicEnds are where the grant's holder connects to, by firewall and port.
func (g Grant) PublicEnds() []guardpath.PublicEnd { return guardpath.PublicEnds(g.Paths) }

// Guards lists the guards of the grant's paths and of those it left, each once,
// in lower case.
func (g Grant) Guards() []string { return guardpath.Guards(slices.Concat(g.Paths, g.Left)) }

// Follow gives an open grant the paths that its VMs have now. What was
// written elsewhere is no longer wanted there; where is kept until that was
// read back gone.
func (g Grant) Follow(paths []guardpath.Path, now time.Time) (Grant, []Event, error) {
	if g.State != Open || guardpath.Same(paths, g.Paths) {
		return g, nil, nil
	}
	told := len(g.PublicEnds()) > 0
	g = g.changed().at(paths)
	e := g.event(EventMoved, Person{}, now, "What is before a VM, or its addresses, changed; the rules follow.")
	if told && !slices.ContainsFunc(paths, func(p guardpath.Path) bool { return p.Kind == guardpath.ByDNAT }) {
		e = e.toHolder() // who would go on connecting to an address that is gone
	}
	return g, []Event{e}, nil
}

// at is the grant with other paths, of which nothing was read back yet.
func (g Grant) at(paths []guardpath.Path) Grant {
	g.Left, g.Paths = guardpath.Left(slices.Concat(g.Left, g.Paths), paths), guardpath.Unread(guardpath.KeepPublicEnds(g.Paths, paths))
	return g
}

// Rerouted says that the rules of an open grant in the guard were read back in
// force where its VMs are now, with the addresses that people come in by; its
// holder is told when these are others. It is too late when the paths are not
// those that were read back: the grant has ended, or moved again.
func (g Grant) Rerouted(read []guardpath.Path, guard string, ends []guardpath.PublicEnd, now time.Time) (Grant, []Event, error) {
	if g.State != Open || !guardpath.Same(g.Paths, read) {
		return g, nil, g.stale()
	}
	next, _ := g.confirm(guard)
	next = next.withPublicEnds(guard, ends)
	if slices.Equal(next.PublicEnds(), g.PublicEnds()) {
		return next, nil, nil
	}
	if next.Revision == g.Revision {
		next = next.changed()
	}
	if g.Move.Underway() {
		return next, nil, nil // that is told when it has moved
	}
	return next, []Event{next.event(EventMoved, Person{}, now, "Where the firewall lets its holder in has changed.").toHolder()}, nil
}

// LeftGuard says that no rule of the grant is left in a guard that its VMs left.
// It is too late when what it left is not what was read back.
func (g Grant) LeftGuard(read []guardpath.Path, guard string) (Grant, []Event, error) {
	if g.State != Open || !guardpath.Same(g.Left, read) {
		return g, nil, g.stale()
	}
	if !guardpath.Has(g.Left, guard) {
		return g, nil, nil
	}
	g = g.changed()
	g.Left = guardpath.Elsewhere(g.Left, guard)
	return g, nil, nil
}

// ConfirmGuard says that every rule of the grant in the guard was read back in force,
// with the public ends that people connect to; with the last guard the grant is open.
func (g Grant) ConfirmGuard(guard string, ends []guardpath.PublicEnd, now time.Time) (Grant, []Event, error) {
	if g.State != Opening || g.Clock.Begun.IsZero() {
		return g, nil, g.stale()
	}
	next, left := g.confirm(guard)
	next = next.withPublicEnds(guard, ends)
	if left == 0 {
		opened, e, err := next.ConfirmOpen(now)
		if err != nil {
			return g, nil, err
		}
		return opened, []Event{e}, nil
	}
	if next.Revision == g.Revision || !next.Slow() {
		return next, nil, nil
	}
	text := "The rules in " + resource.GuardName(guard) + " are in force; " + next.unfinished() + " is still being changed."
	return next, []Event{next.event(EventProgress, Person{}, now, text)}, nil
}

// withPublicEnds keeps the public ends at the guard.
func (g Grant) withPublicEnds(guard string, ends []guardpath.PublicEnd) Grant {
	if len(ends) == 0 {
		return g
	}
	g.Paths = guardpath.WithPublicEnds(g.Paths, guard, ends)
	return g
}

// Slow reports whether a firewall is among the guards: Azure takes minutes.
func (g Grant) Slow() bool {
	return slices.ContainsFunc(g.Paths, func(p guardpath.Path) bool { return resource.IsFirewall(p.Guard) })
}

// unfinished names the guards that have not agreed.
func (g Grant) unfinished() string {
	return text.Join(guardpath.Unfinished(g.Paths))
}

// ConfirmAt marks the guard's paths as agreed and counts those left. The grant
// comes back unchanged where nothing is new.
func (g Grant) confirm(guard string) (Grant, int) {
	paths, fresh, left := guardpath.Confirm(g.Paths, guard)
	if !fresh {
		return g, left
	}
	next := g.changed()
	next.Paths = paths
	return next, left
}

// HasLeft reports whether the guard is one that its VMs left, and that is still
// to be read back without its rules.
func (g Grant) HasLeft(guard string) bool { return guardpath.Has(g.Left, guard) }

// VMsAt are the VMs of which the grant has rules in the guard.
func (g Grant) VMsAt(guard string) []string { return guardpath.VMsAt(g.Paths, guard) }
