package bot

import (
	"context"
	"fmt"

	"jitbot/bot/command"
	"jitbot/bot/view"
	"jitbot/jit"
)

// act is a change of one grant, by command, click or form alike.
func (b *Bot) act(ctx context.Context, by jit.UserID, v command.Verb, id jit.ID, reason string) view.Message {
	g, err := b.change(ctx, by, v, id, reason)
	if err != nil {
		m := b.doubtOf(ctx, string(v), by, id, err)
		if passes(err) {
			m = view.WithRetry(m, v, id, reason)
		}
		return m
	}
	return b.acted(ctx, by, v, g)
}

// acted says to whoever changed a grant what that did to it.
func (b *Bot) acted(ctx context.Context, by jit.UserID, v command.Verb, g jit.Grant) view.Message {
	b.Log.InfoContext(ctx, "changed a grant", "action", string(v), "user", by, "grant", g.ID, "state", g.State)
	return view.Say(view.ActionReply(v, g))
}

func (b *Bot) change(ctx context.Context, by jit.UserID, v command.Verb, id jit.ID, reason string) (jit.Grant, error) {
	switch v {
	case command.VerbApprove:
		return b.Service.Approve(ctx, by, id)
	case command.VerbDeny:
		return b.Service.Deny(ctx, by, id, reason)
	case command.VerbCancel:
		return b.Service.Cancel(ctx, by, id)
	case command.VerbDone:
		return b.Service.Done(ctx, by, id)
	case command.VerbRevoke:
		return b.Service.Revoke(ctx, by, id, reason)
	default:
		return jit.Grant{}, fmt.Errorf("no such action: %s", v)
	}
}
