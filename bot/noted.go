package bot

import (
	"context"
	"sync"
	"time"

	"jitbot/bot/view"
)

const (
	noteAfter  = 2 * time.Second        // a click whose answer takes longer is noted: people wait three seconds
	lookAfter  = time.Second            // a command whose answer takes longer is told what is looked at
	noteWithin = 900 * time.Millisecond // a note that Slack does not take by then is not sent
)

// note tells whoever typed a command, clicked or sent a form that it was taken,
// when what comes of it is not known soon: Azure or Slack may be slow. It is sent
// before the answer or not at all.
type note struct {
	answered chan struct{} // closed when the answer is known
	once     sync.Once     // closes it
	over     chan struct{} // closed when it was sent, or never will be
}

// noteLater says the text to whoever it is for, unless the note has ended by then.
func (b *Bot) noteLater(ctx context.Context, to reply, text string, after time.Duration) *note {
	n := &note{answered: make(chan struct{}), over: make(chan struct{})}
	b.notes.Go(func() {
		defer close(n.over)
		defer b.recoveredFrom(ctx, "a note")
		select {
		case <-time.After(after):
			b.sendNote(ctx, to, text)
		case <-n.answered:
		case <-ctx.Done(): // what is stored is dealt with after the next start
		}
	})
	return n
}

func (b *Bot) sendNote(ctx context.Context, to reply, text string) {
	ctx, cancel := context.WithTimeout(ctx, noteWithin)
	defer cancel()
	b.answerOnce(ctx, to, view.Say(text))
}

// end says that the answer is known: no note follows it. It may be said twice. Nil
// is no note.
func (n *note) end() {
	if n == nil {
		return
	}
	n.once.Do(func() { close(n.answered) })
	<-n.over
}
