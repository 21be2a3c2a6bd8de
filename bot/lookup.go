package bot

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/slack-go/slack"

	"jitbot/bot/command"
	"jitbot/bot/form"
	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/lookup"
	"jitbot/jit/reach"
	"jitbot/jit/text"
)

// answerLater answers a command by what changes nothing and is not stored. The ack
// is empty: Slack would show its words beside the answer for ever.
func (b *Bot) answerLater(ctx context.Context, t typedLine, v command.Verb, show func(context.Context) view.Message) {
	to := t.cmd.reply()
	n := b.noteLater(ctx, to, view.LookingText(v), lookAfter)
	taken := b.later(reads, to, "answering "+string(v), func(ctx context.Context) {
		defer n.end()
		m := show(ctx)
		if ctx.Err() != nil {
			m = view.Say(restarting)
		}
		n.end()
		b.say(to, m)
	})
	if !taken {
		n.end()
		t.say(ctx, view.Say(b.full()))
		return
	}
	t.ack(ctx)
}

// listWithin is how long a list may take.
const listWithin = 15 * time.Second

// list answers /jit list.
func (b *Bot) list(ctx context.Context, cmd slashCommand, all bool) view.Message {
	work, cancel := context.WithTimeout(ctx, listWithin)
	defer cancel()
	err := b.Service.Known(work, cmd.User)
	var listed []lookup.ListedGrant
	if err == nil {
		listed, err = b.Service.List(work, cmd.User, all)
	}
	if err != nil {
		return b.unread(ctx, "a list", cmd.User, view.ReadAgain(cmd.Text), err)
	}
	return view.List(listed, all)
}

// explain answers /jit explain.
func (b *Bot) explain(ctx context.Context, cmd slashCommand, c command.Command) view.Message {
	work, cancel := context.WithTimeout(ctx, scanWithin)
	defer cancel()
	who := c.For
	if who == "" {
		who = cmd.User
	}
	err := b.Service.Known(work, cmd.User)
	var e lookup.Explanation
	if err == nil {
		e, err = b.Service.Explain(work, cmd.User, c.Ask.VMs[0], who)
	}
	if err != nil {
		return b.unread(ctx, "an explanation", cmd.User, view.ReadAgain(cmd.Text), err)
	}
	return view.Explain(e)
}

// witness answers with what Azure says of the rules before a VM.
func (b *Bot) witness(ctx context.Context, by jit.UserID, vm string) view.Message {
	work, cancel := context.WithTimeout(ctx, scanWithin)
	defer cancel()
	t, err := b.Service.Witness(work, by, vm)
	if err != nil {
		return b.unread(ctx, "what Azure sees", by, view.WitnessAgain(vm), err)
	}
	return view.Witness(t)
}

const scanWithin = time.Minute

// scan answers /jit scan and its pages.
func (b *Bot) scan(ctx context.Context, to reply, f command.ScanFilter, line string) view.Message {
	work, cancel := context.WithTimeout(ctx, scanWithin)
	defer cancel()
	err := b.Service.Known(work, to.user)
	var findings []reach.Finding
	var more bool
	if err == nil {
		findings, more, err = b.Service.Scan(work, to.user)
	}
	if err != nil {
		again := view.ScanAgain(f)
		if line != "" {
			again = view.ReadAgain(line)
		}
		return b.unread(ctx, "a scan", to.user, again, err)
	}
	return view.Scan(findings, more, f)
}

// readAgain shows once more what a line asked for that changes nothing.
func (b *Bot) readAgain(ctx context.Context, cmd slashCommand, c command.Command) {
	switch c.Verb {
	case command.VerbList:
		b.say(cmd.reply(), b.list(ctx, cmd, c.All))
	case command.VerbVMs:
		b.say(cmd.reply(), b.vms(ctx, cmd, c.Text))
	case command.VerbScan:
		b.say(cmd.reply(), b.scan(ctx, cmd.reply(), c.Scan, cmd.Text))
	case command.VerbExplain:
		b.say(cmd.reply(), b.explain(ctx, cmd, c))
	case command.VerbHistory:
		b.say(cmd.reply(), b.history(ctx, cmd.User, c.History, cmd.Text))
	case command.VerbUnprotect: // which asks back
		b.say(cmd.reply(), b.askUnprotect(ctx, cmd.User, c.Ask.VMs, cmd.Text))
	default: // what changes something is not done by a button that shows
	}
}

