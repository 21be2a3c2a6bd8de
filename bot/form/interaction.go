package form

import (
	"slices"

	"jitbot/jit"
)

// Interaction is the payload of a click, a shortcut, a menu that asks for its
// options, or a submitted form, as far as it is read. Nothing in it but the
// ids that Slack gives is to be believed.
type Interaction struct {
	Type string   `json:"type"` // block_actions, view_submission, block_suggestion, shortcut, …
	Team struct { // null where the app is installed in a whole organization
		ID         string `json:"id"`
		Enterprise string `json:"enterprise_id"`
	} `json:"team"`
	Enterprise struct { // of some kinds of payloads only
		ID string `json:"id"`
	} `json:"enterprise"`
	OrgWide Truth `json:"is_enterprise_install"`
	User    struct {
		ID   jit.UserID `json:"id"`
		Team string     `json:"team_id"` // the organization's id in some kinds of payloads
	} `json:"user"`
	Trigger     string `json:"trigger_id"`
	Callback    string `json:"callback_id"` // of a shortcut
	ResponseURL string `json:"response_url"`
	Actions     []struct {
		ID    string `json:"action_id"`
		Value string `json:"value"`
	} `json:"actions"`
	Menu  string      `json:"action_id"` // that asks for options
	Query string      `json:"value"`     // what was typed into it
	View  viewPayload `json:"view"`

	Container struct {
		Channel   string `json:"channel_id"`
		Message   string `json:"message_ts"` // that was clicked
		Ephemeral bool   `json:"is_ephemeral"`
	} `json:"container"`
}

// Truth is a flag, which Slack writes as a word in commands.
type Truth bool

// UnmarshalJSON takes anything; all but true is false.
func (t *Truth) UnmarshalJSON(raw []byte) error {
	*t = Truth(string(raw) == "true" || string(raw) == `"true"`)
	return nil
}

type viewPayload struct {
	ID        string `json:"id"`
	Type      string `json:"type"` // modal or home
	Hash      string `json:"hash"`
	Callback  string `json:"callback_id"`
	Metadata  string `json:"private_metadata"`
	Installed string `json:"app_installed_team_id"`
	State     struct {
		Values map[string]map[string]input `json:"values"`
	} `json:"state"`
}

// input is what was typed into an input or chosen from it.
type input struct {
	Type    string   `json:"type"`
	Value   string   `json:"value"`
	Option  *option  `json:"selected_option"`
	Options []option `json:"selected_options"`
}

type option struct {
	Text struct {
		Text string `json:"text"`
	} `json:"text"`
	Note struct {
		Text string `json:"text"`
	} `json:"description"`
	Value string `json:"value"`
}

// ticked reports whether an option of a group of checkboxes is ticked.
func (i Interaction) ticked(name, value string) bool {
	return slices.ContainsFunc(i.input(name, name).Options, func(o option) bool { return o.Value == value })
}

// input is what is in an input of the form.
func (i Interaction) input(block, action string) input {
	return i.View.State.Values[block][action]
}
