package bot

import (
	"context"
	"time"

	"jitbot/bot/command"
	"jitbot/bot/form"
	"jitbot/bot/view"
	"jitbot/jit"
)

// openDenyForm opens the form that asks for a reason. A trigger lives for three
// seconds, so nothing is asked or stored before.
func (b *Bot) openDenyForm(ctx context.Context, i form.Interaction, id jit.ID, reason string) {
	work, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	if _, err := b.API.OpenViewContext(work, i.Trigger, view.DenyForm(id, reason)); err != nil {
		b.Log.WarnContext(ctx, "the form for a reason could not be opened", "user", i.User.ID, "grant", id,
			"error", slackError("opening a form", withoutURL(err)))
		b.say(replyTo(i), view.Say("The form for the reason could not be opened, so nothing was denied. Press Deny again."))
	}
}

// carryOutDenial carries out a submitted denial. There is no response URL, so the
// answer is a direct message.
func (b *Bot) carryOutDenial(ctx context.Context, i form.Interaction) view.Message {
	if i.View.Callback != view.FormDeny {
		return view.Message{}
	}
	id, reason, err := form.ReadDenial(i)
	if err == nil {
		err = b.Service.Known(ctx, i.User.ID)
	}
	if err != nil {
		m := b.refusalOf(ctx, string(command.VerbDeny), i.User.ID, id, err)
		if passes(err) {
			m = view.WithRetry(m, command.VerbDeny, id, reason)
		}
		return m
	}
	return b.act(ctx, i.User.ID, command.VerbDeny, id, reason)
}
