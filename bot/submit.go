package bot

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/slack-go/slack/socketmode"

	"jitbot/bot/form"
	"jitbot/bot/view"
)

func (b *Bot) refuseForm(ctx context.Context, e envelope, errs form.Errors) {
	b.ack(ctx, e, formAnswer{Action: "errors", Errors: errs})
}

// formAnswer is an ack that keeps a form open with errors at its inputs.
type formAnswer struct {
	Action string      `json:"response_action"`
	Errors form.Errors `json:"errors"`
}

// submit takes a form back: wrong input is answered in the form, the rest is
// stored before the ack.
func (b *Bot) submit(ctx context.Context, e envelope, i form.Interaction, raw json.RawMessage) {
	refuse := func(text string) {
		b.refuseForm(ctx, e, form.Errors{form.AnyInput(i): text})
	}
	if !b.ours(ctx, i.Type, i.User.ID, originOf(i)) {
		refuse(otherWorkspace)
		return
	}
	if !slices.Contains([]string{view.FormDeny, view.FormRequest, view.FormProtect}, i.View.Callback) {
		b.Log.WarnContext(ctx, "a form that is not known", "user", i.User.ID)
		b.ack(ctx, e, nil)
		return
	}
	if err := b.commandLimits.allow(i.User.ID, b.Now()); err != nil {
		text := view.PlainRefusal(err)
		refuse(text)
		return
	}
	if i.View.Callback == view.FormRequest {
		b.submitRequest(ctx, e, i, raw)
		return
	}
	if errs := form.Check(i); len(errs) > 0 {
		b.refuseForm(ctx, e, errs)
		return
	}
	b.acceptForm(ctx, e, i, raw, refuse)
}

// acceptForm stores a form that is good by itself, and has it carried out.
func (b *Bot) acceptForm(ctx context.Context, e envelope, i form.Interaction, raw json.RawMessage, refuse func(text string)) {
	came := time.Now()
	if !b.work.reserve() {
		refuse(overloaded)
		return
	}
	d := delivery{Kind: socketmode.RequestTypeInteractive, Payload: raw}
	key, fresh, err := b.accept(ctx, d)
	if err != nil {
		b.work.release()
		b.Log.ErrorContext(ctx, "a form was not taken", "error", err)
		refuse(view.FaultText)
		return
	}
	b.ack(ctx, e, nil)
	if !fresh {
		b.work.release()
		return
	}
	b.carryOutNoting(ctx, replyTo(i), key, d, came)
}
