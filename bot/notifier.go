package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/slack-go/slack"

	"jitbot/bot/command"
	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/clock"
	"jitbot/jit/outbox"
	"jitbot/jit/reach"
)

// Notifier shows grants and what happens to them in Slack. It is an
// outbox.Notifier, which keeps the pace of Limits.
type Notifier struct {
	// Others, when not nil, finds what else is open on a grant's VMs, for its
	// card. Set it before the first notice, as Changed.
	Others func(context.Context, jit.Grant) ([]jit.Grant, error)
	// Changed, when not nil, is told of each grant that there is news of.
	Changed func(jit.Grant)
	// Digest gives the latest digest, for the notice of it.
	Digest func(context.Context) (reach.Digest, error)

	api *slack.Client
}

// NewNotifier makes a notifier.
func NewNotifier(api *slack.Client) *Notifier { return &Notifier{api: api} }

// Limits are Slack's: about a message a second and channel with short bursts, some
// hundred posts and 50 edits a minute and workspace.
// https://docs.slack.dev/apis/web-api/rate-limits
func Limits() outbox.Limits {
	return outbox.Limits{
		Post:  outbox.Rate{Each: time.Second, Burst: 3},
		Posts: outbox.Rate{Each: time.Minute / 300, Burst: 200},
		Edit:  outbox.Rate{Each: time.Minute / 50, Burst: 40},
	}
}

const (
	postWithin   = 15 * time.Second
	metadataType = "jitbot_grant"
)

// Notify implements outbox.Notifier.
func (n *Notifier) Notify(ctx context.Context, m outbox.Message) (outbox.Sent, error) {
	if n.Changed != nil {
		for _, g := range m.Grants {
			n.Changed(g)
		}
	}
	if ofOne(m.Kind) && len(m.Grants) != 1 {
		return outbox.Sent{}, fmt.Errorf("a %s of %d grants: %w", m.Kind, len(m.Grants), jit.ErrInvalid)
	}
	switch m.Kind {
	case outbox.KindCard:
		return n.card(ctx, m)
	case outbox.KindThread:
		return n.reply(ctx, m)
	case outbox.KindDirect:
		return n.direct(ctx, m)
	case outbox.KindPerson:
		return n.person(ctx, m)
	case outbox.KindButtons:
		return n.plain(ctx, m)
	case outbox.KindEnded:
		return n.many(ctx, m.Channel, view.Ended(m.Grants))
	case outbox.KindHolder:
		return n.toHolder(ctx, m)
	case outbox.KindChannel:
		return n.announce(ctx, m)
	default:
		return outbox.Sent{}, fmt.Errorf("telling by %q: %w", m.Kind, jit.ErrInvalid)
	}
}

// ofOne reports whether messages of the kind are about one grant.
func ofOne(k outbox.Kind) bool {
	return slices.Contains([]outbox.Kind{outbox.KindCard, outbox.KindDirect, outbox.KindThread, outbox.KindPerson, outbox.KindButtons}, k)
}

// announce says what concerns no grant, in a message of its own. A digest that a
// later one has taken the place of is said by that.
func (n *Notifier) announce(ctx context.Context, m outbox.Message) (outbox.Sent, error) {
	if len(m.Events) == 0 {
		return outbox.Sent{Same: true}, nil
	}
	e := m.Events[0]
	if e.Kind != jit.EventDigest || n.Digest == nil {
		return n.many(ctx, m.Channel, view.ChannelMany(m.Events))
	}
	d, err := n.Digest(ctx)
	if err != nil {
		return outbox.Sent{}, fmt.Errorf("reading the digest: %w", err)
	}
	if !d.At.Equal(e.At) {
		return outbox.Sent{Same: true}, nil
	}
	return n.many(ctx, m.Channel, view.Many{Head: view.Digest(d)})
}

// many says what many have in common, and all of it in the thread.
func (n *Notifier) many(ctx context.Context, channel string, m view.Many) (outbox.Sent, error) {
	at, err := n.post(ctx, channel, m.Head)
	if err != nil {
		return outbox.Sent{}, err
	}
	for _, part := range m.Rest {
		if err := n.patiently(ctx, at, part); err != nil {
			return outbox.Sent{At: at}, err
		}
	}
	return outbox.Sent{At: at}, nil
}

const (
	partPause = time.Second      // between the parts of a list: the pace of a channel
	partWait  = 30 * time.Second // that Slack asks for at most; else the list is told once more
	partTries = 5
)

// patiently posts a part of a list under its head, as fast as the channel takes it.
func (n *Notifier) patiently(ctx context.Context, at jit.Card, part view.Message) error {
	for tries := 1; ; tries++ {
		if !clock.Sleep(ctx, partPause) {
			return ctx.Err()
		}
		_, err := n.post(ctx, at.Channel, part, slack.MsgOptionTS(at.Message))
		busy, ok := errors.AsType[*jit.BusyError](err)
		if !ok || busy.Wait > partWait || tries == partTries || !clock.Sleep(ctx, busy.Wait) {
			return err
		}
	}
}

