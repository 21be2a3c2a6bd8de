package view

import (
	"strings"
	"testing"

	"jitbot/jit"
)

// Whoever asks reads what is known of the VM's ports: in the answer to a typed
// line, and in the first direct message, which is the answer to a form.
func TestRequesterReadsTheNotes(t *testing.T) {
	const note, shown = "jump-1: port 22 is already open to 203.0.113.7/32 without a grant, by rule ssh-anywhere.",
		"jump-1: port 22 is already open to `203.0.113.7/32` without a grant, by rule ssh-anywhere."
	g := jit.Grant{ID: "g-7k2qd", Request: jit.Request{By: jit.Person{ID: "U0ADA"}}, Notes: []string{note, "2", "3", "4", "5"}}
	in := func(state jit.State, approvals ...jit.Approval) jit.Grant {
		g := g
		g.State, g.Approvals = state, approvals
		return g
	}
	direct := func(kind jit.EventKind, g jit.Grant) string { return Direct(jit.Event{Kind: kind}, g).Text }
	for name, said := range map[string]string{
		"answer, waiting":         RequestReply(in(jit.Pending), nil),
		"answer, being opened":    RequestReply(in(jit.Opening), nil),
		"direct, waiting":         direct(jit.EventWaiting, in(jit.Pending)),
		"direct, opened unasked":  direct(jit.EventOpened, in(jit.Open)),
		"answer, opened meantime": RequestReply(in(jit.Open), nil),
	} {
		if !strings.Contains(said, shown) || !strings.Contains(said, "The card has 2 more notes.") {
			t.Errorf("%s: %q", name, said)
		}
	}
	if said := direct(jit.EventOpened, in(jit.Open, jit.Approval{})); strings.Contains(said, shown) {
		t.Errorf("said again when it was opened: %q", said)
	}
}
