package bot

import (
	"context"
	"encoding/json"
	"slices"
	"time"
)

// Inbox keeps what Slack delivered from before it is acknowledged until it was
// dealt with, so that a crash loses nothing that somebody was told is on its
// way. Many may be accepted at the same time.
type Inbox interface {
	// Accept stores a delivery under its key. It is fresh when the key was
	// never accepted before, finished or not. One that failed may be stored all the
	// same, until a Finish that was begun afterwards succeeds.
	Accept(ctx context.Context, key string, payload []byte, now time.Time) (fresh bool, err error)
	// Accepted gives each delivery that is not finished, oldest first.
	Accepted(ctx context.Context, each func(key string, payload []byte, at time.Time) error) error
	// Finish says that a delivery was dealt with; its key is kept long enough
	// to know a repeat of it. What was not accepted never is from then on.
	Finish(ctx context.Context, key string, now time.Time) error
}

// restore queues what an earlier run accepted and did not finish, before anything
// new is taken. What is done again finds what was already done: requests by their
// key, everything else by the state of the grant or the protection.
func (b *Bot) restore(ctx context.Context) {
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
		var d delivery
		err := json.Unmarshal(l.payload, &d)
		var e errand
		if err == nil {
			e, err = errandOf(d)
		}
		if err != nil || e.by == "" {
			b.Log.ErrorContext(ctx, "an unfinished delivery cannot be read and is dropped", "key", l.key, "error", err)
			run := func(ctx context.Context) { b.finishAtLast(ctx, l.key) }
			b.queue.add(&job{doing: "dropping a delivery", lane: answers, forced: true, run: run}, l.at)
			continue
		}
		b.Log.InfoContext(ctx, "taking up an unfinished delivery", "key", l.key)
		e.key, e.at, e.restored = l.key, l.at, true
		o, _ := b.told.outcome(e.key, b.Now())
		o.is("") // its sender was told that it is taken
		j := b.jobOf(e)
		j.forced = true
		j.run = func(ctx context.Context) { b.do(ctx, e, j, nil) }
		b.queue.add(j, e.at)
	}
}

// jobOf is the place of an errand in the queue.
func (b *Bot) jobOf(e errand) *job {
	return &job{by: e.by, lane: e.lane, subjects: e.subjects, to: e.to, doing: "carrying out " + e.delivery.Kind}
}
