package bot

import (
	"context"
	"sync"
	"time"

	"jitbot/bot/view"
)

const (
	noteAfter  = 2 * time.Second        // an answer that takes longer is preceded by a note: people wait three seconds
	noteWithin = 900 * time.Millisecond // a note that Slack does not take by then is not sent
)

// note tells whoever clicked or sent a form that it was taken, when what came of
// it is not known soon: Azure or Slack may be slow. It is sent before the answer
// or not at all. mu is held while it is sent.
type note struct {
	answered chan struct{} // closed when the answer is known

	mu    sync.Mutex
	ended bool
}

// carryOutNoting queues a stored delivery, which has a place among the work, and
// notes it to its sender when its answer is not known soon after it came.
func (b *Bot) carryOutNoting(ctx context.Context, to reply, key string, d delivery, came time.Time) {
	n := &note{answered: make(chan struct{})}
	b.notes.Go(func() {
		select {
		case <-time.After(noteAfter - time.Since(came)):
			b.sendNote(ctx, n, to, d)
		case <-n.answered:
		case <-ctx.Done(): // it stays in the inbox, and is dealt with after the next start
		}
	})
	b.work.put(func(ctx context.Context) { b.handle(ctx, key, d, n) })
}

func (b *Bot) sendNote(ctx context.Context, n *note, to reply, d delivery) {
	n.mu.Lock()
	defer n.mu.Unlock()
	_, did, _, err := d.sent()
	if n.ended || err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, noteWithin)
	defer cancel()
	b.answerOnce(ctx, to, view.Say(view.NotedText(did)))
}

// end says that the answer is known: no note follows it. Nil is no note.
func (n *note) end() {
	if n == nil {
		return
	}
	close(n.answered)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ended = true
}
