package jit

import (
	"cmp"
	"slices"
	"time"
)

// Asking is what is done about a request while nobody decides it: who has it in hand,
// when those who are asked are asked again, and when others are asked too. The zero
// value does nothing.
type Asking struct {
	ClaimFor time.Duration `json:"claim_for,omitempty"`
	Claim    Claim         `json:"claim,omitzero"`

	RemindAfter time.Duration `json:"remind_after,omitempty"`
	Remind      time.Time     `json:"remind,omitzero"`     // when they are asked again; zero: no more
	Reminders   int           `json:"reminders,omitempty"` // so far
	Silent      []UserID      `json:"silent,omitempty"`    // who had not answered at the last reminder; S… ids where that was not known

	EscalateTo []string  `json:"escalate_to,omitempty"` // U… and S… ids
	Escalate   time.Time `json:"escalate,omitzero"`     // when these are asked too; zero: not, or done
	Escalated  bool      `json:"escalated,omitempty"`   // they are asked too, and can approve
}

// Claim is somebody's "I am on it". It blocks nobody, and holds back reminders and
// escalation until it lapses, is given back, or they approve.
type Claim struct {
	By    Person    `json:"by,omitzero"`
	Until time.Time `json:"until,omitzero"`
}

const (
	defaultClaim = 15 * time.Minute // of a request from before claims were kept
	maxReminders = 3
)

// begin sets the instants that count from when approvers were asked.
func (a Asking) begin(escalateAfter time.Duration, now time.Time) Asking {
	if a.RemindAfter > 0 {
		a.Remind = now.Add(a.RemindAfter)
	}
	if escalateAfter > 0 && len(a.EscalateTo) > 0 {
		a.Escalate = now.Add(escalateAfter)
	}
	return a
}

// next is when something is to be done about it; lapse is when nothing is any more.
func (a Asking) next(lapse time.Time) time.Time {
	instants := []time.Time{a.Remind, a.Escalate}
	if !a.Claim.Until.IsZero() {
		instants = []time.Time{a.Claim.Until}
	}
	at := lapse
	for _, t := range instants {
		if !t.IsZero() && t.Before(at) {
			at = t
		}
	}
	return at
}

// Claimed is who has the waiting request in hand, and until when; the zero Claim for
// nobody.
func (g Grant) Claimed() Claim {
	if g.State != Pending {
		return Claim{}
	}
	return g.Asking.Claim
}

// ClaimOrGiveBack is "I am on it" of somebody who can approve: of whoever said so already
// it is given back, and from anybody else it is taken over.
func (g Grant) ClaimOrGiveBack(by Person, now time.Time) (Grant, Event, error) {
	switch {
	case g.State != Pending || !now.Before(g.Clock.Lapse):
		return g, Event{}, g.stale()
	case by.Same(g.Request.By):
		return g, Event{}, Refuse(ErrAuthority, "You asked for %s yourself, so somebody else must decide it.", g.ID)
	case g.ApprovedBy(by):
		return g, Event{}, Refuse(ErrStale, "You have already approved %s; somebody else must approve it too.", g.ID)
	}
	held := g.Asking.Claim
	g = g.changed()
	if held.By.Same(by) && now.Before(held.Until) {
		g.Asking.Claim = Claim{}
		return g, g.event(EventUnclaimed, by, now, ""), nil
	}
	until := now.Add(cmp.Or(g.Asking.ClaimFor, defaultClaim))
	if until.After(g.Clock.Lapse) {
		until = g.Clock.Lapse
	}
	g.Asking.Claim = Claim{By: by, Until: until}
	return g, g.event(EventClaimed, by, now, ""), nil
}

// withoutClaimOf is what is left when somebody has decided.
func (a Asking) withoutClaimOf(by Person) Asking {
	if a.Claim.By.Same(by) {
		a.Claim = Claim{}
	}
	return a
}

// AskDue reports whether Ask has something to do, and whether it must be told who is
// silent and whom an escalation reaches.
func (g Grant) AskDue(now time.Time) (due, people bool) {
	if g.State != Pending || now.Before(g.Wake()) || !now.Before(g.Clock.Lapse) {
		return false, false
	}
	a := g.Asking
	a.Claim = Claim{}
	return true, !now.Before(a.next(g.Clock.Lapse))
}

// Ask does what is due about a request that nobody decides: a claim lapses, those who
// are silent are asked again, and at most once others are asked too, each of reached by
// a direct message.
func (g Grant) Ask(silent, reached []UserID, now time.Time) (Grant, []Event, error) {
	if due, _ := g.AskDue(now); !due {
		return g, nil, nil
	}
	g = g.changed()
	var events []Event
	if c := g.Asking.Claim; !c.Until.IsZero() {
		g.Asking.Claim = Claim{}
		events = append(events, g.event(EventUnclaimed, Person{}, now, "nobody decided within the time of "+string(c.By.ID)))
	}
	if at := g.Asking.Remind; !at.IsZero() && !now.Before(at) {
		g.Asking = g.Asking.reminded(silent, now)
		events = append(events, g.event(EventUnanswered, Person{}, now, ""))
	}
	if at := g.Asking.Escalate; !at.IsZero() && !now.Before(at) {
		g.Asking.Escalate, g.Asking.Escalated = time.Time{}, true
		g.Approvers = slices.Clone(g.Approvers)
		for _, id := range g.Asking.EscalateTo {
			if !slices.Contains(g.Approvers, id) {
				g.Approvers = append(g.Approvers, id)
			}
		}
		if g.Asking.Reminders > 0 {
			g.Asking.Silent = slices.Concat(g.Asking.Silent, reached)
		}
		events = append(events, g.event(EventEscalated, Person{}, now, "").toPeople(reached))
	}
	return g, events, nil
}

// reminded has the next reminder follow after twice the time, while there is one more.
func (a Asking) reminded(silent []UserID, now time.Time) Asking {
	a.Silent = silent
	a.Reminders++
	a.Remind = time.Time{}
	if a.Reminders < maxReminders {
		a.Remind = now.Add(a.RemindAfter << a.Reminders)
	}
	return a
}
