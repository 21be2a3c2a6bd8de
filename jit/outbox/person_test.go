package outbox

import (
	"slices"
	"testing"
	"time"

	"jitbot/jit"
)

// Each is told by themselves: one whose message is under way, or fails, delays no other,
// and nobody is asked to decide what was decided.
func TestEachPersonIsToldByThemselves(t *testing.T) {
	b := newTable()
	for _, id := range []jit.UserID{"U1", "U2", "U3"} {
		b.put("g", jit.ToPerson(id), jit.EventEscalated, 1, jit.Pending, jit.Pending)
	}
	if got := b.told(noon); !slices.Equal(got, []string{"person g escalated", "person g escalated", "person g escalated"}) {
		t.Errorf("told %q", got)
	}
	all := b.plan(noon, false)
	b.hold(all[0], true)
	b.files["g"].failing[all[1].holds] = &failing{until: noon.Add(time.Second)}
	rest := b.plan(noon, false)
	if len(rest) != 2 || rest[0].Channel != "U2" || rest[1].Channel != "U3" || !rest[0].again.After(noon) || rest[1].again.After(noon) {
		t.Errorf("while one is told and another fails: %+v", rest)
	}
	if count, _ := b.pending(); count[KindPerson] != 3 {
		t.Errorf("counted %v", count)
	}
	b.hold(all[0], false)
	b.desk.told("g", all[0].told)
	b.files["g"].grant.State = jit.Opening
	if got := b.told(noon.Add(time.Second)); !slices.Equal(got, []string{"nothing g 1", "nothing g 1"}) {
		t.Errorf("once it is decided: %q", got)
	}
}

// A message to one person loses its buttons once they are of no use.
func TestUselessButtons(t *testing.T) {
	open := jit.Grant{State: jit.Open}
	open.Clock.Deadline = noon
	until := func(at time.Time) jit.Event { return jit.Event{Kind: jit.EventReminded, Until: at} }
	for name, tt := range map[string]struct {
		e    jit.Event
		g    jit.Grant
		want bool
	}{
		"asked to decide what waits":       {jit.Event{Kind: jit.EventEscalated}, jit.Grant{State: jit.Pending}, false},
		"asked to decide what was decided": {jit.Event{Kind: jit.EventEscalated}, open, true},
		"reminded of the end":              {until(noon), open, false},
		"reminded of an end that is moved": {until(noon.Add(-time.Hour)), open, true},
		"reminded of what ended":           {until(noon), jit.Grant{State: jit.Closing}, true},
		"open":                             {jit.Event{Kind: jit.EventOpened}, open, false},
	} {
		if got := (Direct{Event: tt.e}).Useless(tt.g); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
