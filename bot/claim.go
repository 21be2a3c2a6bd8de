package bot

import (
	"context"

	"jitbot/bot/view"
	"jitbot/jit"
)

// claim says that somebody is on a waiting request, or not any more.
func (b *Bot) claim(ctx context.Context, by jit.UserID, id jit.ID) view.Message {
	g, err := b.Service.Claim(ctx, by, id)
	if err != nil {
		return b.doubtOf(ctx, view.ActionClaim, by, id, err)
	}
	b.Log.InfoContext(ctx, "somebody is on a request, or not any more", "user", by, "grant", id)
	return view.Say(view.ClaimReply(g, by))
}
