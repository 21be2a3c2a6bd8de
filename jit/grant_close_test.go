package jit_test

import (
	"reflect"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/jittest"
)

func TestClosingForgetsWhatAgreed(t *testing.T) {
	open := after(t, permit, begin, confirm)
	g, _, err := open.Close(jit.Decision{Ending: jit.Expired}, jittest.Start.Add(time.Hour), jittest.Start.Add(time.Hour+time.Second))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range g.Paths {
		if p.Confirmed {
			t.Errorf("%s counts as closed before it was read back", p.Guard)
		}
	}
	if !open.Paths[0].Confirmed {
		t.Error("the grant before was changed")
	}
	if !g.Clock.Due.Equal(jittest.Start.Add(time.Hour)) || !g.Clock.Closing.Equal(jittest.Start.Add(time.Hour+time.Second)) {
		t.Errorf("due %s, closing %s", g.Clock.Due, g.Clock.Closing)
	}
}

func TestGoneFromEveryGuardIsClosed(t *testing.T) {
	g := after(t, permit, begin, confirm, closeBy(jit.Finished), gone(jittest.NICGuard))
	same, events, err := g.ConfirmClosed(jittest.NICGuard, jittest.Start)
	if err != nil || len(events) > 0 || !reflect.DeepEqual(same, g) {
		t.Errorf("the same guard again: %s, %v, %v", same.State, events, err)
	}
	closed, events, err := g.ConfirmClosed(netGuard, jittest.Start.Add(time.Second))
	if err != nil || closed.State != jit.Closed || len(events) != 1 || events[0].Kind != jit.EventClosed || !closed.Clock.Ended.Equal(jittest.Start.Add(time.Second)) {
		t.Errorf("the last guard: %s at %s, %v, %v", closed.State, closed.Clock.Ended, events, err)
	}
}

func TestClosingWhatWasNeverWritten(t *testing.T) {
	g := after(t, permit, closeBy(jit.Revoked))
	closed, events, err := g.ConfirmClosed("", jittest.Start)
	if err != nil || closed.State != jit.Closed || closed.Revision <= g.Revision || len(events) != 1 {
		t.Errorf("became %s, revision %d after %d, %v, %v", closed.State, closed.Revision, g.Revision, events, err)
	}
}

func TestHoldSaysTheSameOnce(t *testing.T) {
	g := after(t, permit, hold)
	if same, events, err := hold(g, jittest.Start); err != nil || len(events) > 0 || !reflect.DeepEqual(same, g) {
		t.Errorf("held again: %v, %v", events, err)
	}
	other, events, err := g.Delay("the budget", jittest.Start)
	if err != nil || len(events) != 1 || other.Waiting != "the budget" {
		t.Errorf("held for another reason: %q, %v, %v", other.Waiting, events, err)
	}
	if begun := after(t, permit, hold, begin); begun.Waiting != "" {
		t.Errorf("begun, and still waiting for %q", begun.Waiting)
	}
}

func TestTrouble(t *testing.T) {
	tests := []struct {
		name   string
		life   []step
		fault  string
		stuck  bool
		fresh  bool // the grant changes
		events int
	}{
		{"a new fault while opening", []step{permit, begin}, "busy", false, true, 0},
		{"opening is never stuck", []step{permit, begin}, "forbidden", true, true, 0},
		{"a new fault while closing", []step{permit, begin, closeBy(jit.Expired)}, "busy", false, true, 0},
		{"stuck while closing", []step{permit, begin, closeBy(jit.Expired)}, "forbidden", true, true, 1},
		{"not live", []step{wait}, "busy", true, false, 0},
		{"ended", []step{refuse}, "busy", true, false, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := after(t, tt.life...)
			got, events := g.Trouble(jittest.NICGuard, tt.fault, tt.stuck, jittest.Start)
			if (got.Revision > g.Revision) != tt.fresh || len(events) != tt.events || got.Stuck != (tt.events > 0) {
				t.Errorf("revision %d after %d, stuck %t, events %v", got.Revision, g.Revision, got.Stuck, events)
			}
			again, events := got.Trouble(jittest.NICGuard, tt.fault, tt.stuck, jittest.Start)
			if !reflect.DeepEqual(again, got) || len(events) > 0 {
				t.Errorf("the same again: revision %d after %d, %v", again.Revision, got.Revision, events)
			}
		})
	}
}

func TestClosedIsNotStuck(t *testing.T) {
	g := after(t, permit, begin, closeBy(jit.Expired))
	g, _ = g.Trouble(jittest.NICGuard, "forbidden", true, jittest.Start)
	for _, guard := range []string{jittest.NICGuard, netGuard} {
		var err error
		if g, _, err = g.ConfirmClosed(guard, jittest.Start); err != nil {
			t.Fatal(err)
		}
	}
	if g.State != jit.Closed || g.Stuck || g.Paths[0].Fault != "" {
		t.Errorf("%s, stuck %t, fault %q", g.State, g.Stuck, g.Paths[0].Fault)
	}
}

// Two clicks start from one stored grant; neither may see the other's yes.
func TestApprovalsAreNotShared(t *testing.T) {
	g := jittest.NewGrant()
	g, _, err := g.Wait(jittest.Asker, nil, 9, jittest.Start.Add(lapseAfter), jittest.Start)
	if err != nil {
		t.Fatal(err)
	}
	for _, by := range []jit.Person{{ID: "U4"}, {ID: "U5"}, {ID: "U6"}} {
		if g, _, err = g.Approve(by, jittest.Start); err != nil {
			t.Fatal(err)
		}
	}
	one, _, errOne := g.Approve(bob, jittest.Start)
	other, _, errOther := g.Approve(carol, jittest.Start)
	if errOne != nil || errOther != nil || !one.ApprovedBy(bob) || one.ApprovedBy(carol) || other.ApprovedBy(bob) {
		t.Errorf("approved by %v and by %v, %v, %v", one.Approvals, other.Approvals, errOne, errOther)
	}
}
