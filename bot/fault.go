package bot

import (
	"context"
	"fmt"
	"runtime/debug"

	"jitbot/bot/view"
	"jitbot/jit"
)

// panicked notes what a job or an event made panic, which ends neither the bot nor
// the process: there are ports to close. It is called while the panic unwinds.
func (b *Bot) panicked(ctx context.Context, doing string, p any) {
	b.panics.Add(1)
	b.Log.ErrorContext(ctx, "something made the bot panic", "doing", doing, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
}

// Panics counts what made the bot panic since it was made.
func (b *Bot) Panics() uint64 { return b.panics.Load() }

// jobPanicked tells whoever waits for a job that panicked.
func (b *Bot) jobPanicked(ctx context.Context, j *job, p any) {
	b.panicked(ctx, j.doing, p)
	if j.to.user != "" && j.lane != answers {
		b.say(j.to, view.Say(view.FaultText))
	}
}

// recoveredFrom keeps a panic of what nobody waits for from ending the process.
func (b *Bot) recoveredFrom(ctx context.Context, doing string) {
	if p := recover(); p != nil {
		b.panicked(ctx, doing, p)
	}
}

// refusalOf is what a person reads of an error. A fault is logged.
func (b *Bot) refusalOf(ctx context.Context, doing string, by jit.UserID, id jit.ID, err error) view.Message {
	b.logFault(ctx, doing, by, id, err)
	text, _ := view.Refusal(err)
	return view.Say(text)
}

// doubtOf is refusalOf for a change, which a fault leaves in doubt: what could not be
// stored in time may be stored all the same.
func (b *Bot) doubtOf(ctx context.Context, doing string, by jit.UserID, id jit.ID, err error) view.Message {
	b.logFault(ctx, doing, by, id, err)
	return view.Say(view.Doubt(err))
}

func (b *Bot) logFault(ctx context.Context, doing string, by jit.UserID, id jit.ID, err error) {
	if _, known := view.Refusal(err); known {
		return
	}
	b.Log.ErrorContext(ctx, "something broke", "doing", doing, "user", by, "grant", id, "error", err)
}
