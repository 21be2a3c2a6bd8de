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
	var t *intake
	if wrong == nil && stored(c.Verb) {
		if t, err = b.commandIntake(ctx, e, cmd, raw, c.Verb); err != nil {
			b.ackSay(ctx, e, view.FaultText)
			return
		}
		if b.repeated(ctx, t) {
			return
		}
	}
	if !ends(c.Verb) {
		if err := b.commandLimits.allow(cmd.User, b.Now()); err != nil {
			text, _ := view.Refusal(err)
			if t != nil {
				b.turnAway(ctx, t, text)
				return
			}
			b.ackSay(ctx, e, text)
			return
		}
	}
	b.obey(ctx, e, cmd, c, wrong, t)
}

// stored reports whether a command is stored before it is acknowledged: it changes
// something.
func stored(v command.Verb) bool {
	return v == command.VerbRequest || v == command.VerbUnprotect || ends(v)
}

// obey does what a line says that may be typed now. What is stored has an intake.
func (b *Bot) obey(ctx context.Context, e envelope, cmd slashCommand, c command.Command, wrong error, t *intake) {
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
		b.ask(ctx, e, cmd, t, c.Ask)
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
		b.take(ctx, t)
	}
}

// ask takes a typed request. A line that is complete is stored; one that is not
// opens the form, with what was typed.
func (b *Bot) ask(ctx context.Context, e envelope, cmd slashCommand, t *intake, typed jit.Ask) {
	if typed.Reason != "" && len(typed.Ports) > 0 && len(typed.Sources) > 0 {
		b.take(ctx, t)
		return
	}
	f := formOpening{to: t.to, trigger: cmd.Trigger, typed: typed}
	read := &job{by: t.by, to: t.to, lane: prompts, doing: "reading a request", run: func(ctx context.Context) {
		if typed.Reason != "" && !b.incomplete(ctx, t.by, typed, t.came) {
			b.take(ctx, t)
			return
		}
		t.outcome.is("")
		b.ack(ctx, e, nil)
		b.openForm(ctx, f)
	}}
	read.never = func() {
		t.say = func(text string) { b.say(t.to, view.Say(text)) } // nothing can be acknowledged any more
		b.turnAway(ctx, t, restarting)
	}
	if !b.queue.add(read, b.Now()) {
		b.turnAway(ctx, t, b.full())
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

// commandIntake is a command that is to be stored.
func (b *Bot) commandIntake(ctx context.Context, e envelope, cmd slashCommand, raw json.RawMessage, v command.Verb) (*intake, error) {
	came := time.Now()
	asked, err := errandOf(delivery{Kind: socketmode.RequestTypeSlashCommands, Payload: raw})
	return &intake{
		errand: asked, came: came,
		taken: func() { b.ack(ctx, e, nil) },
		say:   func(text string) { b.ackSay(ctx, e, text) },
		note: func() *note {
			return b.noteLater(b.serving, cmd.reply(), view.LookingText(v), lookAfter-time.Since(came))
		},
	}, err
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
