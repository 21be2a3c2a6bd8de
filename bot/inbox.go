package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"jitbot/bot/view"
)

// Inbox keeps what Slack delivered from before it is acknowledged until it was
// dealt with, so that a crash loses nothing that somebody was told is on its
// way.
type Inbox interface {
	// Accept stores a delivery under its key. It is fresh when the key was
	// never accepted before, finished or not.
	Accept(ctx context.Context, key string, payload []byte, now time.Time) (fresh bool, err error)
	// Accepted gives each delivery that is not finished, oldest first.
	Accepted(ctx context.Context, each func(key string, payload []byte, at time.Time) error) error
	// Finish says that a delivery was dealt with; its key is kept long enough
	// to know a repeat of it.
	Finish(ctx context.Context, key string, now time.Time) error
}

// storeWithin is how long storing may take before somebody is told that it
// failed; Slack waits for three seconds.
const storeWithin = 2 * time.Second

// accept stores a delivery before its ack.
func (b *Bot) accept(ctx context.Context, d delivery) (key string, fresh bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, storeWithin)
	defer cancel()
	key = d.key()
	raw, err := json.Marshal(d)
	if err != nil {
		return key, false, fmt.Errorf("encoding a delivery: %w", err)
	}
	fresh, err = b.Inbox.Accept(ctx, key, raw, b.Now())
	if err != nil {
		return key, false, fmt.Errorf("storing a delivery: %w", err)
	}
	return key, fresh, nil
}

// replay deals with what an earlier run accepted and did not finish, one by
// one. What it does again finds what was already done: requests by their key,
// everything else by the grant's state. What waited too long is not done.
func (b *Bot) replay(ctx, working context.Context) {
	type left struct {
		key     string
		payload []byte
		at      time.Time
	}
	var all []left
	err := b.Inbox.Accepted(ctx, func(key string, payload []byte, at time.Time) error {
		all = append(all, left{key, slices.Clone(payload), at})
		return nil
	})
	if err != nil {
		b.Log.ErrorContext(ctx, "reading the inbox failed", "error", err)
	}
	for _, l := range all {
		if ctx.Err() != nil {
			return
		}
		var d delivery
		if err := json.Unmarshal(l.payload, &d); err != nil {
			b.Log.ErrorContext(ctx, "an unfinished delivery cannot be read and is dropped", "key", l.key, "error", err)
			b.finish(ctx, l.key)
			continue
		}
		if age := b.Now().Sub(l.at); age > staleAfter {
			b.Log.WarnContext(ctx, "an unfinished delivery is too old and is not carried out", "key", l.key, "age", age)
			b.tooLate(working, l.key, d, l.at)
			continue
		}
		b.Log.InfoContext(ctx, "taking up an unfinished delivery", "key", l.key)
		b.handle(working, l.key, d, nil)
	}
}

// staleAfter is how old a delivery may be when it is taken up after a restart:
// by then whoever sent it may have helped themselves otherwise, and what they
// saw when they clicked may no longer be so.
const staleAfter = 30 * time.Minute

// tooLate tells whoever sent a delivery that it is not carried out.
func (b *Bot) tooLate(ctx context.Context, key string, d delivery, at time.Time) {
	defer b.finishUnlessStopped(ctx, key)
	by, did, again, err := d.sent()
	if err != nil || by == "" {
		b.Log.ErrorContext(ctx, "a stored delivery cannot be read", "key", key, "error", err)
		return
	}
	b.answer(ctx, reply{user: by}, view.Say(fmt.Sprintf(
		"You %s at %s, and I was away before it was dealt with. It is too old to be carried out now, "+
			"so I leave it; see `/jit list` for what there is, and %s if you still want it.",
		did, view.When(at), again)))
}

// finish ends a delivery. When that fails it is dealt with again at the next
// start, which changes nothing.
func (b *Bot) finish(ctx context.Context, key string) {
	if err := b.Inbox.Finish(ctx, key, b.Now()); err != nil {
		b.Log.ErrorContext(ctx, "finishing a delivery failed", "key", key, "error", err)
	}
}
