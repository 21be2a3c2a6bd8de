package jit

import (
	"errors"
	"slices"
	"time"
)

// Terms are what the check of a request found: who asks, who must approve, and
// what else is kept with the grant.
type Terms struct {
	By           Person
	Required     int      // approvals; 0: the Azure rights alone decide
	Approvers    []string // U… and S… ids
	PendingFor   time.Duration
	Warnings     []string
	Notes        []string
	Channel      string
	RemindBefore time.Duration // the longest of the VMs' policies
	EndOnDrift   bool          // one of the VMs' policies ends what drifted
	Extend       ExtendTerms   // the strictest of the VMs' policies
	Asking       Asking        // its durations, and whom it is escalated to
	Escalate     time.Duration // after which it is
	Auto         Auto          // why nobody's yes is needed
	Request      Request       // without what a tag names and may not be asked for
}

// Admit lets a checked request through, or starts waiting for the approvals that
// its rule asks for.
func (g Grant) Admit(t Terms, now time.Time) (Grant, Event, error) {
	if g.State != Asked {
		return g, Event{}, g.stale()
	}
	g.Warnings, g.Notes, g.Channel, g.EndOnDrift = t.Warnings, t.Notes, t.Channel, t.EndOnDrift
	g.Clock.RemindBefore, g.ExtendTerms = t.RemindBefore, t.Extend
	g.Request.Targets, g.Request.LeftOut = t.Request.Targets, t.Request.LeftOut
	if g.Auto = t.Auto; t.Required == 0 || t.Auto != (Auto{}) {
		return g.Permit(t.By, now)
	}
	g.Asking = t.Asking.begin(t.Escalate, now)
	return g.Wait(t.By, t.Approvers, t.Required, now.Add(t.PendingFor), now)
}

// RefuseFor ends a request for what the policy or the person's rights do not allow.
func (g Grant) RefuseFor(no *Refusal, now time.Time) (Grant, Event, error) {
	g.Decision.Rights, g.Decision.VMs = errors.Is(no, ErrRights), g.someOf(no.VMs)
	return g.Refuse(no.Error(), now)
}

// Refuse ends a request that is not allowed.
func (g Grant) Refuse(why string, now time.Time) (Grant, Event, error) {
	if g.State != Asked {
		return g, Event{}, g.stale()
	}
	g = g.changed()
	g.State, g.Clock.Ended = Refused, now
	g.Decision.Reason = why
	return g, g.answer(g.event(EventRefused, g.Request.By, now, why)), nil
}

// Wait starts waiting for approvals until lapse.
func (g Grant) Wait(by Person, approvers []string, required int, lapse, now time.Time) (Grant, Event, error) {
	if g.State != Asked {
		return g, Event{}, g.stale()
	}
	g = g.changed()
	g.State, g.Required, g.Approvers, g.Clock.Lapse = Pending, required, approvers, lapse
	g.Request.By = by
	return g, g.answer(g.event(EventWaiting, by, now, "")), nil
}

// answer is the event of what the check came to, of which a requester who is answered
// already gets no direct message.
func (g Grant) answer(e Event) Event {
	if g.Request.Here {
		e.tell = slices.DeleteFunc(slices.Clone(e.tell), func(a Audience) bool { return a == ToRequester })
	}
	return e
}

// Permit lets a request through that needs no approval.
func (g Grant) Permit(by Person, now time.Time) (Grant, Event, error) {
	if g.State != Asked {
		return g, Event{}, g.stale()
	}
	g = g.changed()
	g.State, g.Clock.Approved = Opening, now
	g.Request.By = by
	why := "no approval needed"
	if g.Auto != (Auto{}) {
		why = "automatically: " + g.Auto.String()
	}
	return g, g.event(EventApproved, Person{}, now, why), nil
}

