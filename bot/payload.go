package bot

import (
	"encoding/json"
	"fmt"

	"jitbot/bot/form"
	"jitbot/jit"
)

// slashCommand is the payload of a slash command, as far as it is read.
type slashCommand struct {
	Team        string     `json:"team_id"`
	Enterprise  string     `json:"enterprise_id"`
	User        jit.UserID `json:"user_id"`
	Text        string     `json:"text"`
	Trigger     string     `json:"trigger_id"`
	ResponseURL string     `json:"response_url"`
}

func (cmd slashCommand) reply() reply {
	return reply{url: cmd.ResponseURL, user: cmd.User}
}

// replyTo is where an answer to a click or a form goes.
func replyTo(i form.Interaction) reply {
	return reply{url: i.ResponseURL, user: i.User.ID}
}

// eventPayload is the payload of an event, as far as it is read.
type eventPayload struct {
	Team  string `json:"team_id"`
	ID    string `json:"event_id"`
	Event struct {
		Type    string     `json:"type"`
		User    jit.UserID `json:"user"`
		Bot     string     `json:"bot_id"`
		Channel string     `json:"channel"`
		Thread  string     `json:"thread_ts"`
		Tab     string     `json:"tab"`
	} `json:"event"`
}

func decode[T any](raw json.RawMessage) (T, error) {
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		return v, fmt.Errorf("decoding a payload: %w", err)
	}
	return v, nil
}
