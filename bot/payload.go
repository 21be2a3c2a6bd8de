package bot

import (
	"encoding/json"
	"fmt"

	"jitbot/jit"
)

// typedLine is the payload of a slash command, as far as it is read.
type typedLine struct {
	Team        string     `json:"team_id"`
	Enterprise  string     `json:"enterprise_id"`
	User        jit.UserID `json:"user_id"`
	Text        string     `json:"text"`
	Trigger     string     `json:"trigger_id"`
	ResponseURL string     `json:"response_url"`
}

func (l typedLine) reply() reply {
	return reply{url: l.ResponseURL, user: l.User, replace: true}
}

// interaction is the payload of a click, a shortcut, a menu that asks for its
// options, or a submitted form, as far as it is read. Nothing in it but the
// ids that Slack gives is to be believed.
type interaction struct {
	Type string `json:"type"` // block_actions, view_submission, block_suggestion, shortcut, …
	Team struct {
		ID string `json:"id"`
	} `json:"team"`
	Enterprise struct {
		ID string `json:"id"`
	} `json:"enterprise"`
	User struct {
		ID   jit.UserID `json:"id"`
		Team string     `json:"team_id"`
	} `json:"user"`
	Trigger     string `json:"trigger_id"`
	Callback    string `json:"callback_id"` // of a shortcut
	ResponseURL string `json:"response_url"`
	Actions     []struct {
		ID    string `json:"action_id"`
		Value string `json:"value"`
	} `json:"actions"`
	Menu  string   `json:"action_id"` // that asks for options
	Query string   `json:"value"`     // what was typed into it
	View  viewPart `json:"view"`
}

type viewPart struct {
	ID       string `json:"id"`
	Type     string `json:"type"` // modal or home
	Hash     string `json:"hash"`
	Callback string `json:"callback_id"`
	Metadata string `json:"private_metadata"`
	State    struct {
		Values map[string]map[string]entry `json:"values"`
	} `json:"state"`
}

// entry is what was typed into an input or chosen from it.
type entry struct {
	Type    string   `json:"type"`
	Value   string   `json:"value"`
	Option  *choice  `json:"selected_option"`
	Options []choice `json:"selected_options"`
}

type choice struct {
	Text struct {
		Text string `json:"text"`
	} `json:"text"`
	Value string `json:"value"`
}

// replyTo is where an answer to a click or a form goes.
func replyTo(i interaction) reply {
	return reply{url: i.ResponseURL, user: i.User.ID}
}

// entry is what is in an input of the form.
func (i interaction) entry(block, action string) entry {
	return i.View.State.Values[block][action]
}

// happening is the payload of an event, as far as it is read.
type happening struct {
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
