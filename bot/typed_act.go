package bot

import (
	"context"
	"time"

	"jitbot/bot/command"
	"jitbot/bot/view"
	"jitbot/jit"
)

// approveTyped is a typed approval, of an extension where one waits. Where the button asks
// once more, what is approved is shown with that button instead.
func (b *Bot) approveTyped(ctx context.Context, by jit.UserID, id jit.ID) view.Message {
	l, err := b.Service.ToDecide(ctx, by, id)
	if err != nil {
		return b.refusalOf(ctx, string(command.VerbApprove), by, id, err)
	}
	if x := l.Grant.Extension; l.Grant.State == jit.Open && x.Waiting() {
		return b.decideExtension(ctx, by, id, x.Number, true, "")
	}
	if view.MayApprove(l) && view.AsksBack(l.Grant) {
		return view.ApproveOnceMore(l)
	}
	return b.act(ctx, by, command.VerbApprove, id, "")
}

// denyTyped is a typed denial, of an extension where one waits.
func (b *Bot) denyTyped(ctx context.Context, by jit.UserID, id jit.ID, reason string) view.Message {
	l, err := b.Service.ToDecide(ctx, by, id)
	if x := l.Grant.Extension; err == nil && l.Grant.State == jit.Open && x.Waiting() {
		return b.decideExtension(ctx, by, id, x.Number, false, reason)
	}
	return b.act(ctx, by, command.VerbDeny, id, reason) // which also says what is wrong
}

// doneTyped ends access that was named, or else the only one that was open when that
// was typed.
func (b *Bot) doneTyped(ctx context.Context, by jit.UserID, id jit.ID, typed time.Time) view.Message {
	if id != "" {
		return b.act(ctx, by, command.VerbDone, id, "")
	}
	g, err := b.Service.DoneOnly(ctx, by, typed)
	if err != nil {
		return b.doubtOf(ctx, string(command.VerbDone), by, g.ID, err)
	}
	return b.acted(ctx, by, command.VerbDone, g)
}
