package bot

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/slack-go/slack"

	"jitbot/bot/form"
	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/access"
)

// askWhy opens the form. A trigger lives for three seconds, so nothing is
// asked or stored before.
func (b *Bot) askWhy(ctx context.Context, i form.Interaction, id jit.ID) {
	defer b.recovered(ctx, replyTo(i))
	work, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	if _, err := b.API.OpenViewContext(work, i.Trigger, view.DenyForm(id)); err != nil {
		b.Log.WarnContext(ctx, "the form for a reason could not be opened", "user", i.User.ID, "grant", id,
			"error", slackError("opening a form", withoutURL(err)))
		b.answer(ctx, replyTo(i), view.Say("The form for the reason could not be opened, so nothing was denied. Press Deny again."))
	}
}

// formOpening is a form that is to be opened, and for whom.
type formOpening struct {
	to      reply
	trigger string
	typed   jit.Ask // what was typed already; it may be nothing
	protect bool    // the form that protects VMs, not the one that asks for access
}

// callback is the name of the form that is wanted.
func (f formOpening) callback() string {
	if f.protect {
		return view.FormProtect
	}
	return view.FormRequest
}

const (
	// A trigger lives for three seconds and people see nothing before, so what
	// is asked before the view is there must be quick.
	beforeOpening = 700 * time.Millisecond
	fillWithin    = 30 * time.Second
)

// openForm opens the form as a view that says it is loading, and fills it when
// what it shows is known. Guests see a sentence instead.
func (b *Bot) openForm(ctx context.Context, f formOpening) {
	defer b.recovered(ctx, f.to)
	first, cancel := context.WithTimeout(ctx, beforeOpening)
	err := b.Service.Known(first, f.to.user)
	if err == nil && f.protect {
		err = b.Service.Admin(first, f.to.user)
	}
	cancel()
	if _, refused := errors.AsType[*jit.Refusal](err); refused {
		b.answer(ctx, f.to, b.refusalOf(ctx, "opening the form", f.to.user, "", err))
		return
	}
	work, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	v, err := b.API.OpenViewContext(work, f.trigger, view.LoadingForm(f.callback()))
	if err != nil {
		b.Log.WarnContext(ctx, "the form could not be opened", "user", f.to.user, "error", slackError("opening a form", withoutURL(err)))
		text := "The form could not be opened, so nothing was asked for. Type /jit again, or write the whole line: /jit request <vm> [ports] [duration] from <address> for <reason>."
		if f.protect {
			text = "The form could not be opened, so nothing was protected. Type the command again."
		}
		b.answer(ctx, f.to, view.Say(text))
		return
	}
	id := v.ID
	if !b.screen.offer(func(ctx context.Context) { b.fill(ctx, f, id) }) {
		b.show(ctx, f.to.user, id, "", view.TextForm(f.callback(), overloaded))
	}
}

// fill puts what is known into a view that says it is loading.
func (b *Bot) fill(ctx context.Context, f formOpening, id string) {
	defer b.recovered(ctx, reply{user: f.to.user})
	work, cancel := context.WithTimeout(ctx, fillWithin)
	defer cancel()
	v, err := b.filledForm(work, f)
	if err != nil {
		b.logFault(ctx, "filling the form", f.to.user, "", err)
		text, known := view.Refusal(err)
		if !known {
			text = "The VMs could not be read just now, so there is no form. Try again in a minute."
		}
		v = view.TextForm(f.callback(), text)
	}
	b.show(ctx, f.to.user, id, "", v)
}

// filledForm is the form that is wanted, with what is known.
func (b *Bot) filledForm(ctx context.Context, f formOpening) (slack.ModalViewRequest, error) {
	if f.protect {
		d, err := b.protectDraft(ctx, f.to.user, f.typed)
		return view.ProtectForm(d), err
	}
	d, o, err := b.draft(ctx, f.to.user, f.typed)
	return view.RequestForm(d, o), err
}

// show updates a view. With a hash it does so only while nothing else did.
func (b *Bot) show(ctx context.Context, by jit.UserID, id, hash string, v slack.ModalViewRequest) string {
	work, cancel := context.WithTimeout(ctx, postWithin)
	defer cancel()
	_, err := b.API.UpdateViewContext(work, v, "", hash, id)
	code := ErrorCode(err)
	if err != nil && code != "not_found" && code != "hash_conflict" { // closed meanwhile, or overtaken
		b.Log.WarnContext(ctx, "a form could not be updated", "user", by, "error", slackError("updating a form", withoutURL(err)))
	}
	return code
}

// draft is what the form begins with: what was typed, and for the rest what
// the person asked for the last time, as far as it is on offer.
func (b *Bot) draft(ctx context.Context, by jit.UserID, typed jit.Ask) (view.RequestDraft, access.Offer, error) {
	if err := b.Service.Known(ctx, by); err != nil {
		return view.RequestDraft{}, access.Offer{}, err //nolint:wrapcheck // a refusal stays one
	}
	last, _, err := b.Service.Recent(ctx, by)
	if err != nil {
		b.logFault(ctx, "reading the latest request", by, "", err) // the form does without
	}
	d := view.RequestDraft{Many: len(typed.VMs) > 1, Reason: typed.Reason}
	if typed.Duration > 0 {
		d.Duration = jit.ShortDuration(typed.Duration)
	}
	o, err := b.begin(ctx, by, &d, typed.VMs, last)
	if err != nil {
		return d, o, err
	}
	if len(o.VMs) > view.MaxOptions {
		return d, o, jit.Refuse(jit.ErrInput, "That names %s, which is more than the form holds; write the whole line, with ports, from your address and for the reason.", view.Plural(len(o.VMs), "VM", "VMs"))
	}
	d.VMs, d.Many = b.choices(ctx, by, o.VMs), d.Many || len(o.VMs) > 1
	d.Prefill(typed, last, o)
	return d, o, nil
}

// begin finds the VMs that the form begins with. What was typed and cannot be
// found is said in the form.
func (b *Bot) begin(ctx context.Context, by jit.UserID, d *view.RequestDraft, typed []string, last jit.Request) (access.Offer, error) {
	if len(typed) == 0 {
		if len(last.Targets) != 1 {
			return access.Offer{}, nil
		}
		o, err := b.Service.Offer(ctx, by, []string{last.Targets[0].VM})
		if _, refused := errors.AsType[*jit.Refusal](err); refused {
			return access.Offer{}, nil // it is gone, or no policy offers it any more
		}
		return o, err //nolint:wrapcheck // logged as it is
	}
	o, err := b.Service.Offer(ctx, by, typed)
	if _, refused := errors.AsType[*jit.Refusal](err); !refused {
		return o, err //nolint:wrapcheck // logged as it is
	}
	d.Note = view.PlainRefusal(err)
	found := slices.DeleteFunc(slices.Clone(typed), func(word string) bool {
		_, err := b.Service.Offer(ctx, by, []string{word})
		return err != nil
	})
	if len(found) == 0 || len(found) == len(typed) {
		return access.Offer{}, nil
	}
	if o, err = b.Service.Offer(ctx, by, found); err != nil {
		return access.Offer{}, nil //nolint:nilerr // the note says what is wrong
	}
	return o, nil
}
