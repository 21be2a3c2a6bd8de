package bot

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/slack-go/slack"
	"golang.org/x/time/rate"

	"jitbot/bot/command"
	"jitbot/bot/view"
	"jitbot/jit"
)

// Notifier shows grants and what happens to them in Slack. It is a
// jit.Notifier.
type Notifier struct {
	// Others, when not nil, finds what else is open on a grant's VMs, for its
	// card. Set it before the first notice, as Changed.
	Others func(context.Context, jit.Grant) ([]jit.Grant, error)
	// Changed, when not nil, is told of each grant that there is news of.
	Changed func(jit.Grant)
	// Digest gives the latest digest, for the notice of it.
	Digest func(context.Context) (jit.Digest, error)

	api     *slack.Client
	channel string // of grants that name none

	mu    sync.Mutex
	pace  map[string]*rate.Limiter // by channel
	quiet time.Time                // Slack asked for silence until then
	cards map[jit.ID]jit.Card      // posted, and perhaps not stored yet
}

// NewNotifier makes a notifier; channel is where cards of grants go that name
// no channel of their own.
func NewNotifier(api *slack.Client, channel string) *Notifier {
	return &Notifier{api: api, channel: channel, pace: map[string]*rate.Limiter{}, cards: map[jit.ID]jit.Card{}}
}

const (
	postWithin   = 15 * time.Second
	maxRemember  = 1000 // channels and cards kept in memory
	postBurst    = 3
	metadataType = "jitbot_grant"
)

// Notify delivers one notice about the grant as it is now. An error that wraps
// jit.ErrInvalid, jit.ErrNotFound or jit.ErrForbidden will come again however
// often it is tried; a *jit.BusyError says how long to wait. The card is
// returned even with an error once it is there.
func (n *Notifier) Notify(ctx context.Context, notice jit.Notice, g jit.Grant) (jit.Card, error) {
	if notice.To == jit.ToChannel {
		return jit.Card{}, n.announce(ctx, notice.Event)
	}
	if n.Changed != nil {
		n.Changed(g)
	}
	switch notice.To {
	case jit.ToCard:
		return n.card(ctx, g)
	case jit.ToThread:
		return n.reply(ctx, notice.Event, g)
	case jit.ToRequester:
		return jit.Card{}, n.direct(ctx, notice.Event, g)
	default:
		return jit.Card{}, fmt.Errorf("telling %q: %w", notice.To, jit.ErrInvalid)
	}
}

// where finds the grant's card, also one whose place was not stored before a
// notice failed.
func (n *Notifier) where(g jit.Grant) jit.Card {
	if g.Card.Message != "" {
		return g.Card
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.cards[g.ID]
}

func (n *Notifier) remember(id jit.ID, c jit.Card) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.cards) >= maxRemember {
		clear(n.cards)
	}
	n.cards[id] = c
}

// card edits the grant's message, or posts it when there is none (any more).
func (n *Notifier) card(ctx context.Context, g jit.Grant) (jit.Card, error) {
	m := view.Card(g, n.others(ctx, g)...)
	if at := n.where(g); at.Message != "" {
		err := n.call(ctx, at.Channel, func(ctx context.Context) error {
			_, _, _, err := n.api.UpdateMessageContext(ctx, at.Channel, at.Message, options(m, metadata(g.ID))...)
			return err
		})
		switch ErrorCode(err) {
		case "message_not_found", "cant_update_message", "edit_window_closed", "channel_not_found":
			// somebody deleted it, or it may not be edited: a new one
		default:
			if err != nil {
				return jit.Card{}, slackError("editing the card of "+string(g.ID), err)
			}
			return at, nil
		}
	}
	channel := g.Channel
	if channel == "" {
		channel = n.channel
	}
	at, err := n.toChannel(ctx, channel, m, metadata(g.ID))
	if err != nil {
		return jit.Card{}, fmt.Errorf("posting the card of %s: %w", g.ID, err)
	}
	n.remember(g.ID, at)
	return at, nil
}

