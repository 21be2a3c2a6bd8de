package bot

import (
	"context"
	"errors"
	"strings"

	"jitbot/bot/view"
	"jitbot/jit"
)

// request stores what is asked for and checks it. The answer is the only one: of what
// it says no direct message says the same.
func (b *Bot) request(ctx context.Context, by jit.UserID, key string, a jit.Ask) view.Message {
	here := a
	here.Here = true
	grants, err := b.Service.Ask(ctx, by, key, here)
	var lines []string
	var waiting []jit.Grant
	var refused error
	var why []error
	for _, g := range grants {
		checked, err := g, error(nil)
		switch g.State {
		case jit.Asked:
			checked, err = b.Service.Check(ctx, g.ID)
		case jit.Refused: // before this was repeated
			err = refusedBefore(g)
		default:
		}
		if err != nil {
			checked.ID, refused, why = g.ID, err, append(why, err)
			b.logFault(ctx, "checking a request", by, g.ID, err)
		}
		lines, waiting = append(lines, view.RequestReply(checked, err)), append(waiting, checked)
	}
	if err != nil {
		refused = err
		b.logFault(ctx, "a request", by, "", err)
		lines = append(lines, view.Doubt(err))
	}
	m := view.WithMissing(view.Say(strings.Join(lines, "\n")), why...)
	if refused != nil {
		return view.WithAgain(view.WithWithout(m, waiting...), passes(refused), a)
	}
	return view.WithWithdraw(m, waiting...)
}

// refusedBefore is why a request was refused when it was checked the first time.
func refusedBefore(g jit.Grant) error {
	kind := jit.ErrPolicy
	if g.Decision.Rights {
		kind = jit.ErrRights
	}
	return jit.Refuse(kind, "%s", jit.Whole(g.Decision.Reason))
}

// passes reports whether what is wrong may be over in a while: a refusal says so
// itself, and of a fault nobody knows better, unless jitbot is not allowed something.
func passes(err error) bool {
	_, refused := errors.AsType[*jit.Refusal](err)
	return !refused && !errors.Is(err, jit.ErrForbidden) || errors.Is(err, jit.ErrBusy)
}
