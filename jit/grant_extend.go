package jit

import (
	"slices"
	"strings"
	"time"

	"jitbot/jit/guardpath"
	"jitbot/jit/text"
)

// ExtendTerms limit for how much longer access may be kept. The zero value lets
// nothing be extended.
type ExtendTerms struct {
	Times      int           `json:"times,omitempty"`       // how often
	Total      time.Duration `json:"total,omitempty"`       // the longest that it may be open, counted from the opening
	NoApproval bool          `json:"no_approval,omitempty"` // else it is approved as the request was
}

// Strictest is what both allow.
func (t ExtendTerms) Strictest(o ExtendTerms) ExtendTerms {
	return ExtendTerms{Times: min(t.Times, o.Times), Total: min(t.Total, o.Total), NoApproval: t.NoApproval && o.NoApproval}
}

// Extension is more time that was asked for and is not in force yet. What is over
// leaves its number, so that no late answer is taken for one to the next.
type Extension struct {
	Number    int           `json:"number,omitempty"` // 1, 2, … of the grant
	By        time.Duration `json:"by,omitempty"`
	At        time.Time     `json:"at,omitzero"` // zero: none is under way
	Required  int           `json:"required,omitempty"`
	Approvers []string      `json:"approvers,omitempty"`
	Approvals []Approval    `json:"approvals,omitempty"`
	Approved  time.Time     `json:"approved,omitzero"` // from then on rules are rewritten
	Until     time.Time     `json:"until,omitzero"`    // what these say
}

// Waiting reports whether it waits for somebody's yes.
func (x Extension) Waiting() bool { return !x.At.IsZero() && x.Approved.IsZero() }

// Underway reports whether it is approved and its rules are being rewritten.
func (x Extension) Underway() bool { return !x.Approved.IsZero() }

// WrittenUntil is what the rules of the grant say: while an extension is under way its
// until, though the old deadline holds.
func (g Grant) WrittenUntil() time.Time {
	if g.Extension.Underway() {
		return g.Extension.Until
	}
	return g.Clock.Until
}

// BeforeExtension is the grant as its rules were before the extension that is under way.
func (g Grant) BeforeExtension() Grant {
	g.Extension = g.Extension.over()
	return g
}

func (x Extension) over() Extension { return Extension{Number: x.Number} }

// MostExtension is the most by which the grant can be extended now; 0 when it cannot be.
func (g Grant) MostExtension(t ExtendTerms) time.Duration {
	if g.State != Open || g.Extended >= t.Times {
		return 0
	}
	return max(0, g.Clock.Opened.Add(t.Total).Sub(g.Clock.Deadline))
}

// Extendable refuses what cannot be extended by so much: what is not open, is being
// extended, or would be open for longer than the terms allow.
func (g Grant) Extendable(d time.Duration, t ExtendTerms, now time.Time) error {
	most := g.MostExtension(t)
	switch {
	case g.State != Open || !now.Before(g.Clock.Deadline):
		return g.notOpen("extend")
	case g.Extension.Underway():
		return Refuse(ErrStale, "%s is being extended by %s already; wait until that is in force.", g.ID, g.Extension.By)
	case g.Extension.Waiting():
		return Refuse(ErrStale, "%s more was asked for %s already, and that waits for approval.", g.Extension.By, g.ID)
	case d < time.Second:
		return Refuse(ErrInput, "%s is no time to extend %s by; write one such as 30m.", d, g.ID)
	case g.Extended >= t.Times:
		return Refuse(ErrPolicy, "%s was extended %s, and its policy allows no more; ask anew with /jit request.",
			g.ID, text.Count(g.Extended, "time", "times"))
	case most == 0:
		return Refuse(ErrPolicy, "%s may be open for %s at most, which it is already; ask anew with /jit request.", g.ID, t.Total)
	case d > most:
		return Refuse(ErrPolicy, "%s more is too long for %s; extend it by at most %s.", d, g.ID, most)
	}
	return nil
}

// notOpen says why there is nothing to do, such as extend.
func (g Grant) notOpen(what string) error {
	switch g.State {
	case Asked, Pending, Opening:
		return Refuse(ErrStale, "%s is not open yet, so there is nothing to "+what+".", g.ID)
	case Open:
		return Refuse(ErrStale, "The time of %s is over, so there is nothing to "+what+"; ask anew with /jit request.", g.ID)
	default:
		return g.stale()
	}
}

// Extend asks for more time on the terms of now: approvals as required from approvers,
// or none. The old deadline holds until ConfirmExtended.
func (g Grant) Extend(d time.Duration, t ExtendTerms, required int, approvers []string, now time.Time) (Grant, Event, error) {
	if err := g.Extendable(d, t, now); err != nil {
		return g, Event{}, err
	}
	g = g.changed()
	g.ExtendTerms = t
	g.Extension = Extension{Number: g.Extension.Number + 1, By: d, At: now}
	if required == 0 {
		g.Extension = g.Extension.approved(g.Clock.Deadline, now)
		return g, g.event(EventExtending, g.Request.By, now, text.Duration(d)+" more, which needs no approval"), nil
	}
	g.Extension.Required, g.Extension.Approvers = required, approvers
	return g, g.event(EventExtending, g.Request.By, now, text.Duration(d)+" more"), nil
}

