package jit

import (
	"net/netip"
	"slices"
	"time"

	"jitbot/jit/guardpath"
)

// Origin is from where the rules of the grant let its holder in, or will.
func (g Grant) Origin() guardpath.Origin {
	return guardpath.Origin{Sources: g.Request.Sources, Paths: g.Paths, Warnings: g.Warnings, Notes: g.Notes}
}

// From is the grant as it would be with another origin. What approvers narrowed stays so.
func (g Grant) From(o guardpath.Origin) Grant {
	if slices.Equal(g.Request.Asked.Sources, g.Request.Sources) {
		g.Request.Asked.Sources = o.Sources // else who may extend it would hang on the old source
	}
	g.Request.Sources, g.Paths, g.Warnings, g.Notes = o.Sources, o.Paths, o.Warnings, o.Notes
	return g
}

// Forms are the grant as its rules are to be, first, and as they may stand as well while
// they are being rewritten.
func (g Grant) Forms() []Grant {
	forms := []Grant{g}
	if g.Move.Underway() {
		forms = append(forms, g.From(g.Move.Other))
	}
	if g.Extension.Underway() {
		for _, f := range slices.Clone(forms) {
			forms = append(forms, f.BeforeExtension())
		}
	}
	return forms
}

// ApprovedSources are those that were asked for and approved, before the first move.
func (g Grant) ApprovedSources() []netip.Prefix {
	if len(g.Move.Approved) > 0 {
		return g.Move.Approved
	}
	return g.Request.Sources
}

// Movable refuses what cannot be moved to the source: what is not open, is being moved, or
// would be open to more addresses than before, or to others than approvers narrowed it to.
func (g Grant) Movable(to netip.Prefix, now time.Time) error {
	approved := g.ApprovedSources()
	narrowed := g.Request.Narrowed() && !slices.Equal(g.Request.Asked.Sources, g.Request.Sources)
	switch {
	case g.State != Open || !now.Before(g.Clock.Deadline):
		return g.notOpen("move")
	case g.Move.Underway():
		return Refuse(ErrStale, "%s is being moved already; wait until that is in force, or given up.", g.ID)
	case slices.Equal(g.Request.Sources, []netip.Prefix{to}):
		return Refuse(ErrStale, "%s is open from %s already.", g.ID, to.String())
	case !guardpath.AsWide(to, approved):
		return Refuse(ErrPolicy, "%s is more addresses than %s was asked for; ask anew with /jit request.", to.String(), g.ID)
	case narrowed && !guardpath.Within(to, approved):
		return Refuse(ErrPolicy, "%s was approved from %s only, so it is not moved to %s; ask anew with /jit request.",
			g.ID, joined(approved), to.String())
	}
	return nil
}

// MoveTo begins to let the holder in from one new source in place of those before. It is to
// be in force by then, else it goes back. Deadline and until stay.
func (g Grant) MoveTo(to guardpath.Origin, by, now time.Time) (Grant, Event, error) {
	if err := g.Movable(to.Sources[0], now); err != nil {
		return g, Event{}, err
	}
	next := g.changed().goTo(to)
	next.Move = guardpath.Move{At: now, By: by, Other: g.Origin(), Approved: g.ApprovedSources()}
	return next, next.event(EventMoving, g.Request.By, now, next.moveText()), nil
}

// goTo is From, which leaves what is written elsewhere.
func (g Grant) goTo(to guardpath.Origin) Grant {
	g = g.at(to.Paths)
	to.Paths = g.Paths
	return g.From(to)
}

func (g Grant) moveText() string {
	return "from " + joined(g.Move.Other.Sources) + " to " + joined(g.Request.Sources)
}

// MoveBack gives up the move that was read: the rules are rewritten to what they were.
func (g Grant) MoveBack(read guardpath.Move, why string, now time.Time) (Grant, []Event, error) {
	if g.State != Open || !g.Move.Forth() || !g.Move.Is(read) {
		return g, nil, nil
	}
	next := g.changed().goTo(g.Move.Other)
	next.Move.Other, next.Move.Back = g.Origin(), why
	return next, []Event{next.event(EventMoving, Person{}, now, "back "+next.moveText()+": "+why)}, nil
}

// ConfirmMoved says that the rules of the grant were read back with its source, and none with
// the other one, at all guards in one reading. It is too late for another than was read.
func (g Grant) ConfirmMoved(read Grant, now time.Time) (Grant, []Event, error) {
	same := g.Move.Is(read.Move) && guardpath.Same(g.Paths, read.Paths)
	if g.State != Open || !g.Move.Underway() || !same || len(g.Left)+len(guardpath.Unfinished(g.Paths)) > 0 || !now.Before(g.Clock.Deadline) {
		return g, nil, g.stale()
	}
	next := g.changed()
	next.Move = guardpath.Move{Approved: g.Move.Approved}
	if !g.Move.Forth() {
		return next, []Event{next.event(EventUnmoved, Person{}, now, g.Move.Back)}, nil
	}
	return next, []Event{next.event(EventMoved, g.Request.By, now, g.moveText()).toHolder()}, nil
}
