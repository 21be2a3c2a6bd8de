package jit

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// EventKind is what happened.
type EventKind string

// The kinds of events in the record.
const (
	EventAsked        EventKind = "asked"
	EventRefused      EventKind = "refused"      // rights or policy said no
	EventRejected     EventKind = "rejected"     // a click or command without the authority for it
	EventWaiting      EventKind = "waiting"      // approvers were asked
	EventApproved     EventKind = "approved"     // one yes
	EventClaimed      EventKind = "claimed"      // an approver is on it: reminders and escalation wait
	EventUnclaimed    EventKind = "unclaimed"    // that was given back, or lapsed
	EventUnanswered   EventKind = "unanswered"   // those who could approve and have not were asked again
	EventEscalated    EventKind = "escalated"    // others were asked too, and can approve from then on
	EventDenied       EventKind = "denied"       // a no
	EventLapsed       EventKind = "lapsed"       // nobody answered in time
	EventCancelled    EventKind = "cancelled"    // withdrawn by the requester, or from the host
	EventHeld         EventKind = "held"         // an opening waits, and why
	EventOpening      EventKind = "opening"      // rules are about to be written
	EventProgress     EventKind = "progress"     // some guards agree, and a slow one does not yet
	EventOpened       EventKind = "opened"       // read back in force
	EventFailed       EventKind = "failed"       // not confirmed; being closed
	EventExtending    EventKind = "extending"    // more time was asked for, or approved, and is not in force yet
	EventExtended     EventKind = "extended"     // read back in force: the new deadline holds
	EventUnextended   EventKind = "unextended"   // denied, lapsed or given up: the old deadline holds
	EventMoving       EventKind = "moving"       // the rules are being rewritten to the holder's new address, or back
	EventUnmoved      EventKind = "unmoved"      // read back as before: the old address holds
	EventReminded     EventKind = "reminded"     // the holder was told that the end is near
	EventUnchecked    EventKind = "unchecked"    // the holder's rights could not be read; the grant is kept
	EventClosing      EventKind = "closing"      // rules are about to be removed
	EventStuck        EventKind = "stuck"        // closing takes too long or was forbidden
	EventClosed       EventKind = "closed"       // read back gone
	EventDrift        EventKind = "drift"        // somebody changed a rule of ours
	EventHindered     EventKind = "hindered"     // somebody's rule stands before those of an open grant, or none does any more
	EventOrphan       EventKind = "orphan"       // a rule of ours without a live grant was removed
	EventProtecting   EventKind = "protecting"   // denies are about to be written
	EventProtected    EventKind = "protected"    // read back in force
	EventUnprotecting EventKind = "unprotecting" // denies are about to be removed
	EventUnprotected  EventKind = "unprotected"  // read back gone
	EventExposed      EventKind = "exposed"      // what is open of a VM that should be shut changed
	EventMoved        EventKind = "moved"        // read back with the new source; or a VM's addresses or guards changed, and the rules follow
	EventDigest       EventKind = "digest"       // the channel is told how all VMs stand
	EventCopied       EventKind = "copied"       // the host took a copy of the store or of the record
	EventWrote        EventKind = "wrote"        // Azure was asked for a change, and answered or not
	EventAnchor       EventKind = "anchor"       // the text is an anchor of the record, told so that it is kept elsewhere
	EventMissing      EventKind = "missing"      // a person or group of the configuration is unknown to Slack
)

// Event is one line of the record. Hash covers every field before it and the
// hash of the line before, so that a changed, removed or reordered line shows.
type Event struct {
	Seq     uint64    `json:"seq"` // 1, 2, 3, … without gaps; given by the store
	At      time.Time `json:"at"`
	Kind    EventKind `json:"kind"`
	Grant   ID        `json:"grant,omitempty"`
	Actor   Person    `json:"actor,omitzero"` // zero when jitbot itself acted
	Subject Person    `json:"subject,omitzero"`
	VMs     []string  `json:"vms,omitempty"` // resource ids
	Ports   []Ports   `json:"ports,omitempty"`
	Sources []string  `json:"sources,omitempty"`
	Until   time.Time `json:"until,omitzero"` // the deadline, or the latest end, as known then
	Text    string    `json:"text,omitempty"` // the reason given, or what went wrong
	Write   Write     `json:"write,omitzero"` // what Azure was asked for
	Prev    string    `json:"prev"`
	Hash    string    `json:"hash"`

	tell []Audience // who must be told; stored as notices, not part of the record
}

