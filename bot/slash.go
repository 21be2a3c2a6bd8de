package bot

import (
	"context"
	"errors"
	"net/netip"
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

// ask takes a typed request. A line that is complete is stored; one that is not
// opens the form, with what was typed.
func (b *Bot) ask(ctx context.Context, t typedLine, c command.Command) {
	typed := c.Ask
	if typed.Reason != "" && len(typed.Ports) > 0 && len(typed.Sources) > 0 {
		b.take(ctx, t.in)
		return
	}
	f := formOpening{to: t.in.to, trigger: t.cmd.Trigger, typed: typed}
	b.readLater(ctx, t, "reading a request", func(ctx context.Context) {
		var err error
		if f.typed.Sources, err = b.mine(ctx, t.in.by, c); err != nil {
			t.answer(ctx, view.WithAgain(b.refusalOf(ctx, "a request", t.in.by, "", err), passes(err), typed))
			return
		}
		if typed.Reason != "" && !b.incomplete(ctx, t.in.by, f.typed, t.in.came) {
			b.take(ctx, t.in)
			return
		}
		if t.direct() {
			t.answer(ctx, b.formFor(ctx, t, c))
			return
		}
		t.in.outcome.is("")
		t.ack(ctx)
		b.openForm(ctx, f)
	})
}

// readLater finds out what a line needs. One that would be stored and is not read, since
// too much waits or the bot ends, is turned away for good.
func (b *Bot) readLater(ctx context.Context, t typedLine, doing string, run func(context.Context)) {
	if t.in == nil {
		if !b.later(prompts, t.cmd.reply(), doing, run) {
			t.say(ctx, view.Say(b.full()))
		}
		return
	}
	read := &job{by: t.in.by, to: t.in.to, lane: prompts, doing: doing, run: run}
	read.never = func() {
		t.in.say = func(text string) { b.say(t.in.to, view.Say(text)) } // nothing can be acknowledged any more
		b.turnAway(ctx, t.in, restarting)
	}
	if !b.queue.add(read, b.Now()) {
		b.turnAway(ctx, t.in, b.full())
	}
}

// mine is what a request is from: what was typed, or the source that its author used
// last.
func (b *Bot) mine(ctx context.Context, by jit.UserID, c command.Command) ([]netip.Prefix, error) {
	if !c.Mine {
		return c.Ask.Sources, nil
	}
	last, _, err := b.Service.Recent(ctx, by)
	if err == nil && len(last.Sources) != 1 {
		err = jit.Refuse(jit.ErrInput,
			"You have not asked from one address before, so I do not know what from me is; write the address, as in from 203.0.113.7.")
	}
	return last.Sources, err //nolint:wrapcheck // a refusal stays one
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
func (b *Bot) commandIntake(ctx context.Context, t typedLine, v command.Verb) (*intake, error) {
	came := time.Now()
	asked, err := errandOf(delivery{Kind: socketmode.RequestTypeSlashCommands, Payload: t.raw})
	return &intake{
		errand: asked, came: came,
		taken: func() { t.ack(ctx) },
		say:   func(text string) { t.say(ctx, view.Say(text)) },
		note: func() *note {
			return b.noteLater(b.serving, t.cmd.reply(), view.LookingText(v), lookAfter-time.Since(came))
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
		if c.Ask.Sources, err = b.mine(ctx, cmd.User, c); err != nil {
			return view.WithAgain(b.refusalOf(ctx, "a request", cmd.User, "", err), passes(err), c.Ask)
		}
		return b.request(ctx, cmd.User, e.key, c.Ask)
	case command.VerbUnprotect:
		return b.askUnprotect(ctx, cmd.User, c.Ask.VMs, cmd.Text) // it was taken by a bot that did not ask back
	case command.VerbExtend:
		return b.extend(ctx, cmd.User, c.Grant, c.More)
	case command.VerbMove:
		return b.move(ctx, cmd.User, c.Grant, c.To)
	case command.VerbApprove:
		return b.approveTyped(ctx, cmd.User, c.Grant)
	case command.VerbDeny:
		return b.denyTyped(ctx, cmd.User, c.Grant, c.Reason)
	case command.VerbDone:
		return b.doneTyped(ctx, cmd.User, c.Grant, e.at)
	default:
		return b.act(ctx, cmd.User, c.Verb, c.Grant, c.Reason)
	}
}
