package view_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"jitbot/bot/view"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares a screen with its file and with Slack's limits.
func golden(t *testing.T, name string, s view.Message) {
	t.Helper()
	raw, err := json.Marshal(map[string]any{"text": s.Text, "blocks": s.Blocks})
	if err != nil {
		t.Fatal(err)
	}
	checkLimits(t, name, raw)
	compare(t, name, raw)
}

func compare(t *testing.T, name string, raw []byte) {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name+".golden.json")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, buf.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; write the golden files with -update", err)
	}
	if diff := cmp.Diff(string(want), buf.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// checkLimits holds a screen against the documented limits.
// https://docs.slack.dev/reference/block-kit
func checkLimits(t *testing.T, name string, raw []byte) {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	atMost := func(what string, s any, min, max int) {
		text, _ := s.(string)
		if n := utf8.RuneCountInString(text); n < min || n > max {
			t.Errorf("%s: %s has %d characters, not %d to %d", name, what, n, min, max)
		}
	}
	text := func(o map[string]any, key string) any {
		inner, _ := o[key].(map[string]any)
		return inner["text"]
	}
	var visit func(v any)
	visit = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, x := range v {
				visit(x)
			}
		case map[string]any:
			for key, x := range v {
				elements, _ := x.([]any)
				most := 50
				if v["type"] == "modal" || v["type"] == "home" {
					most = 100
				}
				switch {
				case strings.EqualFold(key, "blocks") && len(elements) > most:
					t.Errorf("%s: %d blocks", name, len(elements))
				case key == "options":
					most := map[any]int{"checkboxes": 10}[v["type"]]
					if len(elements) > max(most, 100-90*min(most, 1)) || len(elements) == 0 {
						t.Errorf("%s: %d options of %v", name, len(elements), v["type"])
					}
					for _, o := range elements {
						o := o.(map[string]any)
						atMost("an option", text(o, "text"), 1, 75)
						atMost("an option's value", o["value"], 1, 75)
						if o["description"] != nil {
							atMost("an option's description", text(o, "description"), 1, 75)
						}
					}
				case key == "fields":
					if len(elements) > 10 {
						t.Errorf("%s: %d fields", name, len(elements))
					}
					for _, f := range elements {
						atMost("a field", f.(map[string]any)["text"], 1, 2000)
					}
				}
				visit(x)
			}
			elements, _ := v["elements"].([]any)
			switch v["type"] {
			case "section":
				if v["text"] != nil {
					atMost("a section", text(v, "text"), 1, 3000)
				} else if v["fields"] == nil {
					t.Errorf("%s: an empty section", name)
				}
			case "header":
				atMost("a header", text(v, "text"), 1, 150)
			case "context":
				if len(elements) < 1 || len(elements) > 10 {
					t.Errorf("%s: a context of %d", name, len(elements))
				}
			case "actions":
				if len(elements) < 1 || len(elements) > 25 {
					t.Errorf("%s: actions of %d", name, len(elements))
				}
			case "button":
				atMost("a button", text(v, "text"), 1, 75)
				atMost("a value", v["value"], 1, 2000)
				atMost("an action_id", v["action_id"], 1, 255)
				atMost("a label", v["accessibility_label"], 1, 75)
				if c, ok := v["confirm"].(map[string]any); ok {
					atMost("a confirmation's title", text(c, "title"), 1, 100)
					atMost("a confirmation's text", text(c, "text"), 1, 300)
					atMost("a confirmation's yes", text(c, "confirm"), 1, 30)
					atMost("a confirmation's no", text(c, "deny"), 1, 30)
				}
			case "input":
				atMost("a label", text(v, "label"), 1, 2000)
				if v["hint"] != nil {
					atMost("a hint", text(v, "hint"), 1, 2000)
				}
				atMost("a block_id", v["block_id"], 1, 255)
			case "plain_text_input":
				if most, ok := v["max_length"].(float64); ok && v["initial_value"] != nil {
					atMost("an initial value", v["initial_value"], 1, int(most))
				}
			case "modal":
				atMost("private_metadata", v["private_metadata"], 0, 3000)
				if v["submit"] == nil {
					if bytes.Contains(raw, []byte(`"type":"input"`)) {
						t.Errorf("%s: inputs without submit", name)
					}
					v["submit"] = map[string]any{"text": "none"}
				}
				atMost("a title", text(v, "title"), 1, 24)
				atMost("submit", text(v, "submit"), 1, 24)
				atMost("close", text(v, "close"), 1, 24)
			case "mrkdwn", "plain_text":
				atMost("a text", v["text"], 1, 3000)
			}
		}
	}
	visit(v)
	if o := v.(map[string]any); o["text"] != nil || o["Text"] != nil {
		if s, ok := o["text"].(string); ok {
			atMost("the top-level text", s, 1, 4000)
		}
		if s, ok := o["Text"].(string); ok {
			atMost("the top-level text", s, 1, 4000)
		}
	}
}