// Write is one request for a change, as Azure's activity log knows it.
type Write struct {
	Method      string `json:"method,omitempty"`      // PUT or DELETE
	Resource    string `json:"resource,omitempty"`    // its id
	Request     string `json:"request,omitempty"`     // x-ms-client-request-id, which we gave it
	Correlation string `json:"correlation,omitempty"` // x-ms-correlation-request-id of the answer
	Code        int    `json:"code,omitempty"`        // of the answer; 0: none came
}

// Tell lists who must be told of the event.
func (e Event) Tell() []Audience { return e.tell }

// event is a line about the grant as it is after the change.
func (g Grant) event(kind EventKind, by Person, now time.Time, text string) Event {
	until := g.Clock.Deadline
	if until.IsZero() {
		until = g.Clock.Until
	}
	sources := words(g.Request.Sources)
	return Event{
		At: now.UTC(), Kind: kind, Grant: g.ID, Actor: by, Subject: g.Request.By,
		VMs: g.VMs(), Ports: g.Request.Ports, Sources: sources, Until: until, Text: text,
		tell: audiences(kind).grant,
	}
}

// Orphaned is the line about a rule that no live grant explained: that it was removed
// from a guard or, with a fault, that it could not be and stays. Those who see the
// grant's card, if it has one, are told of the first, and the channel of the second.
func Orphaned(rule, guard string, grant ID, card Card, fault string, now time.Time) Event {
	e := Event{At: now, Kind: EventOrphan, Grant: grant, Text: "The rule " + rule + " of " + guard + " had no live grant and was removed."}
	if fault != "" {
		e.Kind, e.Text = EventStuck, "The rule "+rule+" of "+guard+" has no live grant and could not be removed: "+fault+"."
	}
	told := audiences(e.Kind)
	if e.tell = told.other; fault == "" && card != (Card{}) {
		e.tell = told.grant
	}
	return e
}

// maxTogether is how many texts a line for many names.
const maxTogether = 20

// Together is one line for the default channel about what happened to many alike:
// this event and others of its kind.
func (e Event) Together(others []Event, now time.Time) Event {
	out := Event{At: now.UTC(), Kind: e.Kind, Ports: e.Ports, tell: []Audience{ToChannel}}
	var texts []string
	for _, one := range append([]Event{e}, others...) {
		out.VMs = append(out.VMs, one.VMs...)
		if !slices.Contains(texts, one.Text) {
			texts = append(texts, one.Text)
		}
	}
	slices.Sort(out.VMs)
	out.VMs = slices.Compact(out.VMs)
	if more := len(texts) - maxTogether; more > 0 {
		texts = append(texts[:maxTogether], fmt.Sprintf("And %d more.", more))
	}
	out.Text = strings.Join(texts, " ")
	return out
}

// Line is a line of no grant and no VM.
func Line(kind EventKind, text string, now time.Time) Event {
	return Event{At: now.UTC(), Kind: kind, Text: text, tell: audiences(kind).other}
}

// Rejected is the line about an attempt without authority that is about no
// grant: what was tried, and at which VMs.
func Rejected(by UserID, what string, vms []string, now time.Time) Event {
	return Event{At: now, Kind: EventRejected, Actor: Person{ID: by}, VMs: vms, Text: what, tell: audiences(EventRejected).other}
}

// Copied is the line about a copy that the host takes.
func Copied(by UserID, what string, now time.Time) Event {
	return Event{At: now.UTC(), Kind: EventCopied, Actor: Person{ID: by}, Text: what}
}

// Rejected is the line about an attempt on the grant without authority.
func (g Grant) Rejected(by UserID, what string, now time.Time) Event {
	return g.event(EventRejected, Person{ID: by}, now, what)
}

// EventAt is a line about ports of a VM that is of no grant.
func EventAt(vm string, ports []Ports, kind EventKind, by Person, now time.Time, text string) Event {
	return Event{At: now.UTC(), Kind: kind, Actor: by, VMs: []string{vm}, Ports: ports, Text: text, tell: audiences(kind).other}
}