// others is what else is open there. A card without it is better than none.
func (n *Notifier) others(ctx context.Context, g jit.Grant) []jit.Grant {
	if n.Others == nil {
		return nil
	}
	all, err := n.Others(ctx, g)
	if err != nil {
		return nil
	}
	return all
}

// reply says events under the card.
func (n *Notifier) reply(ctx context.Context, m outbox.Message) (outbox.Sent, error) {
	g := m.Grants[0]
	if g.Card.Message == "" {
		return outbox.Sent{}, fmt.Errorf("replying under the card of %s, which is not there yet: %w", g.ID, jit.ErrBusy)
	}
	at, err := n.post(ctx, g.Card.Channel, view.ThreadAll(m.Events, g), slack.MsgOptionTS(g.Card.Message))
	return outbox.Sent{At: at}, err
}

func (n *Notifier) direct(ctx context.Context, m outbox.Message) (outbox.Sent, error) {
	g := m.Grants[0]
	to := string(g.Request.By.ID)
	if !command.IsUser(to) {
		return outbox.Sent{}, fmt.Errorf("telling %q, who is no user of Slack: %w", to, jit.ErrInvalid)
	}
	text := view.Direct(m.Events[0], g)
	at, err := n.toPerson(ctx, to, text)
	// To ask again, as after the end, stays possible.
	return outbox.Sent{At: at, Button: view.HasButtons(text) && !g.State.Ended()}, err
}

func (n *Notifier) toHolder(ctx context.Context, m outbox.Message) (outbox.Sent, error) {
	if !command.IsUser(m.Channel) {
		return outbox.Sent{}, fmt.Errorf("telling %q, who is no user of Slack: %w", m.Channel, jit.ErrInvalid)
	}
	all := view.HolderEnded(m.Grants)
	at, err := n.toPerson(ctx, m.Channel, all.Head)
	for _, part := range all.Rest {
		if err == nil {
			err = n.patiently(ctx, at, part)
		}
	}
	return outbox.Sent{At: at}, err
}

// person tells somebody who may decide what they are asked, by all that the card says.
func (n *Notifier) person(ctx context.Context, m outbox.Message) (outbox.Sent, error) {
	if !command.IsUser(m.Channel) {
		return outbox.Sent{}, fmt.Errorf("telling %q, who is no user of Slack: %w", m.Channel, jit.ErrInvalid)
	}
	g := m.Grants[0]
	at, err := n.toPerson(ctx, m.Channel, view.ToDecide(m.Events[0], g, n.others(ctx, g)...))
	return outbox.Sent{At: at, Button: true}, err
}

// plain takes the buttons out of a message to one person.
func (n *Notifier) plain(ctx context.Context, m outbox.Message) (outbox.Sent, error) {
	for _, d := range m.Shown.Direct {
		if m.TakesOut(d) {
			return outbox.Sent{At: d.At}, n.edit(ctx, d.At, view.DirectPast(d.Event, m.Grants[0]))
		}
	}
	return outbox.Sent{Same: true}, nil
}

// toPerson posts a direct message. Somebody whom Slack does not know will not be
// there later.
func (n *Notifier) toPerson(ctx context.Context, to string, m view.Message) (jit.Card, error) {
	ctx, cancel := context.WithTimeout(ctx, postWithin)
	defer cancel()
	at, err := post(ctx, n.api, to, m)
	if err != nil {
		return at, fmt.Errorf("telling %s: %w", to, err)
	}
	return at, nil
}

// post sends a message to a channel.
func (n *Notifier) post(ctx context.Context, channel string, m view.Message, more ...slack.MsgOption) (jit.Card, error) {
	ctx, cancel := context.WithTimeout(ctx, postWithin)
	defer cancel()
	at, err := post(ctx, n.api, channel, m, more...)
	if ErrorCode(err) == "channel_not_found" {
		// What a bot reads of a private channel that it was not invited to:
		// the notice is kept until it is.
		return at, fmt.Errorf("the channel %s is gone or I am not in it: %w", channel, jit.ErrForbidden)
	}
	return at, err
}

// edit takes the place of a message.
func (n *Notifier) edit(ctx context.Context, at jit.Card, m view.Message, more ...slack.MsgOption) error {
	ctx, cancel := context.WithTimeout(ctx, postWithin)
	defer cancel()
	if _, _, _, err := n.api.UpdateMessageContext(ctx, at.Channel, at.Message, options(m, more...)...); err != nil {
		return slackError("editing a message", withoutURL(err))
	}
	return nil
}
