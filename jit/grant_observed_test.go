package jit_test

import (
	"errors"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/jittest"
)

func openGrant() jit.Grant {
	return jit.Grant{
		ID: "g-7k2qd", Revision: 5, State: jit.Open, Paths: []guardpath.Path{{Guard: jittest.NICGuard, Confirmed: true}},
		Left: []guardpath.Path{{Guard: "/old"}}, Clock: jit.Clock{Deadline: jittest.Start.Add(time.Hour), Remind: jittest.Start.Add(50 * time.Minute)},
	}
}

// What is said of a grant as it was seen does not touch one that moved on.
func TestWhatWasSeenOfAGrantComesTooLate(t *testing.T) {
	g, closing := openGrant(), openGrant()
	closing.State = jit.Closing
	tests := map[string]func(jit.Grant) (jit.Grant, []jit.Event, error){
		"close": func(g jit.Grant) (jit.Grant, []jit.Event, error) {
			next, e, err := g.CloseWhile(jit.Open, jit.Decision{Ending: jit.Vanished}, jittest.Start)
			return next, []jit.Event{e}, err
		},
		"expire": func(g jit.Grant) (jit.Grant, []jit.Event, error) {
			return g.ExpireOrRemind("", jittest.Start.Add(time.Hour), jittest.Start)
		},
		"drifted":  func(g jit.Grant) (jit.Grant, []jit.Event, error) { return g.CloseDrifted("r", jittest.Start) },
		"departed": func(g jit.Grant) (jit.Grant, []jit.Event, error) { return g.LeftGuard(openGrant().Left, "/OLD") },
		"rerouted": func(g jit.Grant) (jit.Grant, []jit.Event, error) {
			if g.State == jit.Open {
				g.Paths[0].Confirmed = false
			}
			return g.Rerouted(openGrant().Paths, jittest.NICGuard, nil, jittest.Start)
		},
	}
	for name, f := range tests {
		if next, _, err := f(closing); !errors.Is(err, jit.ErrStale) || next.Revision != closing.Revision {
			t.Errorf("%s of one that is closing: revision %d, %v", name, next.Revision, err)
		}
		if next, _, err := f(openGrant()); err != nil || next.Revision != g.Revision+1 {
			t.Errorf("%s: revision %d, %v", name, next.Revision, err)
		}
	}
	if _, _, err := g.LeftGuard([]guardpath.Path{{Guard: "/older"}}, "/old"); !errors.Is(err, jit.ErrStale) {
		t.Errorf("left another guard than was read back: %v", err)
	}
	if _, _, err := g.Rerouted([]guardpath.Path{{Guard: "/other"}}, jittest.NICGuard, nil, jittest.Start); !errors.Is(err, jit.ErrStale) {
		t.Errorf("other paths than were read back: %v", err)
	}
}

func TestDriftOfAGrantEndsItOrIsToldOnly(t *testing.T) {
	kept, told, err := openGrant().Drifted("r", jittest.Start)
	if err != nil || kept.State != jit.Open || len(told) != 1 || told[0].Text != "Somebody removed or changed the rule r; it was put back." {
		t.Errorf("%s, %+v, %v", kept.State, told, err)
	}
	ended, told, err := openGrant().CloseDrifted("r", jittest.Start)
	if err != nil || ended.State != jit.Closing || ended.Decision.Ending != jit.Drifted || len(told) != 2 || told[0].Kind != jit.EventDrift || told[1].Kind != jit.EventClosing {
		t.Errorf("%s, %+v, %+v, %v", ended.State, ended.Decision, told, err)
	}
}

func TestAnUncheckedHolderIsSaidOnce(t *testing.T) {
	g, told, err := openGrant().KeepUnchecked("why", jittest.Start)
	if err != nil || !g.Unchecked || len(told) != 1 {
		t.Fatalf("%t, %v, %v", g.Unchecked, told, err)
	}
	if again, told, err := g.KeepUnchecked("why", jittest.Start); err != nil || again.Revision != g.Revision || told != nil {
		t.Errorf("again: %v, %v", told, err)
	}
	if g, told, err = g.Rechecked(); err != nil || g.Unchecked || told != nil {
		t.Errorf("%t, %v, %v", g.Unchecked, told, err)
	}
}
