package jit

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"jitbot/jit/guardpath"
	"jitbot/jit/resource"
)

// Names reports whether the VM is one that was asked for.
func (r Request) Names(vm string) bool {
	return slices.ContainsFunc(r.Targets, func(t Target) bool { return resource.Same(t.VM, vm) })
}

// Approval is one yes.
type Approval struct {
	By Person    `json:"by"`
	At time.Time `json:"at"`
}

// Decision is who ended a grant or a request, and why.
type Decision struct {
	Ending Ending `json:"ending,omitempty"` // set when it was live
	By     Person `json:"by,omitzero"`      // zero when jitbot itself did
	Reason string `json:"reason,omitempty"`
	Rights bool   `json:"rights,omitempty"` // refused for the lack of Azure actions, which the reason names

	// VMs are the resource ids of those at which it failed or was refused; none when that
	// is so of all of them, or of the whole.
	VMs []string `json:"vms,omitempty"`
}

// Grant is one ask and its whole life: one record, one id, one card, one
// deadline.
type Grant struct {
	ID        ID               `json:"id"`
	Revision  uint64           `json:"revision"`
	State     State            `json:"state"`
	Request   Request          `json:"request"`
	Required  int              `json:"required"`            // approvals needed
	Approvers []string         `json:"approvers,omitempty"` // U… and S… ids that were asked
	Approvals []Approval       `json:"approvals,omitempty"`
	Auto      Auto             `json:"auto,omitzero"`     // why it needed nobody's yes though its entry asks for approvals
	Asking    Asking           `json:"asking,omitzero"`   // what is done while nobody answers
	Channel   string           `json:"channel,omitempty"` // where the card goes
	Clock     Clock            `json:"clock"`
	Paths     []guardpath.Path `json:"paths,omitempty"`
	Left      []guardpath.Path `json:"left,omitempty"` // where its VMs were before: rules there are still to be removed
	Decision  Decision         `json:"decision,omitzero"`
	Stuck     bool             `json:"stuck,omitempty"`    // closing that takes too long or was forbidden
	Waiting   string           `json:"waiting,omitempty"`  // opening: why nothing is written yet
	Warnings  []string         `json:"warnings,omitempty"` // what is dangerous about it, the worst first
	Notes     []string         `json:"notes,omitempty"`    // what else is known of the VMs' ports
	Reminded  bool             `json:"reminded,omitempty"`
	Unchecked bool             `json:"unchecked,omitempty"` // the holder's rights could not be read the last time
	// EndOnDrift says that the grant ends when somebody changes a rule of it,
	// instead of the rule being put back.
	EndOnDrift bool `json:"end_on_drift,omitempty"`
	// ExtendTerms are as the policy had them at the ask, or at the last extension.
	ExtendTerms ExtendTerms    `json:"extend_terms,omitzero"`
	Extended    int            `json:"extended,omitempty"` // extensions that came into force
	Extension   Extension      `json:"extension,omitzero"` // more time that is not in force yet
	Move        guardpath.Move `json:"move,omitzero"`      // another source that is not in force yet
	// StillOpen says who is let in to its ports though it is closed, as read then.
	StillOpen string `json:"still_open,omitempty"`
	Card      Card   `json:"card,omitzero"`
}

// DeriveID makes an id from the key of the delivery, so that a repeated delivery
// finds the grant it made; n counts up past ids that other keys have taken.
// Guessing an id is no authority, so ids only need to differ.
func (r Request) DeriveID(n int) ID {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s#%d", r.Key, n))
	b := make([]byte, idLength)
	for i := range b {
		b[i] = idAlphabet[(int(sum[2*i])<<8|int(sum[2*i+1]))%len(idAlphabet)]
	}
	return ID("g-" + string(b))
}

// NewGrant is a grant as it is stored before anything was checked.
func NewGrant(id ID, r Request) (Grant, Event) {
	g := Grant{ID: id, Revision: 1, State: Asked, Request: r}
	return g, g.event(EventAsked, r.By, r.At, r.Reason)
}

// Wake is the instant from which the loop must look at the grant; zero when
// it has ended.
func (g Grant) Wake() time.Time {
	switch g.State {
	case Asked:
		return g.Request.At
	case Pending:
		return g.Asking.next(g.Clock.Lapse)
	case Opening:
		if g.Clock.Begun.IsZero() {
			return g.Clock.Approved
		}
		return g.Clock.OpenBy
	case Open:
		next := g.Clock.Deadline
		if !g.Reminded && !g.Clock.Remind.IsZero() {
			next = g.Clock.Remind
		}
		return g.Move.Wake(next)
	case Closing:
		return g.Clock.Closing
	default:
		return time.Time{}
	}
}

// VMs are the resource ids of what was asked for.
func (g Grant) VMs() []string {
	out := make([]string, 0, len(g.Request.Targets))
	for _, t := range g.Request.Targets {
		out = append(out, t.VM)
	}
	return out
}

// someOf are those of the VMs that were asked for; none when they are all.
func (g Grant) someOf(vms []string) []string {
	some := slices.DeleteFunc(g.VMs(), func(id string) bool {
		return !slices.ContainsFunc(vms, func(vm string) bool { return resource.Same(vm, id) })
	})
	if len(some) == len(g.Request.Targets) {
		return nil
	}
	return some
}

