package slacksim

import (
	"encoding/json"
	"strings"
	"time"
)

// Message is a message as people see it.
type Message struct {
	Channel  string
	TS       string
	ThreadTS string // the thread it is in, or empty
	User     string // the author
	Text     string // the top-level text, what notifications and screen readers say
	// Blocks is the JSON array of the message's blocks with every block_id and
	// action_id filled in, or nil.
	Blocks   json.RawMessage
	Metadata json.RawMessage // {"event_type":…,"event_payload":…} or nil
	Edited   bool
	// Broadcast: a reply that is shown in the channel too.
	Broadcast bool
	// To is the only person who sees an ephemeral message, or empty.
	To                       string
	UnfurlLinks, UnfurlMedia bool
}

// message adds what the simulator keeps for itself.
type message struct {
	Message
	bot     bool
	edited  string    // the timestamp of the last edit
	history []Message // earlier versions, oldest first
	state   values
}

// Option is a choice of a menu.
type Option struct{ Text, Value string }

// Element is something a person can press, choose or fill.
type Element struct {
	Type     string // "button", "static_select", "plain_text_input" and so on
	BlockID  string
	ActionID string
	Text     string // a button's words, an input's label, a menu's placeholder
	Value    string // a button's value
	Style    string // "", "primary", "danger"
	URL      string
	Confirm  *Dialog  // asked before the action is sent
	Options  []Option // those the app gave with the blocks
	Initial  string   // the initial value, or the values of the initial options
	Input    bool     // in an input block
	Optional bool     // an input that may stay empty
}

// Dialog is a confirmation.
type Dialog struct{ Title, Text, Confirm, Deny, Style string }

// View is a modal or a Home tab.
type View struct {
	ID, User, Type         string // Type is "modal" or "home"
	Title, Submit, Close   string
	CallbackID, ExternalID string
	PrivateMetadata        string
	Hash                   string
	RootID, PreviousID     string
	NotifyOnClose          bool
	ClearOnClose           bool
	Blocks                 json.RawMessage
	// State is {"values":{block_id:{action_id:{…}}}} with what was typed so far.
	State json.RawMessage
	// Errors are shown beside the inputs, by block_id.
	Errors map[string]string
	// Trouble is the banner that Slack shows after an invalid or missing answer.
	Trouble string
}

// Reply is what came of a person's action.
type Reply struct {
	// EnvelopeID of the delivery, empty when nothing had to be sent.
	EnvelopeID string
	// Sent is false when Slack's client stopped the action: a dismissed
	// confirmation, a required input left empty (see Errors).
	Sent bool
	// Payload is the acknowledgement's payload, nil when it had none.
	Payload json.RawMessage
	// Text is what the person reads at once: the words of the answer to a slash
	// command, or the failure that Slack shows in its place.
	Text string
	// Message is the message that the acknowledgement of a slash command made.
	Message *Message
	// Errors are a modal's field errors by block_id.
	Errors map[string]string
	// View is the modal on top after a submission, nil when all are closed.
	View *View
	// Confirm is the dialog that the person answered.
	Confirm *Dialog
	// Took is the time from sending to acknowledgement.
	Took time.Duration
}

// Trouble is a failure that a person saw.
type Trouble struct {
	At                      time.Time
	User, Channel, TS, View string
	Text                    string
}

// Buttons are the message's buttons in order.
func (m Message) Buttons() []Element { return buttons(m.Elements()) }

// Elements are everything in the message that a person can use, in order.
func (m Message) Elements() []Element { return elements(rawBlocks(m.Blocks)) }

// AllText is the top-level text and every text in the blocks, a line each.
func (m Message) AllText() string {
	return strings.TrimSpace(m.Text + "\n" + blockText(rawBlocks(m.Blocks)))
}

// Button finds a button by its words or its action_id.
func (m Message) Button(name string) (Element, bool) { return findButton(m.Elements(), name) }

// Buttons are the view's buttons in order.
func (v View) Buttons() []Element { return buttons(v.Elements()) }

// Elements are everything in the view that a person can use, in order.
func (v View) Elements() []Element { return elements(rawBlocks(v.Blocks)) }

