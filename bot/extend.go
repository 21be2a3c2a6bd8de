package bot

import (
	"context"
	"net/netip"
	"time"

	"jitbot/bot/command"
	"jitbot/bot/view"
	"jitbot/jit"
)

// extend asks for more time of one's own grant.
func (b *Bot) extend(ctx context.Context, by jit.UserID, id jit.ID, d time.Duration) view.Message {
	g, err := b.Service.Extend(ctx, by, id, d)
	if err != nil {
		m := b.doubtOf(ctx, string(command.VerbExtend), by, id, err)
		if passes(err) {
			m = view.WithButton(m, view.ExtendAgain(id, d))
		}
		return m
	}
	b.Log.InfoContext(ctx, "asked to extend a grant", "user", by, "grant", id, "by", d)
	return view.Say(view.ExtendReply(g))
}

// move has one's own grant let one in from another address.
func (b *Bot) move(ctx context.Context, by jit.UserID, id jit.ID, to netip.Prefix) view.Message {
	g, err := b.Service.Move(ctx, by, id, to)
	if err != nil {
		return b.doubtOf(ctx, string(command.VerbMove), by, id, err)
	}
	b.Log.InfoContext(ctx, "asked to move a grant", "user", by, "grant", id, "to", to)
	return view.Say(view.MoveReply(g))
}

// decideExtension says yes or no to the extension of the number; a no may have a reason.
func (b *Bot) decideExtension(ctx context.Context, by jit.UserID, id jit.ID, number int, yes bool, reason string) view.Message {
	var g jit.Grant
	var err error
	if yes {
		g, err = b.Service.ApproveExtension(ctx, by, id, number)
	} else {
		g, err = b.Service.DenyExtension(ctx, by, id, number, reason)
	}
	if err != nil {
		m := b.doubtOf(ctx, string(command.VerbExtend), by, id, err)
		if passes(err) && yes { // a no is typed or pressed again, with its reason
			m = view.WithButton(m, view.ExtensionAgain(number, id))
		}
		return m
	}
	b.Log.InfoContext(ctx, "decided an extension", "user", by, "grant", id, "yes", yes)
	return view.Say(view.ExtensionReply(yes, g))
}

// extensionVerb is what a button about an extension does.
func extensionVerb(action string) (command.Verb, bool) {
	if _, ok := view.ExtendBy(action); ok {
		return command.VerbExtend, true
	}
	_, yes, ok := view.ExtensionOf(action)
	if ok && !yes {
		return command.VerbDeny, true
	}
	return command.VerbApprove, ok
}
