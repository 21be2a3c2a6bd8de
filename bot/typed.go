package bot

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"jitbot/bot/command"
	"jitbot/bot/view"
	"jitbot/jit"
)

// typedLine is a command that somebody typed, and how it is answered at once.
type typedLine struct {
	cmd slashCommand
	raw json.RawMessage
	in  *intake                                   // of what is stored, nil for what is not
	ack func(ctx context.Context)                 // acknowledges it
	say func(ctx context.Context, m view.Message) // acknowledges it with an answer
}

// direct reports whether it came as a direct message, which opens no form.
func (t typedLine) direct() bool { return t.cmd.Trigger == "" }

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
	b.typed(ctx, typedLine{
		cmd: cmd, raw: raw,
		ack: func(ctx context.Context) { b.ack(ctx, e, nil) },
		say: func(ctx context.Context, m view.Message) { b.ack(ctx, e, ephemeral(m)) },
	})
}

// typed reads a typed line and does what it says.
func (b *Bot) typed(ctx context.Context, t typedLine) {
	c, wrong := command.Parse(t.cmd.Text)
	if wrong == nil && stored(c.Verb) {
		var err error
		if t.in, err = b.commandIntake(ctx, t, c.Verb); err != nil {
			t.say(ctx, view.Say(view.FaultText))
			return
		}
		if b.repeated(ctx, t.in) {
			return
		}
	}
	if !ends(c.Verb) {
		if err := b.commandLimits.allow(t.cmd.User, b.Now()); err != nil {
			text, _ := view.Refusal(err)
			if t.in != nil {
				b.turnAway(ctx, t.in, text)
				return
			}
			t.say(ctx, view.Say(text))
			return
		}
	}
	if c.Unknown != "" {
		b.findOut(ctx, t, c, wrong)
		return
	}
	b.obey(ctx, t, c, wrong)
}

// stored reports whether a command is stored before it is acknowledged: it changes
// something.
func stored(v command.Verb) bool {
	return v == command.VerbRequest || v == command.VerbApprove || v == command.VerbExtend || v == command.VerbMove || ends(v)
}

// request is the line as one that begins with the command.
func (t typedLine) request(c command.Command) string {
	if c.Unknown != "" {
		return string(command.VerbRequest) + " " + t.cmd.Text
	}
	return t.cmd.Text
}

// answer says what nothing follows, and tells a repeat nothing.
func (t typedLine) answer(ctx context.Context, m view.Message) {
	if t.in != nil {
		t.in.outcome.is("")
	}
	t.say(ctx, m)
}

// obey does what a line says, or tells what is wrong with it.
func (b *Bot) obey(ctx context.Context, t typedLine, c command.Command, wrong error) {
	switch {
	case wrong != nil && c.Verb == command.VerbRequest:
		text, _ := view.Refusal(wrong)
		t.say(ctx, view.ChangeAnswer(text, t.request(c)))
	case wrong != nil:
		text, _ := view.Refusal(wrong)
		t.say(ctx, view.Say(text))
	case c.Verb == command.VerbHelp && c.About != "":
		t.say(ctx, view.HelpOf(c.About))
	case c.Verb == command.VerbHelp:
		t.say(ctx, view.Help())
	case c.Verb == command.VerbRequest:
		b.ask(ctx, t, c)
	case c.Verb == command.VerbList:
		b.answerLater(ctx, t, c.Verb, func(ctx context.Context) view.Message { return b.list(ctx, t.cmd, c.All) })
	case c.Verb == command.VerbVMs:
		b.answerLater(ctx, t, c.Verb, func(ctx context.Context) view.Message { return b.vms(ctx, t.cmd, c.Text) })
	case c.Verb == command.VerbScan:
		b.answerLater(ctx, t, c.Verb, func(ctx context.Context) view.Message { return b.scan(ctx, t.cmd.reply(), c.Scan, t.cmd.Text) })
	case c.Verb == command.VerbExplain:
		b.answerLater(ctx, t, c.Verb, func(ctx context.Context) view.Message { return b.explain(ctx, t.cmd, c) })
	case c.Verb == command.VerbHistory:
		b.answerLater(ctx, t, c.Verb, func(ctx context.Context) view.Message { return b.history(ctx, t.cmd.User, c.History, t.cmd.Text) })
	case c.Verb == command.VerbUnprotect:
		b.answerLater(ctx, t, c.Verb, func(ctx context.Context) view.Message { return b.askUnprotect(ctx, t.cmd.User, c.Ask.VMs, t.cmd.Text) })
	case c.Verb == command.VerbProtect:
		b.askProtect(ctx, t, c.Ask)
	default:
		b.take(ctx, t.in)
	}
}

// findOut obeys a line whose first word is no command where a VM is called so that
// its author may see, and else names the nearest command.
func (b *Bot) findOut(ctx context.Context, t typedLine, c command.Command, wrong error) {
	came := time.Now()
	b.readLater(ctx, t, "looking for a VM", func(ctx context.Context) {
		within, cancel := context.WithDeadline(ctx, came.Add(findWithin))
		defer cancel()
		err := b.Service.Known(within, t.cmd.User)
		var found []jit.VM
		if err == nil {
			found, err = b.Service.Lookup(within, t.cmd.User, func(vm jit.VM) bool { return strings.EqualFold(vm.Name, c.Unknown) })
		}
		_, refused := errors.AsType[*jit.Refusal](err)
		switch {
		case len(found) > 0: // though not all could be looked at
			b.obey(ctx, t, c, wrong)
		case refused:
			t.answer(ctx, b.refusalOf(ctx, "a command", t.cmd.User, "", err))
		case err != nil:
			b.logFault(ctx, "looking for a VM", t.cmd.User, "", err)
			t.answer(ctx, view.FormAnswer("There is no command "+view.Code(c.Unknown)+", and whether a VM is called so cannot be seen just now. "+
				"If it is, try again in a minute, write `/jit request` before it, or press *Request access*.", t.request(c)))
		default:
			t.answer(ctx, b.noCommand(t, c.Unknown))
		}
	})
}

// findWithin is for how long a VM is looked for: the ack is due in three seconds.
const findWithin = 1500 * time.Millisecond

// noCommand is the answer to a line of which the first word says nothing.
func (b *Bot) noCommand(t typedLine, word string) view.Message {
	if t.direct() && !command.Resembles(word) {
		return view.MentionAnswer()
	}
	text, _ := view.Refusal(command.NoCommand(word))
	if t.direct() {
		return view.FormAnswer(text, "")
	}
	return view.Say(text)
}
