package bot

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"jitbot/jit"
)

// The form that asks why a request is denied.
const (
	formDeny    = "deny"
	inputReason = "reason" // block and action
)

// maxWhy is the most characters of a reason; the domain's own limit.
const maxWhy = 1000

// DenyForm asks for the reason of a no. It carries the grant's id, which is
// checked again when the form comes back.
func DenyForm(id jit.ID) slack.ModalViewRequest {
	input := slack.NewPlainTextInputBlockElement(nil, inputReason).WithMultiline(true).WithMaxLength(maxWhy)
	return slack.ModalViewRequest{
		Type:            slack.VTModal,
		CallbackID:      formDeny,
		PrivateMetadata: string(id),
		Title:           plain("Deny " + string(id)),
		Submit:          plain("Deny"),
		Close:           plain("Keep waiting"),
		Blocks: slack.Blocks{BlockSet: []slack.Block{
			slack.NewInputBlock(inputReason, plain("Reason"), plain("The requester and the channel read it."), input),
		}},
	}
}

// askWhy opens the form. A trigger lives for three seconds, so nothing is
// asked or stored before.
func (b *Bot) askWhy(ctx context.Context, i interaction, id jit.ID) {
	defer b.recovered(ctx, replyTo(i))
	work, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	if _, err := b.API.OpenViewContext(work, i.Trigger, DenyForm(id)); err != nil {
		b.Log.WarnContext(ctx, "the form for a reason could not be opened", "user", i.User.ID, "grant", id,
			"error", slackError("opening a form", harmless(err)))
		b.answer(ctx, replyTo(i), say("The form for the reason could not be opened, so nothing was denied. Press Deny again."))
	}
}

// formAnswer is an ack that keeps a form open with errors at its inputs.
type formAnswer struct {
	Action string      `json:"response_action"`
	Errors fieldErrors `json:"errors"`
}

// submit takes a form back: wrong input is answered in the form, the rest is
// stored before the ack.
func (b *Bot) submit(ctx context.Context, e envelope, i interaction, raw json.RawMessage) {
	refuse := func(text string) {
		b.refuseForm(ctx, e, fieldErrors{anyInput(i): text})
	}
	if !b.home.has(i.Team.ID, i.User.Team, i.Enterprise.ID) {
		b.Log.WarnContext(ctx, "a form of another workspace was refused", "team", i.Team.ID, "user", i.User.ID)
		refuse(elsewhere)
		return
	}
	if !slices.Contains([]string{formDeny, formRequest, formProtect}, i.View.Callback) {
		b.Log.WarnContext(ctx, "a form that is not known", "user", i.User.ID)
		b.ack(ctx, e, nil)
		return
	}
	if err := b.people.allow(i.User.ID, b.Now()); err != nil {
		text := plainSentence(err)
		refuse(text)
		return
	}
	if i.View.Callback == formRequest {
		b.submitRequest(ctx, e, i, raw)
		return
	}
	if errs := checkForm(i); len(errs) > 0 {
		b.refuseForm(ctx, e, errs)
		return
	}
	b.acceptForm(ctx, e, raw, refuse)
}

// anyInput is an input that the form has, to say at what concerns all of it.
func anyInput(i interaction) string {
	if i.View.Callback == formProtect {
		return inputPorts
	}
	return inputReason
}

// checkForm is what can be known to be wrong with a form by itself.
func checkForm(i interaction) fieldErrors {
	errs := fieldErrors{}
	if i.View.Callback == formProtect {
		_, _, errs = readProtection(i)
	} else if _, _, err := readDenial(i); err != nil {
		errs.refuse(inputReason, err)
	}
	return errs
}

// acceptForm stores a form that is good by itself, and has it carried out.
func (b *Bot) acceptForm(ctx context.Context, e envelope, raw json.RawMessage, refuse func(text string)) {
	if !b.work.reserve() {
		refuse(crowded)
		return
	}
	d := delivery{Kind: socketmode.RequestTypeInteractive, Payload: raw}
	key, fresh, err := b.accept(ctx, d)
	if err != nil {
		b.work.release()
		b.Log.ErrorContext(ctx, "a form was not taken", "error", err)
		refuse(fault)
		return
	}
	b.ack(ctx, e, nil)
	if !fresh {
		b.work.release()
		return
	}
	b.work.put(func(ctx context.Context) { b.handle(ctx, key, d) })
}

// readDenial reads the form that asks why a request is denied.
func readDenial(i interaction) (jit.ID, string, error) {
	id := jit.ID(i.View.Metadata)
	if !id.Valid() {
		return "", "", jit.Refuse(jit.ErrInput, "This form names no grant; close it and press Deny again.")
	}
	reason := i.entry(inputReason, inputReason).Value
	if jit.CleanText(reason) == "" {
		return id, "", jit.Refuse(jit.ErrInput, "Say why; the requester reads it.")
	}
	reason, err := jit.ParseReason(reason)
	return id, reason, err
}

// denied carries out a submitted no. There is no response URL, so the answer
// is a direct message.
func (b *Bot) denied(ctx context.Context, i interaction) Screen {
	if i.View.Callback != formDeny {
		return Screen{}
	}
	id, reason, err := readDenial(i)
	if err == nil {
		err = b.Service.Known(ctx, i.User.ID)
	}
	if err != nil {
		return b.trouble(ctx, string(verbDeny), i.User.ID, id, err)
	}
	return b.act(ctx, i.User.ID, verbDeny, id, reason)
}
