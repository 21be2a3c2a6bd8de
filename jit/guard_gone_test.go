package jit_test

import (
	"fmt"
	"testing"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/jittest"
)

// A guard that is gone, or moved, moves each grant on as its state wants it.
func TestGuardGone(t *testing.T) {
	const a, b, c = "/subscriptions/s/resourceGroups/a/x/y/web-nsg", "/subscriptions/s/resourceGroups/b/x/y/web-nsg", "/subscriptions/s/resourceGroups/a/x/y/sub-nsg"
	now := jittest.Start
	for _, tt := range []struct {
		name        string
		state       jit.State
		paths, left []string
		moved       []string
		want        string // state, ending, paths (! not confirmed, * gone), left, events
	}{
		{"open, gone", jit.Open, []string{a}, nil, nil, "closed vm gone [" + a + "*] [] [closing closed]"},
		{"open, one of two gone", jit.Open, []string{a, c}, nil, nil, "closing vm gone [" + a + "* !" + c + "] [] [closing]"},
		{"open, moved", jit.Open, []string{a}, nil, []string{b}, "open  [!" + b + "] [] [moved]"},
		{"open, left gone", jit.Open, []string{b}, []string{a}, nil, "open  [" + b + "] [] []"},
		{"open, left moved", jit.Open, []string{c}, []string{a}, []string{b}, "open  [" + c + "] [!" + b + "] []"},
		{"open, left moved to where it is wanted", jit.Open, []string{b}, []string{a}, []string{b}, "open  [" + b + "] [] []"},
		{"open, moved to where it is", jit.Open, []string{a, b}, nil, []string{b}, "open  [" + b + "] [] [moved]"},
		{"closing, gone", jit.Closing, []string{a}, nil, nil, "closed  [" + a + "*] [] [closed]"},
		{"closing, moved", jit.Closing, []string{a}, nil, []string{b}, "closing  [!" + b + "] [] []"},
		{"closing, moved and followed", jit.Closing, []string{a, b}, nil, nil, "closing  [!" + b + "] [] []"},
		{"opening, gone", jit.Opening, []string{a}, nil, nil, "closed failed [" + a + "*] [] [failed closed]"},
		{"opening, moved", jit.Opening, []string{a}, nil, []string{b}, "closing failed [!" + b + "] [] [failed]"},
		{"elsewhere", jit.Open, []string{c}, nil, nil, "open  [" + c + "] [] []"},
	} {
		g := jittest.NewGrant()
		g.State, g.Clock.Begun = tt.state, now
		for _, guard := range tt.paths {
			g.Paths = append(g.Paths, guardpath.Path{VM: jittest.VMID, Guard: guard, Confirmed: tt.state == jit.Open})
		}
		for _, guard := range tt.left {
			g.Left = append(g.Left, guardpath.Path{VM: jittest.VMID, Guard: guard})
		}
		next, events, err := g.GuardGone(a, tt.moved, now)
		if err != nil {
			t.Fatal(tt.name, err)
		}
		kinds := []jit.EventKind{}
		for _, e := range events {
			kinds = append(kinds, e.Kind)
		}
		got := fmt.Sprint(next.State, " ", next.Decision.Ending, " ", marked(next.Paths), " ", marked(next.Left), " ", kinds)
		if got != tt.want {
			t.Errorf("%s: %s\nwant %s", tt.name, got, tt.want)
		}
		if changed := next.Revision != g.Revision; changed != (tt.name != "elsewhere") {
			t.Errorf("%s: changed %t", tt.name, changed)
		}
	}
	if _, _, err := jittest.NewGrant().GuardGone(a, nil, now); err == nil {
		t.Error("a grant that is not live took it")
	}
}

func marked(paths []guardpath.Path) []string {
	out := []string{}
	for _, p := range paths {
		word := p.Guard
		if p.Gone {
			word += "*"
		}
		if !p.Confirmed {
			word = "!" + word
		}
		out = append(out, word)
	}
	return out
}
