package outbox

import (
	"context"
	"time"

	"jitbot/jit"
)

// Store keeps the notices, the grants that they are about, and what Slack has of
// these.
type Store interface {
	// Grant reads one. ErrNotFound.
	Grant(ctx context.Context, id jit.ID) (jit.Grant, error)
	// Notices lists what has not been told yet of what comes after the sequence
	// number, oldest first, at most limit. With an error, those that could be
	// read are returned too.
	Notices(ctx context.Context, after uint64, limit int) ([]jit.Notice, error)
	// Shown reads what Slack has of a grant, the zero Shown when that is nothing.
	Shown(ctx context.Context, id jit.ID) (Shown, error)
	// Told keeps what came of telling something. A notice that is gone already is
	// no error. The grant's revision stays.
	Told(ctx context.Context, o Outcome) error
}

// Shown is what Slack has of a grant.
type Shown struct {
	Revision uint64    `json:"revision,omitempty"` // of the grant, as its card shows it
	State    jit.State `json:"state,omitempty"`    // that the card shows
	Digest   string    `json:"digest,omitempty"`   // of the card as it was sent
	// Posting is when the card was first about to be posted, until it is known
	// where it is: since then there may be copies of it.
	Posting time.Time `json:"posting,omitzero"`
	// Direct are messages to people whose buttons are still there.
	Direct []Direct `json:"direct,omitempty"`
}

// Direct is a message to one person that has buttons.
type Direct struct {
	At    jit.Card  `json:"at"`
	Event jit.Event `json:"event"` // that it told
}

// Useless reports whether the buttons of the message no longer apply to the grant, or the
// end that it names is another by now.
func (d Direct) Useless(g jit.Grant) bool {
	switch d.Event.Kind {
	case jit.EventWaiting, jit.EventApproved, jit.EventEscalated:
		return g.State != jit.Pending
	case jit.EventReminded:
		return g.State != jit.Open || !d.Event.Until.Equal(g.Clock.Deadline)
	default:
		return g.State != jit.Open
	}
}

// Outcome is what came of telling something: all of it is kept in one transaction.
type Outcome struct {
	Told  []uint64 // notices that were told, or of which nothing is to be told any more
	Grant jit.ID   // that the rest is about
	Card  jit.Card // where its card is, when that is new
	// Show changes what Slack has of it; nil changes nothing. It may run more than
	// once and has no effects.
	Show func(Shown) Shown
}
