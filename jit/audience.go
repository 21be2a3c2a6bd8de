package jit

import (
	"slices"
	"strings"
)

// Audience is whom a notice is for.
type Audience string

// The audiences of a notice.
const (
	ToCard      Audience = "card"      // the card in the approvers' channel is posted or edited
	ToThread    Audience = "thread"    // a reply in the card's thread
	ToRequester Audience = "requester" // a direct message to whoever asked
	ToChannel   Audience = "channel"   // a message of its own in the default channel: what concerns no grant
)

// personPrefix begins the audience of one person.
const personPrefix = "person:"

// ToPerson is a direct message to somebody who may decide about the grant.
func ToPerson(id UserID) Audience { return Audience(personPrefix + string(id)) }

// Person is who the audience is, when it is one person by name.
func (a Audience) Person() (UserID, bool) {
	id, ok := strings.CutPrefix(string(a), personPrefix)
	return UserID(id), ok
}

// hearers are who is told of events of a kind.
type hearers struct {
	grant  []Audience // a grant changed
	holder []Audience // a grant changed, and its holder must know: it takes minutes, somebody else did it, or the address is another
	over   []Audience // what was told of a grant is over
	other  []Audience // what changed is no grant: a protection, all VMs, a rule of a grant without a card
}

// audiences are who is told of events of the kind.
func audiences(kind EventKind) hearers { return audiencesOf()[kind] }

// audiencesOf has a row for each kind, also for those that nobody is told of.
func audiencesOf() map[EventKind]hearers {
	var (
		requester = []Audience{ToRequester}
		card      = []Audience{ToCard}
		asked     = []Audience{ToCard, ToRequester}
		thread    = []Audience{ToThread}
		watchers  = []Audience{ToCard, ToThread}
		everybody = []Audience{ToCard, ToThread, ToRequester}
		channel   = []Audience{ToChannel}
	)
	return map[EventKind]hearers{
		EventAsked:        {},
		EventRefused:      {grant: requester},
		EventRejected:     {},
		EventWaiting:      {grant: asked},
		EventApproved:     {grant: watchers, holder: everybody},
		EventClaimed:      {grant: watchers},
		EventUnclaimed:    {grant: watchers},
		EventUnanswered:   {grant: watchers},
		EventEscalated:    {grant: watchers},
		EventDenied:       {grant: everybody},
		EventLapsed:       {grant: everybody},
		EventCancelled:    {grant: watchers, holder: everybody},
		EventHeld:         {grant: everybody},
		EventOpening:      {grant: card, holder: asked},
		EventProgress:     {grant: card},
		EventOpened:       {grant: everybody},
		EventFailed:       {grant: everybody},
		EventExtending:    {grant: watchers},
		EventExtended:     {grant: everybody},
		EventUnextended:   {grant: watchers, holder: everybody},
		EventMoving:       {grant: watchers},
		EventUnmoved:      {grant: everybody},
		EventReminded:     {grant: requester},
		EventUnchecked:    {grant: watchers},
		EventClosing:      {grant: card},
		EventStuck:        {grant: everybody, other: channel},
		EventClosed:       {grant: everybody},
		EventDrift:        {grant: watchers, other: channel},
		EventHindered:     {grant: everybody, over: card},
		EventOrphan:       {grant: thread},
		EventProtecting:   {},
		EventProtected:    {other: channel},
		EventUnprotecting: {},
		EventUnprotected:  {other: channel},
		EventExposed:      {other: channel},
		EventMoved:        {grant: watchers, holder: everybody, other: channel},
		EventDigest:       {other: channel},
		EventCopied:       {},
		EventWrote:        {},
		EventAnchor:       {other: channel},
		EventMissing:      {other: channel},
	}
}

// toHolder has the holder told as well.
func (e Event) toHolder() Event {
	e.tell = audiences(e.Kind).holder
	return e
}

// over has those told who must know that it is over.
func (e Event) over() Event {
	e.tell = audiences(e.Kind).over
	return e
}

// toPeople has each of the people told by a direct message as well.
func (e Event) toPeople(ids []UserID) Event {
	e.tell = slices.Clone(e.tell)
	for _, id := range ids {
		e.tell = append(e.tell, ToPerson(id))
	}
	return e
}
