package jit_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/jittest"
)

// What an older store would go on with ends, or is asked for anew; what is open, closing
// or ended is left to what is read in Azure.
func TestInterrupt(t *testing.T) {
	at := jittest.Start
	for _, tt := range []struct {
		g     jit.Grant
		want  jit.State
		kinds []jit.EventKind
	}{
		{jit.Grant{State: jit.Asked}, jit.Refused, []jit.EventKind{jit.EventRefused}},
		{jit.Grant{State: jit.Pending}, jit.Pending, nil},
		{jit.Grant{State: jit.Pending, Approvals: []jit.Approval{{At: at}}}, jit.Pending, []jit.EventKind{jit.EventWaiting}},
		{jit.Grant{State: jit.Opening}, jit.Closing, []jit.EventKind{jit.EventFailed}},
		{jit.Grant{State: jit.Open}, jit.Open, nil},
		{jit.Grant{State: jit.Closing}, jit.Closing, nil},
		{jit.Grant{State: jit.Denied}, jit.Denied, nil},
	} {
		next, events, err := tt.g.Interrupt("jitbot was down", at)
		var kinds []jit.EventKind
		for _, e := range events {
			kinds = append(kinds, e.Kind)
		}
		if err != nil || next.State != tt.want || len(next.Approvals) != 0 || !slices.Equal(kinds, tt.kinds) {
			t.Errorf("%s: %s with %v and %d approvals, %v", tt.g.State, next.State, kinds, len(next.Approvals), err)
		}
		if changed := next.Revision != tt.g.Revision; changed != (tt.kinds != nil) {
			t.Errorf("%s: revision %d after %d", tt.g.State, next.Revision, tt.g.Revision)
		}
	}
}

// An opening may have rules until it should have been confirmed, and no longer.
func TestOpeningMayStandInItsTime(t *testing.T) {
	g := jit.Grant{State: jit.Opening, Clock: jit.Clock{OpenBy: jittest.Start.Add(time.Minute), Until: jittest.Start.Add(time.Hour)}}
	if !g.MayStandAt(jittest.Start) || g.MayStandAt(g.Clock.OpenBy) {
		t.Error("it may stand at another time")
	}
}

// A line for many names each VM once, each text once, and twenty texts at most.
func TestTogether(t *testing.T) {
	e := jit.Event{Kind: jit.EventOrphan, VMs: []string{"b"}, Text: "0."}
	var others []jit.Event
	for i := range 30 {
		others = append(others, jit.Event{Kind: jit.EventOrphan, VMs: []string{"a", "b"}, Text: fmt.Sprintf("%d.", i)})
	}
	got := e.Together(others, jittest.Start)
	if !slices.Equal(got.VMs, []string{"a", "b"}) || !strings.HasPrefix(got.Text, "0. 1. ") || !strings.HasSuffix(got.Text, "19. And 10 more.") {
		t.Errorf("it names %v and says %q", got.VMs, got.Text)
	}
	if !slices.Equal(got.Tell(), []jit.Audience{jit.ToChannel}) || got.Kind != jit.EventOrphan || !got.At.Equal(jittest.Start) {
		t.Errorf("it is %+v for %v", got, got.Tell())
	}
}
