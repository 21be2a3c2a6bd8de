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
	ResponseURL string     `json:"response_url"`
}

func (l typedLine) reply() reply {
	return reply{url: l.ResponseURL, user: l.User, replace: true}
}

// interaction is the payload of a click or of a submitted form, as far as it
// is read.
type interaction struct {
	Type string `json:"type"` // block_actions, view_submission, …
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
	ResponseURL string `json:"response_url"`
	Actions     []struct {
		ID    string `json:"action_id"`
		Value string `json:"value"`
	} `json:"actions"`
	View struct {
		Callback string `json:"callback_id"`
		Metadata string `json:"private_metadata"`
		State    struct {
			Values map[string]map[string]struct {
				Value string `json:"value"`
			} `json:"values"`
		} `json:"state"`
	} `json:"view"`
}

func (i interaction) reply() reply {
	return reply{url: i.ResponseURL, user: i.User.ID}
}

// input is what was typed into a form.
func (i interaction) input(block, action string) string {
	return i.View.State.Values[block][action].Value
}

func decode[T any](raw json.RawMessage) (T, error) {
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		return v, fmt.Errorf("decoding a payload: %w", err)
	}
	return v, nil
}
