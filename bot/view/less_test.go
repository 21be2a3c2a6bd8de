package view_test

import (
	"encoding/json"
	"strings"
	"testing"

	"jitbot/bot/view"
)

func TestLessForm(t *testing.T) {
	g := exampleGrants()["claimed"].g
	g.Warnings = []string{"web-1: port 22 is already open, by rule all."}
	for name, typed := range map[string]view.Less{
		"form-less": {ID: g.ID}, "form-less-again": {ID: g.ID, Ports: "22", Sources: "203.0.113.7", Duration: "soon"},
	} {
		raw, err := json.MarshalIndent(view.LessForm(g, typed), "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		compare(t, name, raw)
	}
	g = exampleGrants()["approved-with-less"].g
	if f, _ := json.Marshal(view.LessForm(g, view.Less{ID: g.ID})); !strings.Contains(string(f), `\"a\":{\"ports\"`) || !strings.Contains(string(f), `"initial_value":"30m"`) {
		t.Errorf("of what was narrowed: %s", f)
	}
}

// What a button carries may have been altered.
func FuzzUnpackLess(f *testing.F) {
	for _, s := range []string{"g-7k2qd", `{"g":"g-7k2qd","p":"22"}`, `{"g":"x"}`, `{"g":"g-7k2qd","p":22}`, "{", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if l, ok := view.UnpackLess(s); ok && !l.ID.Valid() {
			t.Errorf("%q is taken for %q", s, l.ID)
		}
	})
}
