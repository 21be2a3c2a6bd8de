package jit

import (
	"slices"
	"time"

	"jitbot/jit/guardpath"
	"jitbot/jit/resource"
)

// Close begins closing. due is when closing should have begun; lateness is
// counted from it.
func (g Grant) Close(d Decision, due, now time.Time) (Grant, Event, error) {
	if g.State != Opening && g.State != Open {
		return g, Event{}, g.stale()
	}
	kind := EventClosing
	if d.Ending == Failed {
		kind = EventFailed
	}
	g = g.changed()
	d.VMs = g.someOf(d.VMs)
	g.State, g.Decision, g.Waiting = Closing, d, ""
	g.Clock.Closing, g.Clock.Due = now, due
	g.Extension = g.Extension.over()
	g.Paths, g.Left = slices.Concat(g.Paths, g.Left), nil
	for i := range g.Paths {
		g.Paths[i].Confirmed, g.Paths[i].Fault, g.Paths[i].Hindrance = false, "", ""
	}
	return g, g.event(kind, d.By, now, d.Reason), nil
}

// CloseWhile begins closing now, if the grant is still in the state in which it
// was seen.
func (g Grant) CloseWhile(seen State, d Decision, now time.Time) (Grant, Event, error) {
	if g.State != seen {
		return g, Event{}, g.stale()
	}
	return g.Close(d, now, now)
}

// ExpireOrRemind closes an open grant whose deadline is not after due; before
// that it tells the holder that the end is near. Doubt is why the clock is not to
// be trusted, so that whoever loses the access early reads why.
func (g Grant) ExpireOrRemind(doubt string, due, now time.Time) (Grant, []Event, error) {
	if g.State != Open {
		return g, nil, g.stale()
	}
	if g.Clock.Deadline.After(due) {
		if g.Move.Overdue(now) {
			return g.MoveBack(g.Move, g.Unconfirmed(), now)
		}
		return g.Remind(now)
	}
	d := Decision{Ending: Expired, Reason: g.unextended()}
	if g.Move.Underway() && d.Reason == "" {
		d.Reason = "the move " + g.moveText() + " was not in force before the end"
	}
	if doubt != "" {
		d.Reason = doubt + ", and the latest time counts"
	}
	var events []Event
	if why := g.unextended(); why != "" {
		events = []Event{g.event(EventUnextended, Person{}, now, why)}
	}
	next, e, err := g.Close(d, g.Clock.Deadline, now)
	return next, append(events, e), err
}

// ConfirmClosed says that no rule of the grant was found in the guard when it was read
// back; with the last guard the grant is closed.
func (g Grant) ConfirmClosed(guard string, now time.Time) (Grant, []Event, error) {
	if g.State != Closing {
		return g, nil, g.stale()
	}
	next, left := g.confirm(guard)
	if left > 0 && next.Revision != g.Revision && next.Slow() {
		text := "The rules in " + resource.GuardName(guard) + " are gone; " + next.unfinished() + " is still being changed."
		return next, []Event{next.event(EventProgress, Person{}, now, text)}, nil
	}
	if left > 0 {
		return next, nil, nil
	}
	if next.Revision == g.Revision {
		next = g.changed() // nothing was ever written
	}
	next.State, next.Clock.Ended, next.Stuck = Closed, now, false
	return next, []Event{next.event(EventClosed, next.Decision.By, now, next.StillOpen)}, nil
}

// StaysOpen is a closing grant with who is let in to its ports all the same.
func (g Grant) StaysOpen(to string) Grant {
	g.StillOpen = to
	return g
}

// Trouble keeps what went wrong at a guard. stuck says that a closing is now
// to be shouted about; that happens once.
func (g Grant) Trouble(guard, fault string, stuck bool, now time.Time) (Grant, []Event) {
	if !g.State.Live() {
		return g, nil
	}
	next := g.changed()
	paths, fresh := guardpath.Fault(g.Paths, guard, fault)
	next.Paths = paths
	if stuck && g.State == Closing && !g.Stuck {
		next.Stuck = true
		return next, []Event{next.event(EventStuck, Person{}, now, fault)}
	}
	if !fresh {
		return g, nil
	}
	return next, nil
}

// stale is the answer to a click or command that comes too late: who decided,
// and when.
func (g Grant) stale() error {
	switch {
	case g.State == Pending:
		return Refuse(ErrStale, "%s is still waiting for approval; nobody has decided it yet.", g.ID)
	case g.State == Asked:
		return Refuse(ErrStale, "%s is still being checked; try again in a moment.", g.ID)
	case g.State == Opening || g.State == Open:
		if n := len(g.Approvals); n > 0 {
			a := g.Approvals[n-1]
			return Refuse(ErrStale, "%s was already approved by %s at %s; it is %s.", g.ID, a.By.ID, a.At, g.State)
		}
		return Refuse(ErrStale, "%s needed no approval; it is %s.", g.ID, g.State)
	case g.State == Closing || g.State == Closed:
		if g.Decision.By.ID != "" {
			return Refuse(ErrStale, "%s was already ended by %s at %s; it is %s.", g.ID, g.Decision.By.ID, g.Clock.Closing, g.State)
		}
		return Refuse(ErrStale, "%s already ended at %s (%s); it is %s.", g.ID, g.Clock.Closing, string(g.Decision.Ending), g.State)
	case g.Decision.By.ID != "":
		return Refuse(ErrStale, "%s was already %s by %s at %s.", g.ID, g.State, g.Decision.By.ID, g.Clock.Ended)
	default:
		return Refuse(ErrStale, "%s was already %s at %s.", g.ID, g.State, g.Clock.Ended)
	}
}

const (
	stuckAfter = time.Minute      // a closing that takes longer shows as stuck
	slowStuck  = 10 * time.Minute // the same where a firewall is changed
)

// StuckAfter is how long a closing may take before it counts as stuck.
func (g Grant) StuckAfter() time.Duration {
	if g.Slow() {
		return slowStuck
	}
	return stuckAfter
}