// approved has rules be rewritten from now on. What they say has whole seconds, and is
// not before the new deadline.
func (x Extension) approved(deadline, now time.Time) Extension {
	x.Approved, x.Until = now, deadline.Add(x.By+time.Second-1).Truncate(time.Second)
	return x
}

// ExtensionDecidable refuses, as too late, a decision about an extension that is not
// the one which waits.
func (g Grant) ExtensionDecidable(number int, now time.Time) error {
	switch {
	case g.State != Open || !now.Before(g.Clock.Deadline):
		return g.notOpen("extend")
	case g.Extension.Waiting() && g.Extension.Number == number:
		return nil
	case g.Extension.Underway() && g.Extension.Number == number:
		return Refuse(ErrStale, "That extension of %s is approved already.", g.ID)
	default:
		return Refuse(ErrStale, "That extension of %s was decided already, or is over; /jit list shows until when it is open.", g.ID)
	}
}

// ApproveExtension counts one yes to the extension of the number; those of void count
// no more. With the last one needed its rules are to be rewritten.
func (g Grant) ApproveExtension(number int, by Person, required int, void []UserID, now time.Time) (Grant, Event, error) {
	if err := g.ExtensionDecidable(number, now); err != nil {
		return g, Event{}, err
	}
	if by.Same(g.Request.By) {
		return g, Event{}, Refuse(ErrAuthority, "You asked to extend %s yourself, so somebody else must approve it.", g.ID)
	}
	x := g.Extension
	x.Required = max(x.Required, required)
	x.Approvals = slices.DeleteFunc(slices.Clone(x.Approvals), func(a Approval) bool { return slices.Contains(void, a.By.ID) })
	if slices.ContainsFunc(x.Approvals, func(a Approval) bool { return a.By.Same(by) }) {
		return g, Event{}, Refuse(ErrStale, "You have already approved that extension of %s; somebody else must approve it too.", g.ID)
	}
	g = g.changed()
	x.Approvals = append(x.Approvals, Approval{By: by, At: now})
	if len(x.Approvals) >= x.Required {
		x = x.approved(g.Clock.Deadline, now)
	}
	g.Extension = x
	return g, g.event(EventExtending, by, now, text.Duration(x.By)+" more approved"), nil
}

// DenyExtension ends the extension of the number with a no; the access goes on to its
// deadline.
func (g Grant) DenyExtension(number int, by Person, why string, now time.Time) (Grant, Event, error) {
	if err := g.ExtensionDecidable(number, now); err != nil {
		return g, Event{}, err
	}
	next := g.BeforeExtension().changed()
	return next, next.event(EventUnextended, by, now, why).toHolder(), nil
}

// ConfirmExtended says that the rules of the grant were read back with the until of its
// extension, at all guards in one reading: from now on the new deadline holds. It is too
// late when the old one has passed, or what was read back is not what is stored.
func (g Grant) ConfirmExtended(read Grant, now time.Time) (Grant, []Event, error) {
	x := g.Extension
	same := x.Number == read.Extension.Number && x.Until.Equal(read.Extension.Until) && guardpath.Same(g.Paths, read.Paths)
	if g.State != Open || !x.Underway() || !same || !now.Before(g.Clock.Deadline) {
		return g, nil, g.notOpen("extend")
	}
	g = g.changed()
	g.Clock.Deadline, g.Clock.Until = g.Clock.Deadline.Add(x.By), x.Until
	g.Extended, g.Extension = g.Extended+1, x.over()
	if g.Clock.RemindBefore > 0 {
		g.Clock.Remind = g.Clock.Deadline.Add(-g.Clock.RemindBefore)
		g.Reminded = !now.Before(g.Clock.Remind) // the new end was just told
	}
	g.Paths = slices.Clone(g.Paths)
	for i := range g.Paths {
		g.Paths[i].Fault = ""
	}
	return g, []Event{g.event(EventExtended, Person{}, now, text.Duration(x.By)+" more")}, nil
}

// Longer is the grant as it would have been asked for, were it to be open by d longer: that
// says who decides about that.
func (g Grant) Longer(d time.Duration) Grant {
	g.Request.Asked = Extent{}
	g.Request.Duration = g.Clock.Deadline.Add(d).Sub(g.Clock.Opened)
	return g
}

// ExtensionAwaits reports whether an extension waits for the yes of the person, as far as
// the grant itself says.
func (g Grant) ExtensionAwaits(by UserID) bool {
	return g.State == Open && g.Extension.Waiting() && g.Request.By.ID != by &&
		!slices.ContainsFunc(g.Extension.Approvals, func(a Approval) bool { return a.By.ID == by })
}

// unextended says why the extension did not come in time; empty when there is none.
func (g Grant) unextended() string {
	by := "the extension by " + text.Duration(g.Extension.By)
	switch {
	case g.Extension.Waiting():
		return by + " was not approved before the end"
	case g.Extension.Underway():
		return strings.Replace(g.Unconfirmed(), "it was not confirmed in time", by+" was not in force before the end", 1)
	default:
		return ""
	}
}
