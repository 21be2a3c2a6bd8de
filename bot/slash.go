package bot

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/slack-go/slack/socketmode"

	"jitbot/bot/command"
	"jitbot/bot/form"
	"jitbot/bot/view"
	"jitbot/jit"
)

const (
	otherWorkspace = "This jitbot serves another workspace, so nothing was done. Use the one that is installed in yours."
	restarting     = "I am restarting, so this was not taken; do it again in a minute."
	overloaded     = "Too much of yours is waiting already, so this was not taken. Try again in a minute."
)

// full says why something is not taken.
func (b *Bot) full() string {
	if b.serving.Err() != nil {
		return restarting
	}
	return overloaded
}

// say tells one person something, without waiting for Slack.
func (b *Bot) say(to reply, m view.Message) {
	run := func(ctx context.Context) { b.answer(ctx, to, m) }
	if !b.queue.add(&job{by: to.user, to: to, lane: answers, doing: "answering", run: run}, b.Now()) {
		b.Log.ErrorContext(b.serving, "an answer is dropped, because too many wait for the same person", "user", to.user)
	}
}

// later queues what is not stored and not acknowledged by it. Whoever waits for it is
// told when it is not taken, or never begun because the bot ends.
func (b *Bot) later(l lane, to reply, doing string, run func(context.Context)) bool {
	return b.queue.add(&job{
		by: to.user, to: to, lane: l, doing: doing, run: run, never: func() { b.say(to, view.Say(restarting)) },
	}, b.Now())
}

// command takes a typed line: what can be answered at once is answered in the
// ack, what changes something is stored before it.
func (b *Bot) command(ctx context.Context, e envelope, raw json.RawMessage) {
	cmd, err := decode[slashCommand](raw)
	if err != nil {
		b.Log.ErrorContext(ctx, "a command cannot be read", "error", err)
		b.ackSay(ctx, e, view.FaultText)
		return
	}
	if !b.ours(ctx, "command", cmd.User, cmd.origin()) {
		b.ackSay(ctx, e, otherWorkspace)
		return
	}
	c, wrong := command.Parse(cmd.Text)
	if !ends(c.Verb) {
		if err := b.commandLimits.allow(cmd.User, b.Now()); err != nil {
			text, _ := view.Refusal(err)
			b.ackSay(ctx, e, text)
			b.neverTake(delivery{Kind: socketmode.RequestTypeSlashCommands, Payload: raw}, text)
			return
		}
	}
	switch {
	case wrong != nil:
		text, _ := view.Refusal(wrong)
		if c.Verb == command.VerbHelp {
			text += "\n\n" + view.HelpText
		}
		b.ackSay(ctx, e, text)
	case c.Verb == command.VerbHelp:
		b.ackSay(ctx, e, view.HelpText)
	case c.Verb == command.VerbRequest:
		b.ask(ctx, e, cmd, raw, c.Ask)
	case c.Verb == command.VerbList:
		b.answerLater(ctx, e, cmd.reply(), c.Verb, func(ctx context.Context) view.Message { return b.list(ctx, cmd, c.All) })
	case c.Verb == command.VerbVMs:
		b.answerLater(ctx, e, cmd.reply(), c.Verb, func(ctx context.Context) view.Message { return b.vms(ctx, cmd, c.Text) })
	case c.Verb == command.VerbScan:
		b.answerLater(ctx, e, cmd.reply(), c.Verb, func(ctx context.Context) view.Message { return b.scan(ctx, cmd.reply(), c.Scan) })
	case c.Verb == command.VerbExplain:
		b.answerLater(ctx, e, cmd.reply(), c.Verb, func(ctx context.Context) view.Message { return b.explain(ctx, cmd, c) })
	case c.Verb == command.VerbProtect:
		b.askProtect(ctx, e, cmd, c.Ask)
	default:
		b.acceptCommand(ctx, e, cmd, raw, c.Verb)
	}
}

// ask takes a typed request. A line that is complete is stored; one that is not
// opens the form, with what was typed.
func (b *Bot) ask(ctx context.Context, e envelope, cmd slashCommand, raw json.RawMessage, typed jit.Ask) {
	if typed.Reason != "" && len(typed.Ports) > 0 && len(typed.Sources) > 0 {
		b.acceptCommand(ctx, e, cmd, raw, command.VerbRequest)
		return
	}
	f := formOpening{to: cmd.reply(), trigger: cmd.Trigger, typed: typed}
	came := time.Now()
	taken := b.later(prompts, f.to, "reading a request", func(ctx context.Context) {
		if typed.Reason != "" && !b.incomplete(ctx, cmd.User, typed, came) {
			b.acceptCommand(ctx, e, cmd, raw, command.VerbRequest)
			return
		}
		b.ack(ctx, e, nil)
		b.openForm(ctx, f)
	})
	if !taken {
		b.ackSay(ctx, e, b.full())
	}
}

// incomplete reports whether the form must ask for what the policies leave
// open. It has not much time since the line came: a form that asks for nothing new
// is better than none.
func (b *Bot) incomplete(ctx context.Context, by jit.UserID, typed jit.Ask, came time.Time) bool {
	ctx, cancel := context.WithDeadline(ctx, came.Add(beforeOpening))
	defer cancel()
	o, err := b.Service.Offer(ctx, by, typed.VMs)
	if _, refused := errors.AsType[*jit.Refusal](err); refused {
		return false // the answer says what is wrong
	}
	if err != nil {
		b.logFault(ctx, "reading what is on offer", by, "", err)
		return true
	}
	return form.Incomplete(typed, o)
}

// neverTake says that a delivery was refused: a repeat of it is not taken either.
func (b *Bot) neverTake(d delivery, text string) {
	if o, first := b.told.outcome(d.key(), b.Now()); first {
		o.is(text)
	}
}

func (b *Bot) acceptCommand(ctx context.Context, e envelope, cmd slashCommand, raw json.RawMessage, v command.Verb) {
	came := time.Now()
	asked, err := errandOf(delivery{Kind: socketmode.RequestTypeSlashCommands, Payload: raw})
	if err != nil {
		b.ackSay(ctx, e, view.FaultText)
		return
	}
	b.take(ctx, &intake{
		errand: asked, came: came,
		taken: func() { b.ack(ctx, e, nil) },
		say:   func(text string) { b.ackSay(ctx, e, text) },
		note: func() *note {
			return b.noteLater(b.serving, cmd.reply(), view.LookingText(v), lookAfter-time.Since(came))
		},
	})
}

// carryOutCommand carries out a stored command.
func (b *Bot) carryOutCommand(ctx context.Context, e errand, cmd slashCommand) view.Message {
	c, err := command.Parse(cmd.Text)
	if err == nil {
		err = b.Service.Known(ctx, cmd.User)
	}
	if err != nil {
		return b.refusalOf(ctx, "a command", cmd.User, "", err)
	}
	switch c.Verb {
	case command.VerbRequest:
		return b.request(ctx, cmd.User, e.key, c.Ask)
	case command.VerbUnprotect:
		return b.unprotect(ctx, e, c.Ask.VMs)
	default:
		return b.act(ctx, cmd.User, c.Verb, c.Grant, c.Reason)
	}
}
