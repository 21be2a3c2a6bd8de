package bot

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"jitbot/bot/command"
	"jitbot/bot/form"
	"jitbot/bot/view"
	"jitbot/jit"
)

// formOpening is a form that is to be opened, and for whom.
type formOpening struct {
	to      reply
	trigger string
	typed   jit.Ask           // what was typed already; it may be nothing
	wrong   command.Part      // what is wrong with that, where the form begins
	note    string            // and in words
	protect bool              // the form that protects VMs, not the one that asks for access
	rows    []view.ProtectRow // what was typed into the form that protects
	less    view.Less         // with a grant: the form by which less of it is approved
}

// callback is the name of the form that is wanted.
func (f formOpening) callback() string {
	switch {
	case f.less.ID != "":
		return view.FormLess
	case f.protect:
		return view.FormProtect
	}
	return view.FormRequest
}

// again opens the form once more; nil where a button has no room for what was typed.
func (f formOpening) again() *slack.ButtonBlockElement {
	switch f.callback() {
	case view.FormLess:
		return view.TryLess(f.less)
	case view.FormProtect:
		return view.ProtectAgain(f.typed.VMs, f.typed.Ports, f.rows)
	}
	return view.AgainButton("Try again", f.typed)
}

// opens opens the form, or fills the one in which the button was pressed.
func (b *Bot) opens(i form.Interaction, f formOpening) (lane, func(context.Context)) {
	if f.to, f.trigger = replyTo(i), i.Trigger; i.View.Type != string(slack.VTModal) {
		return prompts, func(ctx context.Context) { b.openForm(ctx, f) }
	}
	return reads, func(ctx context.Context) { b.fillForm(ctx, f, i.View.ID) }
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
	first, cancel := context.WithTimeout(ctx, beforeOpening)
	err := b.Service.Known(first, f.to.user)
	if err == nil && f.protect {
		err = b.Service.Admin(first, f.to.user)
	}
	cancel()
	if _, refused := errors.AsType[*jit.Refusal](err); refused {
		b.say(f.to, b.refusalOf(ctx, "opening the form", f.to.user, "", err))
		return
	}
	work, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	v, err := b.API.OpenViewContext(work, f.trigger, view.LoadingForm(f.callback()))
	if err != nil {
		b.Log.WarnContext(ctx, "the form could not be opened", "user", f.to.user, "error", slackError("opening a form", withoutURL(err)))
		text := "The form could not be opened, so nothing was asked for. Type /jit again, " +
			"or write the whole line: /jit request <vm> [ports] [duration] from <address> for <reason>."
		switch f.callback() {
		case view.FormProtect:
			text = "The form could not be opened, so nothing was protected. Type the command again."
		case view.FormLess:
			text = "The form could not be opened, so nothing was approved. Press the button again."
		}
		b.say(f.to, view.WithButton(view.Say(text), f.again()))
		return
	}
	id := v.ID
	if !b.later(reads, reply{user: f.to.user}, "filling a form", func(ctx context.Context) { b.fillForm(ctx, f, id) }) {
		b.updateView(ctx, f.to.user, id, "", view.TextForm(f.callback(), b.full(), f.again()))
	}
}

// fillForm puts what is known into a view that says it is loading.
func (b *Bot) fillForm(ctx context.Context, f formOpening, id string) {
	work, cancel := context.WithTimeout(ctx, fillWithin)
	defer cancel()
	v, err := b.filledForm(work, f)
	if ctx.Err() != nil {
		b.say(reply{user: f.to.user}, view.Say(restarting))
		return
	}
	if err != nil {
		b.logFault(ctx, "filling the form", f.to.user, "", err)
		text, known := view.Refusal(err)
		var help *slack.ButtonBlockElement
		if !known && passes(err) {
			help = f.again()
			text = "The VMs could not be read just now, so there is no form. Try again in a minute."
			if f.less.ID != "" {
				text = "The request could not be read just now, so there is no form. Try again in a minute."
			}
		}
		v = view.TextForm(f.callback(), text, help)
	}
	b.updateView(ctx, f.to.user, id, "", v)
}

// filledForm is the form that is wanted, with what is known.
func (b *Bot) filledForm(ctx context.Context, f formOpening) (slack.ModalViewRequest, error) {
	if f.less.ID != "" {
		return b.lessForm(ctx, f)
	}
	if f.protect {
		if err := b.Service.Admin(ctx, f.to.user); err != nil {
			return slack.ModalViewRequest{}, err //nolint:wrapcheck // a refusal stays one
		}
		d, err := b.protectDraft(ctx, f.to.user, f.typed)
		if len(f.rows) > 0 {
			d.Rows = f.rows
		}
		if err == nil {
			b.foresee(ctx, f.to.user, &d)
		}
		return view.ProtectForm(d), err
	}
	d, o, err := b.requestDraft(ctx, f.to.user, f.typed)
	d.FocusOn(f.wrong, o)
	d.Note = strings.TrimSpace(f.note + "\n" + d.Note)
	return view.RequestForm(d, o), err
}

// updateView shows another content in a view; with a hash only while nothing else
// did. It returns the error that Slack named.
func (b *Bot) updateView(ctx context.Context, by jit.UserID, id, hash string, v slack.ModalViewRequest) string {
	work, cancel := context.WithTimeout(ctx, postWithin)
	defer cancel()
	_, err := b.API.UpdateViewContext(work, v, "", hash, id)
	code := ErrorCode(err)
	if err != nil && code != "not_found" && code != "hash_conflict" { // closed meanwhile, or overtaken
		b.Log.WarnContext(ctx, "a form could not be updated", "user", by, "error", slackError("updating a form", withoutURL(err)))
	}
	return code
}