// ApprovedBy reports whether the person, by Slack or Entra id, has approved.
func (g Grant) ApprovedBy(p Person) bool {
	return slices.ContainsFunc(g.Approvals, func(a Approval) bool { return a.By.Same(p) })
}

// changed is the grant with the next revision.
func (g Grant) changed() Grant {
	g.Revision++
	return g
}

// Begin stores where rules will be written and until when they may stand. It
// comes before the first write and happens once.
func (g Grant) Begin(paths []guardpath.Path, openWithin time.Duration, now time.Time) (Grant, Event, error) {
	if g.State != Opening || !g.Clock.Begun.IsZero() {
		return g, Event{}, g.stale()
	}
	g = g.changed()
	g.Paths, g.Waiting = paths, ""
	g.Clock.Begun = now
	g.Clock.OpenBy = now.Add(openWithin)
	g.Clock.Until = now.Add(g.Request.Duration + openWithin)
	e := g.event(EventOpening, Person{}, now, "")
	if g.Slow() {
		e = e.toHolder() // who would wonder otherwise
	}
	return g, e, nil
}

// Delay says why an opening waits; the same reason is said once.
func (g Grant) Delay(why string, now time.Time) (Grant, []Event, error) {
	if g.State != Opening || !g.Clock.Begun.IsZero() {
		return g, nil, g.stale()
	}
	if g.Waiting == why {
		return g, nil, nil
	}
	g = g.changed()
	g.Waiting = why
	return g, []Event{g.event(EventHeld, Person{}, now, why)}, nil
}

// ConfirmOpen says that every path was read back in force. The deadline counts
// from now.
func (g Grant) ConfirmOpen(now time.Time) (Grant, Event, error) {
	if g.State != Opening || g.Clock.Begun.IsZero() || !now.Before(g.Clock.OpenBy) {
		return g, Event{}, g.stale()
	}
	g = g.changed()
	g.State, g.Clock.Opened = Open, now
	g.Clock.Deadline = now.Add(g.Request.Duration)
	if g.Clock.Deadline.After(g.Clock.Until) {
		g.Clock.Deadline = g.Clock.Until
	}
	if g.Clock.RemindBefore > 0 && g.Request.Duration > g.Clock.RemindBefore {
		g.Clock.Remind = g.Clock.Deadline.Add(-g.Clock.RemindBefore)
	}
	g.Paths = slices.Clone(g.Paths)
	for i := range g.Paths {
		g.Paths[i].Confirmed, g.Paths[i].Fault = true, ""
	}
	return g, g.event(EventOpened, Person{}, now, ""), nil
}

// Remind tells the holder that the end is near, once.
func (g Grant) Remind(now time.Time) (Grant, []Event, error) {
	if g.State != Open || g.Reminded || g.Clock.Remind.IsZero() || now.Before(g.Clock.Remind) {
		return g, nil, nil
	}
	g = g.changed()
	g.Reminded = true
	return g, []Event{g.event(EventReminded, Person{}, now, "")}, nil
}

// Shares reports whether the other grant is for one of the same VMs.
func (g Grant) Shares(o Grant) bool {
	return slices.ContainsFunc(g.Request.Targets, func(t Target) bool {
		return slices.ContainsFunc(o.Request.Targets, func(u Target) bool { return resource.Same(t.VM, u.VM) })
	})
}

// Beside has the card of a grant that is opening or open say that another one is.
func (g Grant) Beside(o Grant, now time.Time) (Grant, []Event, error) {
	if g.State != Opening && g.State != Open {
		return g, nil, nil
	}
	g = g.changed()
	return g, []Event{g.event(EventProgress, Person{}, now, "Its holder has "+string(o.ID)+" for the same VM too.")}, nil
}

// Unconfirmed says why a grant was not confirmed in time.
func (g Grant) Unconfirmed() string {
	for _, p := range g.Paths {
		if p.Fault != "" {
			return "it was not confirmed in time: " + p.Fault
		}
	}
	return "it was not confirmed in time"
}

// ConfirmedAt reports whether the guard was read back as the grant's state wants it.
func (g Grant) ConfirmedAt(guard string) bool {
	return !slices.ContainsFunc(g.Paths, func(p guardpath.Path) bool { return resource.Same(p.Guard, guard) && !p.Confirmed })
}

// BegunBefore reports whether rules of a grant that has not ended were written,
// or are about to be, since before then.
func (g Grant) BegunBefore(then time.Time) bool {
	return (g.State == Opening || g.State == Open) && !g.Clock.Begun.IsZero() && g.Clock.Begun.Before(then)
}

// MayStandAt reports whether rules of the grant may stand at the instant: it is
// opening in its time or open, and neither its deadline nor its until has come. It is asked
// of the clock alone, so a rule that is overdue is not desired even when the store
// takes no change.
func (g Grant) MayStandAt(now time.Time) bool {
	if g.State != Opening && g.State != Open {
		return false
	}
	if g.State == Opening && !g.Clock.OpenBy.IsZero() && !now.Before(g.Clock.OpenBy) {
		return false // it was not confirmed in time
	}
	return (g.Clock.Until.IsZero() || now.Before(g.Clock.Until)) && (g.Clock.Deadline.IsZero() || now.Before(g.Clock.Deadline))
}
