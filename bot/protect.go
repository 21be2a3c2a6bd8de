package bot

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"jitbot/bot/command"
	"jitbot/bot/form"
	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/access"
	"jitbot/jit/lookup"
	"jitbot/jit/text"
)

// askProtect opens the form that protects VMs, with what was typed.
func (b *Bot) askProtect(ctx context.Context, t typedLine, typed jit.Ask) {
	if _, err := view.PackVMs(view.ShownVMs{Words: typed.VMs}); err != nil {
		text, _ := view.Refusal(err)
		t.say(ctx, view.Say(text))
		return
	}
	if t.direct() {
		t.say(ctx, view.ProtectAnswer(t.cmd.Text))
		return
	}
	f := formOpening{to: t.cmd.reply(), trigger: t.cmd.Trigger, typed: typed, protect: true}
	taken := b.later(prompts, f.to, "opening a form", func(ctx context.Context) {
		t.ack(ctx)
		b.openForm(ctx, f)
	})
	if !taken {
		t.say(ctx, view.Say(b.full()))
	}
}

// protectDraft is what the form begins with: what is on offer at the VMs, and
// where there is no offer in common what Defender for Cloud begins with.
func (b *Bot) protectDraft(ctx context.Context, by jit.UserID, typed jit.Ask) (view.ProtectDraft, error) {
	d := view.ProtectDraft{Words: typed.VMs}
	o, err := b.Service.Offer(ctx, by, typed.VMs)
	switch {
	case errors.Is(err, jit.ErrPolicy):
		d.Begin(lookup.Offer{}, typed.Ports)
		d.Note = "No policy offers the same ports at all of these VMs, so the form begins with the usual ones."
	case err != nil:
		return d, err //nolint:wrapcheck // a refusal stays one
	default:
		if more := d.Begin(o, typed.Ports); more > 0 {
			d.Note = "The policy has " + text.Count(more, "more port, which does", "more ports, which do") + " not fit in this form and " +
				"would not be protected; protect: always in the policy takes all of them."
		}
	}
	d.Are = view.VMsDigest(o.VMs)
	for _, vm := range o.VMs {
		d.VMs = append(d.VMs, view.VMText(vm))
	}
	return d, nil
}

// foresee adds what protecting the rows would do, as far as they can be read and it can
// be told.
func (b *Bot) foresee(ctx context.Context, by jit.UserID, d *view.ProtectDraft) {
	ports := form.RowPolicies(d.Rows)
	if len(ports) == 0 {
		return
	}
	effects, err := b.Service.ProtectEffects(ctx, by, d.Words, ports)
	if err != nil {
		b.logFault(ctx, "foreseeing a protection", by, "", err)
		d.Note = strings.TrimSpace(d.Note + " Which rules it overrules could not be read just now.")
		return
	}
	d.Effects = effects
}

// pressRow adds a port to the form, or takes one away, and keeps what was typed.
func (b *Bot) pressRow(ctx context.Context, e envelope, i form.Interaction) {
	b.ack(ctx, e, nil)
	if b.keyLimits.allow(i.User.ID, b.Now()) != nil {
		return
	}
	n := b.forms.begin(i.View.ID)
	run := func(ctx context.Context) { b.redrawProtect(ctx, i, n) }
	b.queue.add(&job{by: i.User.ID, lane: reads, doing: "redrawing a form", run: run}, b.Now())
}

func (b *Bot) redrawProtect(ctx context.Context, i form.Interaction, n uint64) {
	work, cancel := context.WithTimeout(ctx, fillWithin)
	defer cancel()
	shown, err := view.UnpackVMs(i.View.Metadata)
	if err == nil {
		err = b.Service.Admin(work, i.User.ID)
	}
	var d view.ProtectDraft
	if err == nil {
		d, err = b.protectDraft(work, i.User.ID, jit.Ask{VMs: shown.Words})
	}
	if err != nil {
		b.logFault(ctx, "redrawing the form", i.User.ID, "", err)
		return // what is typed stays, and is read when the form comes back
	}
	d.Rows = form.ReadRows(i)
	if i.Actions[0].ID == view.ActionAddPort {
		d.Add()
	} else if id, err := strconv.Atoi(i.Actions[0].Value); err == nil {
		d.Remove(id)
	}
	b.foresee(work, i.User.ID, &d)
	if len(d.Rows) > view.MaxRows || !b.forms.latest(i.View.ID, n) {
		return
	}
	b.updateView(ctx, i.User.ID, i.View.ID, i.View.Hash, view.ProtectForm(d))
}

// carryOutProtect carries out a stored form. There is no response URL, so the
// answer is a direct message.
func (b *Bot) carryOutProtect(ctx context.Context, i form.Interaction, e errand) view.Message {
	shown, ports, errs := form.ReadProtection(i)
	if len(errs) > 0 {
		return view.Say("Your form could not be taken, so nothing was protected:\n" + errs.Text())
	}
	again := view.ProtectAgain(shown.Words, nil, form.ReadRows(i))
	if err := b.Service.Admin(ctx, i.User.ID); err != nil {
		return b.unread(ctx, string(command.VerbProtect), i.User.ID, again, err)
	}
	o, err := b.Service.Offer(ctx, i.User.ID, shown.Words)
	if err != nil && !errors.Is(err, jit.ErrPolicy) {
		return b.unread(ctx, string(command.VerbProtect), i.User.ID, again, err)
	}
	if view.VMsDigest(o.VMs) != shown.Are {
		return view.Say("What the form names are other VMs now than those that it showed, so nothing was protected. Type `/jit protect` again.")
	}
	var ids []string // a tag may have moved by the time that it is read once more
	for _, vm := range o.VMs {
		ids = append(ids, vm.ID)
	}
	for n, pp := range ports { // what the form does not ask for is the policy's
		if policy, _, ok := view.FindPorts(pp.Ports, o); ok {
			ports[n].Shortest = min(policy.Shortest, pp.Longest)
		}
	}
	results, err := b.Service.ProtectAsOf(ctx, i.User.ID, ids, ports, e.at)
	if err != nil {
		m := b.doubtOf(ctx, string(command.VerbProtect), i.User.ID, "", err)
		if passes(err) {
			m = view.WithButton(m, again)
		}
		return m
	}
	b.logResults(ctx, command.VerbProtect, i.User.ID, results)
	return view.ProtectResults(command.VerbProtect, results)
}

func (b *Bot) logResults(ctx context.Context, v command.Verb, by jit.UserID, results []access.VMResult) {
	for _, r := range results {
		if r.Err != nil {
			b.logFault(ctx, string(v)+" of "+r.VM.ID, by, "", r.Err)
			continue
		}
		b.Log.InfoContext(ctx, "changed a protection", "action", string(v), "user", by, "vm", r.VM.ID)
	}
}
