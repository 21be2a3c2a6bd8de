package bot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/slack-go/slack/socketmode"

	"jitbot/bot/command"
	"jitbot/bot/form"
	"jitbot/bot/view"
	"jitbot/jit"
)

// delivery is one payload of Slack.
type delivery struct {
	Kind    string          `json:"kind"` // slash_commands or interactive
	Payload json.RawMessage `json:"payload"`
}

// key is the same for the same payload, however often it is delivered. Each
// command and click has a trigger id of its own, so two never share it.
func (d delivery) key() string {
	h := sha256.New()
	h.Write([]byte(d.Kind + "\n"))
	h.Write(d.Payload)
	return d.Kind + "-" + hex.EncodeToString(h.Sum(nil))
}

// sent is who sent the delivery, what they did, and how to do it again.
func (d delivery) sent() (by jit.UserID, did, again string, err error) {
	if d.Kind == socketmode.RequestTypeSlashCommands {
		cmd, err := decode[slashCommand](d.Payload)
		return cmd.User, "typed " + view.Code("/jit "+command.Unformat(cmd.Text)), "type it again", err
	}
	i, err := decode[form.Interaction](d.Payload)
	if i.Type == "view_submission" {
		return i.User.ID, "sent a form", "open it and send it again", err
	}
	did = "pressed a button"
	if len(i.Actions) > 0 {
		did = "pressed " + view.Code(i.Actions[0].ID) + " for " + view.Code(i.Actions[0].Value)
	}
	return i.User.ID, did, "click again", err
}

// workWithin is how long one command or click may take.
const workWithin = 2 * time.Minute

// handle deals with a stored delivery and finishes it. When the bot is told to
// stop meanwhile, the delivery stays for the next start. With the answer the note,
// if any, is over.
func (b *Bot) handle(ctx context.Context, key string, d delivery, n *note) {
	defer b.finishUnlessStopped(ctx, key)
	to, m := b.carryOut(ctx, key, d)
	n.end()
	if ctx.Err() == nil && m.Text != "" {
		b.answer(ctx, to, m)
	}
}

func (b *Bot) finishUnlessStopped(ctx context.Context, key string) {
	if ctx.Err() == nil {
		b.finish(ctx, key)
	}
}

func (b *Bot) carryOut(ctx context.Context, key string, d delivery) (to reply, m view.Message) {
	defer func() {
		if p := recover(); p != nil {
			b.Log.ErrorContext(ctx, "a delivery made the bot panic", "key", key, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			m = view.Say(view.FaultText)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, workWithin)
	defer cancel()
	if d.Kind == socketmode.RequestTypeSlashCommands {
		cmd, err := decode[slashCommand](d.Payload)
		if err != nil {
			b.Log.ErrorContext(ctx, "a stored command cannot be read", "key", key, "error", err)
			return reply{}, view.Message{}
		}
		to = cmd.reply()
		return to, b.carryOutCommand(ctx, key, cmd)
	}
	i, err := decode[form.Interaction](d.Payload)
	if err != nil {
		b.Log.ErrorContext(ctx, "a stored click cannot be read", "key", key, "error", err)
		return reply{}, view.Message{}
	}
	to = replyTo(i)
	return to, b.carryOutClick(ctx, i, key)
}
