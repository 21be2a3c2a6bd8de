package outbox

import (
	"context"

	"jitbot/jit"
)

// Kind is what is sent to Slack.
type Kind string

// The kinds of messages.
const (
	KindCard    Kind = "card"    // a grant's card is posted or edited
	KindDirect  Kind = "direct"  // its holder is told
	KindThread  Kind = "thread"  // a reply under its card
	KindPerson  Kind = "person"  // somebody who may decide is told by themselves
	KindEnded   Kind = "ended"   // what ended, of many grants: to a channel
	KindHolder  Kind = "holder"  // what ended, of many grants of one person: to them
	KindChannel Kind = "channel" // what concerns no grant
	KindButtons Kind = "buttons" // messages to the holder lose the buttons that no longer apply
)

// Kinds lists what can wait: the messages for many are made of these.
func Kinds() []Kind {
	return []Kind{KindCard, KindDirect, KindThread, KindPerson, KindChannel, KindButtons}
}

// Message is what is to be told, of grants as they are now.
type Message struct {
	Kind    Kind
	Channel string      // where it goes, a channel or a person; a card that is there is edited there
	Grants  []jit.Grant // one, but of what is for many
	Events  []jit.Event // what happened, oldest first
	Shown   Shown       // what Slack has of the one grant
}

// TakesOut reports whether a message of KindButtons takes the buttons out of that one.
func (m Message) TakesOut(d Direct) bool {
	return d.Event.Seq == m.Events[0].Seq && d.At.Channel == m.Channel
}

// Sent is what Slack has of a message that was taken.
type Sent struct {
	At     jit.Card // where it is
	Digest string   // of a card
	Same   bool     // nothing was sent, because Slack has it so already
	Button bool     // it has buttons
}

// Notifier shows people what happened. Of a crash between showing and storing, a
// message may be shown twice, never lost.
type Notifier interface {
	// Notify delivers one message. An error that wraps jit.ErrInvalid or
	// jit.ErrNotFound will come again however often it is tried; jit.ErrForbidden
	// is a channel that is shut; a *jit.BusyError with a Wait limits the method,
	// for posts in that channel, and one without says that Slack is in trouble.
	Notify(ctx context.Context, m Message) (Sent, error)
}
