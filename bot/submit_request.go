package bot

import (
	"context"
	"errors"
	"time"

	"jitbot/bot/form"
	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/lookup"
)

const acceptWithin = 1800 * time.Millisecond // of the three seconds until a form's ack

// submitRequest takes the form back. Its ack waits for what can be known
// without Azure, so a worker gives it.
func (b *Bot) submitRequest(ctx context.Context, e envelope, i form.Interaction, t *intake) {
	if !b.place(ctx, t) {
		return
	}
	check := &job{by: t.by, to: t.to, lane: prompts, doing: "reading a form", run: func(ctx context.Context) { b.acceptRequest(ctx, e, i, t) }}
	check.never = func() { b.storing.Go(func() { b.store(t) }) } //nolint:contextcheck // it is read after the next start
	if !b.queue.add(check, b.Now()) {
		b.turnAway(ctx, t, b.full())
	}
}

// acceptRequest answers wrong fields in the form; the rest is stored, asked for and
// acknowledged.
func (b *Bot) acceptRequest(ctx context.Context, e envelope, i form.Interaction, t *intake) {
	defer func() {
		if p := recover(); p != nil {
			b.panicked(ctx, "reading a form", p)
			b.turnAway(ctx, t, view.FaultText)
		}
	}()
	work, cancel := context.WithDeadline(ctx, t.came.Add(acceptWithin))
	defer cancel()
	a, errs := b.readForm(work, i)
	if len(errs) > 0 {
		fields, say := errs.Text(), t.say
		t.say = func(text string) {
			if text != fields {
				say(text)
				return
			}
			b.refuseForm(ctx, e, errs)
		}
		b.turnAway(ctx, t, fields)
		return
	}
	t.check = func(ctx context.Context) string {
		if len(a.VMs) == 0 || !b.queue.alone(t.job) {
			return "" // it is asked for, and answered, after what came before it
		}
		ctx, cancel := context.WithDeadline(ctx, t.came.Add(acceptWithin))
		defer cancel()
		_, err := b.Service.Ask(ctx, t.by, askKey(i, t.key), a)
		if _, refused := errors.AsType[*jit.Refusal](err); refused {
			return view.PlainRefusal(err)
		}
		return "" // a fault leaves it in doubt, and it is asked for again
	}
	// A worker is for what is to be read.
	b.storing.Go(func() { b.store(t) }) //nolint:contextcheck // it ends with the bot, not with what brought it
}

// askKey is that of the view: a form that is sent twice asks once.
func askKey(i form.Interaction, delivery string) string {
	if i.View.ID == "" {
		return delivery
	}
	return "view-" + view.Clip(i.View.ID, view.MaxName)
}

// readForm reads a submitted form and finds what is wrong with it. Where the
// policy cannot be read in time the VMs stay empty: the stored form is read
// again later.
func (b *Bot) readForm(ctx context.Context, i form.Interaction) (jit.Ask, form.Errors) {
	f := form.ReadRequest(i)
	words, err := b.vmWords(ctx, i.User.ID, f.Draft.VMs)
	var o lookup.Offer
	if err == nil && len(words) > 0 {
		o, err = b.Service.Offer(ctx, i.User.ID, words)
	}
	known := err == nil && len(words) > 0
	a, errs := f.Ask(o, known)
	_, refused := errors.AsType[*jit.Refusal](err)
	switch {
	case refused:
		errs.Refuse(view.InputVM, err)
	case err != nil:
		b.logFault(ctx, "reading a form", i.User.ID, "", err)
	default:
		a.VMs = words
	}
	return a, errs
}

// carryOutRequest carries out a stored form. What comes of the grant is told by its
// notices; only what made none is answered here.
func (b *Bot) carryOutRequest(ctx context.Context, i form.Interaction, key string) view.Message {
	a, errs := b.readForm(ctx, i)
	typed := a
	typed.VMs, _ = b.vmWords(ctx, i.User.ID, form.ReadRequest(i).Draft.VMs)
	if len(errs) > 0 {
		return view.WithAgain(view.Say("Nothing was asked for, because your request could not be taken:\n"+errs.Text()), false, typed)
	}
	if len(a.VMs) == 0 {
		m := view.Say("Nothing was asked for, because the VMs could not be read just now. That passes; try again in a minute.")
		return view.WithAgain(m, true, typed)
	}
	grants, err := b.Service.Ask(ctx, i.User.ID, askKey(i, key), a)
	for _, g := range grants {
		if g.State != jit.Asked {
			continue
		}
		if _, err := b.Service.Check(ctx, g.ID); err != nil {
			b.logFault(ctx, "checking a request", i.User.ID, g.ID, err)
		}
	}
	if err != nil {
		return view.WithAgain(b.doubtOf(ctx, "a form", i.User.ID, "", err), passes(err), typed)
	}
	return view.Message{}
}
