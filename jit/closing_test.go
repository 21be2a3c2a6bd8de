package jit_test

import (
	"reflect"
	"testing"
	"time"

	"jitbot/jit"
)

func TestClosingForgetsWhatAgreed(t *testing.T) {
	open := after(t, permit, begin, confirm)
	g, _, err := open.Close(jit.Decision{Ending: jit.Expired}, start.Add(time.Hour), start.Add(time.Hour+time.Second))
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
	if !g.Clock.Due.Equal(start.Add(time.Hour)) || !g.Clock.Closing.Equal(start.Add(time.Hour+time.Second)) {
		t.Errorf("due %s, closing %s", g.Clock.Due, g.Clock.Closing)
	}
}

func TestGoneFromEveryGuardIsClosed(t *testing.T) {
	g := after(t, permit, begin, confirm, closeBy(jit.Finished), gone(nicGuard))
	same, events, err := g.ConfirmClosed(nicGuard, start)
	if err != nil || len(events) > 0 || !reflect.DeepEqual(same, g) {
		t.Errorf("the same guard again: %s, %v, %v", same.State, events, err)
	}
	closed, events, err := g.ConfirmClosed(netGuard, start.Add(time.Second))
	if err != nil || closed.State != jit.Closed || len(events) != 1 || events[0].Kind != jit.EventClosed || !closed.Clock.Ended.Equal(start.Add(time.Second)) {
		t.Errorf("the last guard: %s at %s, %v, %v", closed.State, closed.Clock.Ended, events, err)
	}
}

func TestClosingWhatWasNeverWritten(t *testing.T) {
	g := after(t, permit, closeBy(jit.Revoked))
	closed, events, err := g.ConfirmClosed("", start)
	if err != nil || closed.State != jit.Closed || closed.Revision <= g.Revision || len(events) != 1 {
		t.Errorf("became %s, revision %d after %d, %v, %v", closed.State, closed.Revision, g.Revision, events, err)
	}
}

func TestHoldSaysTheSameOnce(t *testing.T) {
	g := after(t, permit, hold)
	if same, events, err := hold(g, start); err != nil || len(events) > 0 || !reflect.DeepEqual(same, g) {
		t.Errorf("held again: %v, %v", events, err)
	}
	other, events, err := g.Delay("the budget", start)
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
			got, events := g.Trouble(nicGuard, tt.fault, tt.stuck, start)
			if (got.Revision > g.Revision) != tt.fresh || len(events) != tt.events || got.Stuck != (tt.events > 0) {
				t.Errorf("revision %d after %d, stuck %t, events %v", got.Revision, g.Revision, got.Stuck, events)
			}
			again, events := got.Trouble(nicGuard, tt.fault, tt.stuck, start)
			if !reflect.DeepEqual(again, got) || len(events) > 0 {
				t.Errorf("the same again: revision %d after %d, %v", again.Revision, got.Revision, events)
			}
		})
	}
}

func TestClosedIsNotStuck(t *testing.T) {
	g := after(t, permit, begin, closeBy(jit.Expired))
	g, _ = g.Trouble(nicGuard, "forbidden", true, start)
	for _, guard := range []string{nicGuard, netGuard} {
		var err error
		if g, _, err = g.ConfirmClosed(guard, start); err != nil {
			t.Fatal(err)
		}
	}
	if g.State != jit.Closed || g.Stuck || g.Paths[0].Fault != "" {
		t.Errorf("%s, stuck %t, fault %q", g.State, g.Stuck, g.Paths[0].Fault)
	}
}

// Two clicks start from one stored grant; neither may see the other's yes.
func TestApprovalsAreNotShared(t *testing.T) {
	g := newGrant()
	g, _, err := g.Wait(asker, nil, 9, start.Add(lapseAfter), start)
	if err != nil {
		t.Fatal(err)
	}
	for _, by := range []jit.Person{{ID: "U4"}, {ID: "U5"}, {ID: "U6"}} {
		if g, _, err = g.Approve(by, start); err != nil {
			t.Fatal(err)
		}
	}
	one, _, errOne := g.Approve(bob, start)
	other, _, errOther := g.Approve(carol, start)
	if errOne != nil || errOther != nil || !one.ApprovedBy(bob) || one.ApprovedBy(carol) || other.ApprovedBy(bob) {
		t.Errorf("approved by %v and by %v, %v, %v", one.Approvals, other.Approvals, errOne, errOther)
	}
}