// unread is the answer to a fault in showing something, with a button to try again where
// the fault passes.
func (b *Bot) unread(ctx context.Context, doing string, by jit.UserID, again *slack.ButtonBlockElement, err error) view.Message {
	m := b.refusalOf(ctx, doing, by, "", err)
	if passes(err) {
		return view.WithButton(m, again)
	}
	return m
}

// pressScanButton takes a press of a button of a scan: nothing is changed by it.
func (b *Bot) pressScanButton(i form.Interaction) {
	lane, show := b.shownBy(i)
	if show == nil {
		return
	}
	if !b.later(lane, replyTo(i), "a button of a scan", show) {
		b.answerClick(i, b.full())
	}
}

// shownBy is what a button shows; nil when it means nothing.
func (b *Bot) shownBy(i form.Interaction) (lane, func(context.Context)) {
	switch a := i.Actions[0]; a.ID {
	case view.ActionProtect:
		if !namesVM(a.Value) {
			return prompts, nil
		}
		f := formOpening{to: replyTo(i), trigger: i.Trigger, typed: jit.Ask{VMs: []string{a.Value}}, protect: true}
		return prompts, func(ctx context.Context) { b.openForm(ctx, f) }
	case view.ActionDenyAgain:
		d, ok := view.UnpackDenial(a.Value)
		if !ok {
			return prompts, nil
		}
		return prompts, func(ctx context.Context) { b.openDenyForm(ctx, i, d.ID, d.Reason) }
	case view.ActionLess:
		return b.opensLess(i)
	case view.ActionAgain, view.ActionWithout:
		return b.opens(i, formOpening{typed: view.UnpackAsk(a.Value)})
	case view.ActionProtectAgain:
		typed, rows, ok := view.UnpackProtecting(a.Value)
		if !ok {
			return prompts, nil
		}
		return b.opens(i, formOpening{typed: typed, rows: rows, protect: true})
	case view.ActionWitness:
		if !namesVM(a.Value) {
			return prompts, nil
		}
		return reads, func(ctx context.Context) { b.say(replyTo(i), b.witness(ctx, i.User.ID, a.Value)) }
	case view.ActionHistoryNext:
		return reads, b.historyNext(i, a.Value)
	case view.ActionReadAgain:
		return reads, b.shownAgain(i, a.Value)
	default:
		return reads, b.shownNext(i, a.Value)
	}
}

// namesVM reports whether the value of a button may name a VM.
func namesVM(value string) bool {
	return value != "" && len(value) <= view.MaxInput && command.CheckVM(value) == nil
}

// shownAgain carries out a line that only reads once more.
func (b *Bot) shownAgain(i form.Interaction, line string) func(context.Context) {
	c, err := command.Parse(line)
	if err != nil || c.Unknown != "" {
		return nil
	}
	cmd := slashCommand{User: i.User.ID, Text: line, ResponseURL: i.ResponseURL}
	return func(ctx context.Context) { b.readAgain(ctx, cmd, c) }
}

// shownNext shows the next page of a scan.
func (b *Bot) shownNext(i form.Interaction, value string) func(context.Context) {
	var f command.ScanFilter
	if json.Unmarshal([]byte(value), &f) != nil || f.Offset < 0 || f.Text != text.Clean(f.Text) {
		b.answerClick(i, "This button is of no use any more; type /jit scan again.")
		return nil
	}
	return func(ctx context.Context) { b.say(replyTo(i), b.scan(ctx, replyTo(i), f, "")) }
}

// isScanButton reports whether a button only shows something.
func isScanButton(action string) bool {
	only := []string{
		view.ActionProtect, view.ActionScanNext, view.ActionHistoryNext,
		view.ActionWitness, view.ActionAgain, view.ActionWithout, view.ActionMissing,
		view.ActionDenyAgain, view.ActionReadAgain, view.ActionLess, view.ActionProtectAgain,
	}
	return slices.Contains(only, action)
}

// vms answers /jit vms.
func (b *Bot) vms(ctx context.Context, cmd slashCommand, text string) view.Message {
	work, cancel := context.WithTimeout(ctx, listWithin)
	defer cancel()
	err := b.Service.Known(work, cmd.User)
	var lines []lookup.ListedVM
	var more bool
	if err == nil {
		lines, more, err = b.Service.VMs(work, cmd.User, text, view.MaxListed)
	}
	if err != nil {
		return b.unread(ctx, "a list of VMs", cmd.User, view.ReadAgain(cmd.Text), err)
	}
	return view.VMs(lines, text, more)
}
