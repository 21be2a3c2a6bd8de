package bot

import (
	"context"
	"encoding/json"
	"slices"

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
	if !slices.Contains([]string{view.FormDeny, view.FormRequest, view.FormProtect, view.FormLess}, i.View.Callback) {
		b.Log.WarnContext(ctx, "a form that is not known", "user", i.User.ID)
		b.ack(ctx, e, nil)
		return
	}
	t, err := b.interactionIntake(i, raw)
	if err != nil {
		refuse(view.FaultText)
		return
	}
	t.taken = func() { b.ack(ctx, e, nil) }
	t.say = refuse
	if i.View.Callback == view.FormRequest {
		t.say = func(text string) { b.refuseForm(ctx, e, form.Errors{view.InputVM: text}) }
	}
	if b.repeated(ctx, t) {
		return
	}
	if i.View.Callback != view.FormDeny {
		if err := b.commandLimits.allow(i.User.ID, b.Now()); err != nil {
			b.turnAway(ctx, t, view.PlainRefusal(err))
			return
		}
	}
	if i.View.Callback == view.FormRequest {
		b.submitRequest(ctx, e, i, t)
		return
	}
	if errs := form.Check(i); len(errs) > 0 {
		t.outcome.is(errs.Text()) // which a repeat has too
		b.refuseForm(ctx, e, errs)
		return
	}
	b.take(ctx, t)
}
