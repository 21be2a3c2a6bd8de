package view_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// checkLimits holds a message, form or tab against the documented limits.
// https://docs.slack.dev/reference/block-kit
func checkLimits(t *testing.T, name string, raw []byte) {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	l := limits{t: t, name: name, inputs: bytes.Contains(raw, []byte(`"type":"input"`))}
	l.visit(v)
	o := v.(map[string]any)
	for _, key := range []string{"text", "Text"} {
		if s, ok := o[key].(string); ok {
			l.atMost("the top-level text", s, 1, 4000)
		}
	}
}

// limits checks what is in blocks, at any depth.
type limits struct {
	t      *testing.T
	name   string
	inputs bool // there are inputs, which need a button to submit them
}

func (l limits) atMost(what string, s any, least, most int) {
	l.t.Helper()
	text, _ := s.(string)
	if n := utf8.RuneCountInString(text); n < least || n > most {
		l.t.Errorf("%s: %s has %d characters, not %d to %d", l.name, what, n, least, most)
	}
}

// count checks how many of something there are.
func (l limits) count(what string, n, least, most int) {
	l.t.Helper()
	if n < least || n > most {
		l.t.Errorf("%s: %d %s, not %d to %d", l.name, n, what, least, most)
	}
}

// textOf is the text of a text object.
func textOf(o map[string]any, key string) any {
	inner, _ := o[key].(map[string]any)
	return inner["text"]
}

func (l limits) visit(v any) {
	l.t.Helper()
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			l.visit(x)
		}
	case map[string]any:
		for key, x := range v {
			l.list(v, key, x)
			l.visit(x)
		}
		l.block(v)
		l.input(v)
	}
}

// list checks a list that something holds.
func (l limits) list(holder map[string]any, key string, x any) {
	l.t.Helper()
	elements, _ := x.([]any)
	switch {
	case strings.EqualFold(key, "blocks"):
		most := 50
		if holder["type"] == "modal" || holder["type"] == "home" {
			most = 100
		}
		l.count("blocks", len(elements), 0, most)
	case key == "options":
		most := 100
		if holder["type"] == "checkboxes" {
			most = 10
		}
		l.count("options", len(elements), 1, most)
		for _, o := range elements {
			o := o.(map[string]any)
			l.atMost("an option", textOf(o, "text"), 1, 75)
			l.atMost("an option's value", o["value"], 1, 75)
			if o["description"] != nil {
				l.atMost("an option's description", textOf(o, "description"), 1, 75)
			}
		}
	case key == "fields":
		l.count("fields", len(elements), 0, 10)
		for _, f := range elements {
			l.atMost("a field", f.(map[string]any)["text"], 1, 2000)
		}
	}
}

// block checks a block, an element that is no input, or a view.
func (l limits) block(v map[string]any) {
	l.t.Helper()
	elements, _ := v["elements"].([]any)
	switch v["type"] {
	case "section":
		if v["text"] != nil {
			l.atMost("a section", textOf(v, "text"), 1, 3000)
		} else if v["fields"] == nil {
			l.t.Errorf("%s: an empty section", l.name)
		}
	case "header":
		l.atMost("a header", textOf(v, "text"), 1, 150)
	case "context":
		l.count("elements of a context", len(elements), 1, 10)
	case "actions":
		l.count("elements of actions", len(elements), 1, 25)
	case "button":
		l.atMost("a button", textOf(v, "text"), 1, 75)
		l.atMost("a value", v["value"], 1, 2000)
		l.atMost("an action_id", v["action_id"], 1, 255)
		l.atMost("a label", v["accessibility_label"], 1, 75)
		if c, ok := v["confirm"].(map[string]any); ok {
			l.atMost("a confirmation's title", textOf(c, "title"), 1, 100)
			l.atMost("a confirmation's text", textOf(c, "text"), 1, 300)
			l.atMost("a confirmation's yes", textOf(c, "confirm"), 1, 30)
			l.atMost("a confirmation's no", textOf(c, "deny"), 1, 30)
		}
	case "modal":
		l.atMost("private_metadata", v["private_metadata"], 0, 3000)
		l.atMost("a title", textOf(v, "title"), 1, 24)
		l.atMost("close", textOf(v, "close"), 1, 24)
		if v["submit"] != nil {
			l.atMost("submit", textOf(v, "submit"), 1, 24)
		} else if l.inputs {
			l.t.Errorf("%s: inputs without submit", l.name)
		}
	case "mrkdwn", "plain_text":
		if s, _ := v["text"].(string); v["type"] == "mrkdwn" && strings.Contains(s, "<!channel") {
			l.t.Errorf("%s mentions the channel: %s", l.name, s)
		}
		l.atMost("a text", v["text"], 1, 3000)
	}
}

// input checks an input and its block.
func (l limits) input(v map[string]any) {
	l.t.Helper()
	switch v["type"] {
	case "input":
		l.atMost("a label", textOf(v, "label"), 1, 2000)
		if v["hint"] != nil {
			l.atMost("a hint", textOf(v, "hint"), 1, 2000)
		}
		l.atMost("a block_id", v["block_id"], 1, 255)
	case "plain_text_input":
		if most, ok := v["max_length"].(float64); ok && v["initial_value"] != nil {
			l.atMost("an initial value", v["initial_value"], 1, int(most))
		}
	}
}
