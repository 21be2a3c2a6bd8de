package bot

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/slack-go/slack/socketmode"

	"jitbot/bot/command"
	"jitbot/bot/form"
	"jitbot/bot/view"
	"jitbot/jit"
)

// workWithin is how long one command or click may take.
const workWithin = 2 * time.Minute

// handle deals with a stored delivery and finishes it. When the bot is told to
// stop meanwhile, the delivery stays for the next start.
func (b *Bot) handle(ctx context.Context, key string, d delivery) {
	defer b.finishUnlessStopped(ctx, key)
	to, s := b.carryOut(ctx, key, d)
	if ctx.Err() == nil && s.Text != "" {
		b.answer(ctx, to, s)
	}
}

func (b *Bot) finishUnlessStopped(ctx context.Context, key string) {
	if ctx.Err() == nil {
		b.finish(ctx, key)
	}
}

func (b *Bot) carryOut(ctx context.Context, key string, d delivery) (to reply, s view.Message) {
	defer func() {
		if p := recover(); p != nil {
			b.Log.ErrorContext(ctx, "a delivery made the bot panic", "key", key, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			s = view.Say(view.FaultText)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, workWithin)
	defer cancel()
	if d.Kind == socketmode.RequestTypeSlashCommands {
		l, err := decode[slashCommand](d.Payload)
		if err != nil {
			b.Log.ErrorContext(ctx, "a stored command cannot be read", "key", key, "error", err)
			return reply{}, view.Message{}
		}
		to = l.reply()
		return to, b.carryOutCommand(ctx, key, l)
	}
	i, err := decode[form.Interaction](d.Payload)
	if err != nil {
		b.Log.ErrorContext(ctx, "a stored click cannot be read", "key", key, "error", err)
		return reply{}, view.Message{}
	}
	to = replyTo(i)
	return to, b.carryOutClick(ctx, i, key)
}

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

// act is a change of one grant, by command, click or form alike.
func (b *Bot) act(ctx context.Context, by jit.UserID, v command.Verb, id jit.ID, reason string) view.Message {
	g, err := b.change(ctx, by, v, id, reason)
	if err != nil {
		return b.refusalOf(ctx, string(v), by, id, err)
	}
	b.Log.InfoContext(ctx, "changed a grant", "action", string(v), "user", by, "grant", id, "state", g.State)
	return view.Say(view.ActionReply(v, g))
}

func (b *Bot) change(ctx context.Context, by jit.UserID, v command.Verb, id jit.ID, reason string) (jit.Grant, error) {
	switch v {
	case command.VerbApprove:
		return b.Service.Approve(ctx, by, id)
	case command.VerbDeny:
		return b.Service.Deny(ctx, by, id, reason)
	case command.VerbCancel:
		return b.Service.Cancel(ctx, by, id)
	case command.VerbDone:
		return b.Service.Done(ctx, by, id)
	case command.VerbRevoke:
		return b.Service.Revoke(ctx, by, id, reason)
	default:
		return jit.Grant{}, fmt.Errorf("no such action: %s", v)
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
