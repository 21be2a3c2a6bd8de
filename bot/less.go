package bot

import (
	"context"

	"github.com/slack-go/slack"

	"jitbot/bot/command"
	"jitbot/bot/form"
	"jitbot/bot/view"
)

// opensLess opens the form by which less is approved, for whoever pressed its button; nil
// when that names no grant.
func (b *Bot) opensLess(i form.Interaction) (lane, func(context.Context)) {
	l, ok := view.UnpackLess(i.Actions[0].Value)
	if !ok {
		return prompts, nil
	}
	at, open := b.opens(i, formOpening{less: l})
	return at, func(ctx context.Context) {
		open(ctx)
		b.tellClicked(i, l.ID)
	}
}

// lessForm is the form by which an approver approves less of a request.
func (b *Bot) lessForm(ctx context.Context, f formOpening) (slack.ModalViewRequest, error) {
	g, err := b.Service.ToNarrow(ctx, f.to.user, f.less.ID)
	return view.LessForm(g, f.less), err
}

// carryOutLess carries out a submitted approval of less. There is no response URL, so the
// answer is a direct message.
func (b *Bot) carryOutLess(ctx context.Context, i form.Interaction) view.Message {
	by := i.User.ID
	typed, less, errs := form.ReadLess(i)
	if len(errs) > 0 {
		return view.Say(errs.Text())
	}
	err := b.Service.Known(ctx, by)
	if err == nil {
		g, failed := b.Service.ApproveLess(ctx, by, typed.ID, less)
		if err = failed; err == nil {
			b.Log.InfoContext(ctx, "approved less of a request", "user", by, "grant", g.ID, "state", g.State)
			return view.Say(view.LessReply(g))
		}
	}
	m := b.doubtOf(ctx, string(command.VerbApprove), by, typed.ID, err)
	if passes(err) {
		m = view.WithButton(m, view.TryLess(typed))
	}
	return m
}
