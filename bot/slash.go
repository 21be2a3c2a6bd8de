package bot

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/slack-go/slack/socketmode"

	"jitbot/bot/command"
	"jitbot/bot/form"
	"jitbot/bot/view"
	"jitbot/jit"
)

const (
	otherWorkspace = "This jitbot serves another workspace, so nothing was done. Use the one that is installed in yours."
	overloaded     = "Too much is waiting for me, so this was not taken. Try again in a minute."
)

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
	if err := b.commandLimits.allow(cmd.User, b.Now()); err != nil {
		text, _ := view.Refusal(err)
		b.ackSay(ctx, e, text)
		return
	}
	c, err := command.Parse(cmd.Text)
	switch {
	case err != nil:
		text, _ := view.Refusal(err)
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
	f := formOpening{to: reply{url: cmd.ResponseURL, user: cmd.User}, trigger: cmd.Trigger, typed: typed}
	came := time.Now()
	taken := b.prompt.offer(func(ctx context.Context) {
		if typed.Reason != "" && !b.incomplete(ctx, cmd.User, typed, came) {
			b.acceptCommand(ctx, e, cmd, raw, command.VerbRequest)
			return
		}
		b.ack(ctx, e, nil)
		b.openForm(ctx, f)
	})
	if !taken {
		b.ackSay(ctx, e, overloaded)
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

func (b *Bot) acceptCommand(ctx context.Context, e envelope, cmd slashCommand, raw json.RawMessage, v command.Verb) {
	came := time.Now()
	if !b.work.reserve() {
		b.ackSay(ctx, e, overloaded)
		return
	}
	d := delivery{Kind: socketmode.RequestTypeSlashCommands, Payload: raw}
	key, fresh, err := b.accept(ctx, d)
	switch {
	case err != nil:
		b.work.release()
		b.Log.ErrorContext(ctx, "a command was not taken", "error", err)
		b.ackSay(ctx, e, view.FaultText)
	case !fresh:
		b.work.release()
		b.ack(ctx, e, nil)
	default:
		b.ack(ctx, e, nil)
		n := b.noteLater(ctx, cmd.reply(), view.LookingText(v), lookAfter-time.Since(came))
		b.work.put(func(ctx context.Context) { b.handle(ctx, key, d, n) })
	}
}

// carryOutCommand carries out a stored command.
func (b *Bot) carryOutCommand(ctx context.Context, key string, cmd slashCommand) view.Message {
	c, err := command.Parse(cmd.Text)
	if err == nil {
		err = b.Service.Known(ctx, cmd.User)
	}
	if err != nil {
		return b.refusalOf(ctx, "a command", cmd.User, "", err)
	}
	switch c.Verb {
	case command.VerbRequest:
		return b.request(ctx, cmd.User, key, c.Ask)
	case command.VerbUnprotect:
		return b.unprotect(ctx, cmd.User, c.Ask.VMs)
	default:
		return b.act(ctx, cmd.User, c.Verb, c.Grant, c.Reason)
	}
}

// request stores what is asked for and checks it.
func (b *Bot) request(ctx context.Context, by jit.UserID, key string, a jit.Ask) view.Message {
	grants, err := b.Service.Ask(ctx, by, key, a)
	var lines []string
	for _, g := range grants {
		checked, err := g, error(nil)
		if g.State == jit.Asked {
			checked, err = b.Service.Check(ctx, g.ID)
		}
		if err != nil {
			checked.ID = g.ID
			b.logFault(ctx, "checking a request", by, g.ID, err)
		}
		lines = append(lines, view.RequestReply(checked, err))
	}
	if err != nil {
		text, _ := view.Refusal(err)
		b.logFault(ctx, "a request", by, "", err)
		lines = append(lines, text)
	}
	return view.Say(strings.Join(lines, "\n"))
}