func (n *Notifier) toChannel(ctx context.Context, channel string, m view.Message, more ...slack.MsgOption) (jit.Card, error) {
	at, err := n.post(ctx, channel, m, more...)
	if ErrorCode(err) == "channel_not_found" {
		// What a bot reads of a private channel that it was not invited to:
		// the notice is kept until it is.
		return at, fmt.Errorf("the channel %s is gone or I am not in it: %w", channel, jit.ErrForbidden)
	}
	return at, err
}

// announce says what concerns no grant, in a message of its own. A digest that a
// later one has taken the place of is said by that.
func (n *Notifier) announce(ctx context.Context, e jit.Event) error {
	m := view.Channel(e)
	if e.Kind == jit.EventDigest && n.Digest != nil {
		d, err := n.Digest(ctx)
		if err != nil {
			return fmt.Errorf("reading the digest: %w", err)
		}
		if !d.At.Equal(e.At) {
			return nil
		}
		m = view.Digest(d)
	}
	if _, err := n.toChannel(ctx, n.channel, m); err != nil {
		return fmt.Errorf("saying that %s: %w", e.Kind, err)
	}
	return nil
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

// reply says an event under the card, which is posted first when it is not
// there yet.
func (n *Notifier) reply(ctx context.Context, e jit.Event, g jit.Grant) (jit.Card, error) {
	at := n.where(g)
	if at.Message == "" {
		var err error
		if at, err = n.card(ctx, g); err != nil {
			return jit.Card{}, err
		}
	}
	_, err := n.post(ctx, at.Channel, view.Thread(e, g), slack.MsgOptionTS(at.Message))
	if err != nil {
		return at, fmt.Errorf("replying under the card of %s: %w", g.ID, err)
	}
	return at, nil
}

func (n *Notifier) direct(ctx context.Context, e jit.Event, g jit.Grant) error {
	to := string(g.Request.By.ID)
	if !command.IsUser(to) {
		return fmt.Errorf("telling %q, who is no user of Slack: %w", to, jit.ErrInvalid)
	}
	if _, err := n.post(ctx, to, view.Direct(e, g)); err != nil {
		return fmt.Errorf("telling %s of %s: %w", to, g.ID, err)
	}
	return nil
}

func (n *Notifier) post(ctx context.Context, channel string, m view.Message, more ...slack.MsgOption) (jit.Card, error) {
	var at jit.Card
	err := n.call(ctx, channel, func(ctx context.Context) (err error) {
		at, err = post(ctx, n.api, channel, m, more...)
		return err
	})
	return at, err
}

// call keeps the pace of about one message a second and channel, and the
// silence that Slack asked for.
func (n *Notifier) call(ctx context.Context, channel string, f func(context.Context) error) error {
	n.mu.Lock()
	if wait := time.Until(n.quiet); wait > 0 {
		n.mu.Unlock()
		return &jit.BusyError{Wait: wait, Cause: errors.New("slack asked for a pause")}
	}
	pace, ok := n.pace[channel]
	if !ok {
		if len(n.pace) >= maxRemember {
			clear(n.pace)
		}
		pace = rate.NewLimiter(1, postBurst)
		n.pace[channel] = pace
	}
	n.mu.Unlock()
	if err := pace.Wait(ctx); err != nil {
		return fmt.Errorf("keeping the pace: %w", &jit.BusyError{Wait: time.Second, Cause: err})
	}
	ctx, cancel := context.WithTimeout(ctx, postWithin)
	defer cancel()
	err := f(ctx)
	if wait := retryAfter(err); wait > 0 {
		n.mu.Lock()
		n.quiet = time.Now().Add(wait)
		n.mu.Unlock()
	}
	return err
}

func retryAfter(err error) time.Duration {
	if limited, ok := errors.AsType[*slack.RateLimitedError](err); ok {
		return limited.RetryAfter
	}
	return busyFor(err)
}
