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
	OrgWide     form.Truth `json:"is_enterprise_install"`
	User        jit.UserID `json:"user_id"`
	Text        string     `json:"text"`
	Trigger     string     `json:"trigger_id"`
	Event       string     `json:"event_id,omitempty"` // of a direct message that is read as a command
	ResponseURL string     `json:"response_url"`
}

func (cmd slashCommand) reply() reply {
	return reply{url: cmd.ResponseURL, user: cmd.User}
}

func (cmd slashCommand) origin() origin {
	return origin{team: cmd.Team, enterprise: []string{cmd.Enterprise}, orgWide: bool(cmd.OrgWide)}
}

// replyTo is where an answer to a click or a form goes.
func replyTo(i form.Interaction) reply {
	return reply{url: i.ResponseURL, user: i.User.ID}
}

// eventPayload is the payload of an event, as far as it is read.
type eventPayload struct {
	Team       string `json:"team_id"` // in a connected channel that of whoever did it
	Enterprise string `json:"enterprise_id"`
	ID         string `json:"event_id"`

	// Authorizations is the installation that the event is for.
	Authorizations []struct {
		Team       string     `json:"team_id"`
		Enterprise string     `json:"enterprise_id"`
		OrgWide    form.Truth `json:"is_enterprise_install"`
	} `json:"authorizations"`

	Event struct {
		Type    string     `json:"type"`
		Subtype string     `json:"subtype"`
		In      string     `json:"channel_type"`
		Text    string     `json:"text"`
		User    jit.UserID `json:"user"`
		Bot     string     `json:"bot_id"`
		Channel string     `json:"channel"`
		Thread  string     `json:"thread_ts"`
		Tab     string     `json:"tab"`
	} `json:"event"`
}

func (p eventPayload) origin() origin {
	if len(p.Authorizations) == 0 {
		return origin{team: p.Team, enterprise: []string{p.Enterprise}}
	}
	a := p.Authorizations[0]
	return origin{team: p.Team, installed: a.Team, enterprise: []string{a.Enterprise}, orgWide: bool(a.OrgWide)}
}

func decode[T any](raw json.RawMessage) (T, error) {
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		return v, fmt.Errorf("decoding a payload: %w", err)
	}
	return v, nil
}