// Approve counts one yes; with the last one needed the grant is opening.
func (g Grant) Approve(by Person, now time.Time) (Grant, Event, error) {
	if g.State != Pending || !now.Before(g.Clock.Lapse) {
		return g, Event{}, g.stale()
	}
	if by.Same(g.Request.By) {
		return g, Event{}, Refuse(ErrAuthority, "You asked for %s yourself, so somebody else must approve it.", g.ID)
	}
	if g.ApprovedBy(by) {
		return g, Event{}, Refuse(ErrStale, "You have already approved %s; somebody else must approve it too.", g.ID)
	}
	g = g.changed()
	g.Approvals = append(slices.Clone(g.Approvals), Approval{By: by, At: now})
	g.Asking = g.Asking.withoutClaimOf(by)
	if len(g.Approvals) >= g.Required {
		g.State, g.Clock.Approved = Opening, now
	}
	return g, g.event(EventApproved, by, now, ""), nil
}

// Recount asks for at least as many approvals as required, and takes back those
// of people who are no approvers any more. It is no change of its own: an
// approval follows.
func (g Grant) Recount(required int, void []UserID) Grant {
	g.Required = max(g.Required, required) // it may have been raised since, and is never lowered
	g.Approvals = slices.DeleteFunc(slices.Clone(g.Approvals), func(a Approval) bool { return slices.Contains(void, a.By.ID) })
	return g
}

// Deny ends a waiting request with a no.
func (g Grant) Deny(by Person, reason string, now time.Time) (Grant, Event, error) {
	return g.drop(Denied, EventDenied, by, reason, now)
}

// Cancel withdraws a waiting request. Whoever asked is told when somebody else does it.
func (g Grant) Cancel(by Person, now time.Time) (Grant, Event, error) {
	if g.State == Asked {
		g.State = Pending // not yet checked is as good as waiting
	}
	next, e, err := g.drop(Cancelled, EventCancelled, by, "", now)
	if by.ID != g.Request.By.ID {
		e = e.toHolder()
	}
	return next, e, err
}

// Lapse ends a request that nobody answered in time.
func (g Grant) Lapse(now time.Time) (Grant, Event, error) {
	if now.Before(g.Clock.Lapse) {
		return g, Event{}, g.stale()
	}
	return g.drop(Lapsed, EventLapsed, Person{}, "", now)
}

func (g Grant) drop(to State, kind EventKind, by Person, reason string, now time.Time) (Grant, Event, error) {
	if g.State != Pending {
		return g, Event{}, g.stale()
	}
	g = g.changed()
	g.State, g.Clock.Ended = to, now
	g.Decision = Decision{By: by, Reason: reason}
	return g, g.event(kind, by, now, reason), nil
}

// Interrupt ends what was under way before anything was open, or asks for its approvals anew, or
// for those of its extension: it was found in a store that may be older than what was decided
// since. Why is what the requester reads.
func (g Grant) Interrupt(why string, now time.Time) (Grant, []Event, error) {
	var next Grant
	var e Event
	var err error
	switch {
	case g.State == Asked:
		next, e, err = g.Refuse(why, now)
	case g.State == Opening, g.State == Open && g.Move.Underway(): // it may have been moved elsewhere since
		next, e, err = g.Close(Decision{Ending: Failed, Reason: why}, now, now)
	case g.State == Pending && len(g.Approvals) > 0:
		next = g.changed()
		next.Approvals = nil
		e = next.event(EventWaiting, Person{}, now, "")
	case g.State == Open && g.Extension.Waiting() && len(g.Extension.Approvals) > 0:
		next = g.changed()
		next.Extension.Approvals = nil
		e = next.event(EventExtending, Person{}, now, "its approvals are asked for anew")
	default:
		return g, nil, nil
	}
	return next, []Event{e}, err
}

// Decidable refuses, as too late or too early, a decision about a grant that is
// not waiting for one.
func (g Grant) Decidable() error {
	if g.State != Pending {
		return g.stale()
	}
	return nil
}
