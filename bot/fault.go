package bot

import (
	"context"
	"fmt"
	"runtime/debug"

	"jitbot/bot/view"
	"jitbot/jit"
)

// recovered keeps a panic of one job from ending the bot, which has ports to
// close.
func (b *Bot) recovered(ctx context.Context, to reply) {
	if p := recover(); p != nil {
		b.Log.ErrorContext(ctx, "an answer made the bot panic", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		b.answer(ctx, to, view.Say(view.FaultText))
	}
}

// recoveredFrom is recovered for what nobody waits for.
func (b *Bot) recoveredFrom(ctx context.Context, doing string) {
	if p := recover(); p != nil {
		b.Log.ErrorContext(ctx, "something made the bot panic", "doing", doing, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	}
}

// refusalOf is what a person reads of an error. A fault is logged.
func (b *Bot) refusalOf(ctx context.Context, doing string, by jit.UserID, id jit.ID, err error) view.Message {
	b.logFault(ctx, doing, by, id, err)
	text, _ := view.Refusal(err)
	return view.Say(text)
}

func (b *Bot) logFault(ctx context.Context, doing string, by jit.UserID, id jit.ID, err error) {
	if _, known := view.Refusal(err); known {
		return
	}
	b.Log.ErrorContext(ctx, "something broke", "doing", doing, "user", by, "grant", id, "error", err)
}