// AllText is the title and every text in the blocks, a line each.
func (v View) AllText() string {
	return strings.TrimSpace(v.Title + "\n" + blockText(rawBlocks(v.Blocks)))
}

// Button finds a button by its words or its action_id.
func (v View) Button(name string) (Element, bool) { return findButton(v.Elements(), name) }

func findButton(all []Element, name string) (Element, bool) {
	for _, e := range buttons(all) {
		if e.ActionID == name || e.Text == name {
			return e, true
		}
	}
	return Element{}, false
}

func buttons(all []Element) []Element {
	var out []Element
	for _, e := range all {
		if e.Type == "button" {
			out = append(out, e)
		}
	}
	return out
}

func elements(blocks []any) []Element {
	var out []Element
	walk(blocks, func(block, el object) {
		e := Element{
			Type: str(el, "type"), BlockID: str(block, "block_id"), ActionID: str(el, "action_id"),
			Text: textOf(el, "text"), Value: str(el, "value"), Style: str(el, "style"), URL: str(el, "url"),
			Confirm: dialogOf(el), Initial: initialOf(el),
			Input: str(block, "type") == "input", Optional: flag(block, "optional"),
		}
		if e.Text == "" {
			e.Text = textOf(el, "placeholder")
		}
		if e.Input {
			e.Text = textOf(block, "label")
		}
		for _, o := range optionsOf(el) {
			e.Options = append(e.Options, Option{Text: textOf(o, "text"), Value: str(o, "value")})
		}
		out = append(out, e)
	})
	return out
}

func dialogOf(el object) *Dialog {
	c := obj(el, "confirm")
	if c == nil {
		return nil
	}
	return &Dialog{
		Title: textOf(c, "title"), Text: textOf(c, "text"),
		Confirm: textOf(c, "confirm"), Deny: textOf(c, "deny"), Style: str(c, "style"),
	}
}

func initialOf(el object) string {
	if o := obj(el, "initial_option"); o != nil {
		return str(o, "value")
	}
	var all []string
	for _, v := range list(el, "initial_options") {
		if o, ok := v.(object); ok {
			all = append(all, str(o, "value"))
		}
	}
	if len(all) > 0 {
		return strings.Join(all, ",")
	}
	for _, key := range []string{"initial_value", "initial_date", "initial_time", "initial_user", "initial_conversation", "initial_channel"} {
		if s := str(el, key); s != "" {
			return s
		}
	}
	return ""
}

// optionsOf are the options of a menu, those in groups included.
func optionsOf(el object) []object {
	var out []object
	add := func(items []any) {
		for _, v := range items {
			if o, ok := v.(object); ok {
				out = append(out, o)
			}
		}
	}
	add(list(el, "options"))
	for _, v := range list(el, "option_groups") {
		if g, ok := v.(object); ok {
			add(list(g, "options"))
		}
	}
	return out
}

// walk visits the interactive elements of blocks in order.
func walk(blocks []any, visit func(block, el object)) {
	for _, v := range blocks {
		block, ok := v.(object)
		if !ok {
			continue
		}
		all := append([]any{block["element"], block["accessory"]}, list(block, "elements")...)
		for _, v := range all {
			if el, ok := v.(object); ok && interactive(str(el, "type")) {
				visit(block, el)
			}
		}
	}
}

// interactive tells elements from the pictures and texts of a context block.
func interactive(kind string) bool {
	switch kind {
	case "", "image", "plain_text", "mrkdwn":
		return false
	}
	return !strings.HasPrefix(kind, "rich_text_") || kind == "rich_text_input"
}

// blockText gathers what is read: every "text" string of the blocks.
func blockText(v any) string {
	var b strings.Builder
	var visit func(v any)
	visit = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, x := range v {
				visit(x)
			}
		case object:
			if s := str(v, "text"); s != "" {
				b.WriteString(s + "\n")
			}
			for _, key := range []string{"text", "fields", "accessory", "elements", "label", "hint", "element", "placeholder"} {
				switch v[key].(type) {
				case object, []any:
					visit(v[key])
				}
			}
		}
	}
	visit(v)
	return b.String()
}
