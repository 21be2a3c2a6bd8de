package bot

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/slack-go/slack/socketmode"

	"jitbot/bot/command"
	"jitbot/bot/form"
	"jitbot/bot/view"
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

// sent is what was done that sent the delivery, and how to do it again.
func (d delivery) sent() (did, again string, err error) {
	if d.Kind == socketmode.RequestTypeSlashCommands {
		cmd, err := decode[slashCommand](d.Payload)
		return "typed " + view.Code("/jit "+command.Unformat(cmd.Text)), "type it again", err
	}
	i, err := decode[form.Interaction](d.Payload)
	if i.Type == "view_submission" {
		return "sent a form", "open it and send it again", err
	}
	did = "pressed a button"
	switch {
	case len(i.Actions) > 0 && i.Actions[0].ID == view.ActionUnprotect:
		return "pressed *Unprotect*", "type `/jit unprotect` again", err
	case len(i.Actions) > 0 && i.Actions[0].ID == view.ActionRevokeAgain:
		id, _ := grantOf(i.Actions[0].Value)
		return "pressed *Try again* to revoke " + view.Code(string(id)), "click again", err
	case len(i.Actions) > 0:
		did = "pressed " + view.Code(i.Actions[0].ID) + " for " + view.Code(i.Actions[0].Value)
	}
	return did, "click again", err
}
