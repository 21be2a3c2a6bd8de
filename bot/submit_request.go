package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/slack-go/slack/socketmode"

	"jitbot/bot/form"
	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/access"
)

const acceptWithin = 1800 * time.Millisecond // of the three seconds until a form's ack

// submitRequest takes the form back. Its ack waits for what can be known
// without Azure, so a worker gives it.
func (b *Bot) submitRequest(ctx context.Context, e envelope, i form.Interaction, raw json.RawMessage) {
	if !b.work.reserve() {
		b.refuseForm(ctx, e, form.Errors{view.InputVM: overloaded})
		return
	}
	came := time.Now()
	if !b.prompt.offer(func(ctx context.Context) { b.acceptRequest(ctx, e, i, raw, came) }) {
		b.work.release()
		b.refuseForm(ctx, e, form.Errors{view.InputVM: overloaded})
	}
}

// acceptRequest answers wrong fields in the form; the rest is stored, asked for and
// acknowledged. It has a place among the work, to use or to give back.
func (b *Bot) acceptRequest(ctx context.Context, e envelope, i form.Interaction, raw json.RawMessage, came time.Time) {
	queued := false
	defer func() {
		if !queued {
			b.work.release()
		}
		if p := recover(); p != nil {
			b.Log.ErrorContext(ctx, "a form made the bot panic", "panic", fmt.Sprint(p))
			b.refuseForm(ctx, e, form.Errors{view.InputVM: view.FaultText})
		}
	}()
	work, cancel := context.WithDeadline(ctx, came.Add(acceptWithin))
	defer cancel()
	a, errs := b.readForm(work, i)
	if len(errs) > 0 {
		b.refuseForm(ctx, e, errs)
		return
	}
	d := delivery{Kind: socketmode.RequestTypeInteractive, Payload: raw}
	key, fresh, err := b.accept(ctx, d)
	if err != nil {
		b.Log.ErrorContext(ctx, "a form was not taken", "user", i.User.ID, "error", err)
		b.refuseForm(ctx, e, form.Errors{view.InputVM: view.FaultText})
		return
	}
	if len(a.VMs) > 0 {
		if _, err = b.Service.Ask(work, i.User.ID, askKey(i, key), a); err != nil && work.Err() == nil {
			b.logFault(ctx, "a form", i.User.ID, "", err)
			text := view.PlainRefusal(err)
			b.refuseForm(ctx, e, form.Errors{view.InputVM: text})
			b.finish(ctx, key)
			return
		}
	}
	b.ack(ctx, e, nil)
	if fresh {
		queued = true
		b.carryOutNoting(ctx, replyTo(i), key, d, came)
	}
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
	var o access.Offer
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
	if len(errs) > 0 {
		return view.Say("Your request could not be taken, so nothing was asked for:\n" + errs.Text() + "\nTry again with /jit.")
	}
	if len(a.VMs) == 0 {
		return view.Say("The VMs could not be read just now, so nothing was asked for. Try again in a minute with /jit.")
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
		return b.refusalOf(ctx, "a form", i.User.ID, "", err)
	}
	return view.Message{}
}
