package passes

import (
	"testing"
	"testing/synctest"
	"time"

	"jitbot/jit"
)

// Only what was noted at each of the guards is in force, whatever the case of their ids.
func TestInForce(t *testing.T) {
	var f InForce
	if f.Has("g-22222", "a") {
		t.Error("nothing was noted")
	}
	f.Note("g-22222", "A", "b")
	for _, tt := range []struct {
		what   string
		guards []string
		want   bool
	}{
		{"g-22222", []string{"a"}, true},
		{"g-22222", []string{"a", "B"}, true},
		{"g-22222", []string{"a", "c"}, false},
		{"g-33333", []string{"a"}, false},
	} {
		if got := f.Has(tt.what, tt.guards...); got != tt.want {
			t.Errorf("%s at %v: %t", tt.what, tt.guards, got)
		}
	}
	if f.Forget("g-22222"); f.Has("g-22222", "a") {
		t.Error("it was not forgotten")
	}
}

// What is gathered within a moment is one event a kind, and nothing is told twice.
func TestGathered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Gathered
		if g.Ready() {
			t.Error("it is ready with nothing")
		}
		for _, vm := range []string{"b", "a", "b"} {
			g.Add(jit.Event{Kind: jit.EventDrift, VMs: []string{vm}, Text: "same"})
			time.Sleep(time.Second)
		}
		g.Add(jit.Event{Kind: jit.EventOrphan, Text: "one"})
		g.Add(jit.Event{Kind: jit.EventOrphan, Text: "two"})
		if g.Ready() {
			t.Error("it is ready at once")
		}
		time.Sleep(gatherFor)
		if !g.Ready() {
			t.Error("it is not ready")
		}
		got := g.Take(time.Now())
		if len(got) != 2 || len(got[0].VMs) != 2 || got[0].Text != "same" || got[1].Text != "one two" || g.Ready() {
			t.Errorf("gathered are %+v", got)
		}
	})
}

// A store in which nothing was stored for minutes may be an older copy, of which what
// was there before the start is not gone on with.
func TestFoundOlder(t *testing.T) {
	now := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		idle, ago time.Duration
		newest    bool
		want      bool
	}{
		{time.Minute, time.Hour, true, false},
		{time.Minute, time.Hour, false, true},
		{3 * time.Minute, time.Hour, true, true},
		{3 * time.Minute, -time.Second, false, false},
	} {
		s := NewStartup()
		s.Found(now, tt.idle, tt.newest)
		if got := s.FoundOlder(now.Add(-tt.ago)); got != tt.want {
			t.Errorf("idle for %s, newest %t, %s ago: %t", tt.idle, tt.newest, tt.ago, got)
		}
	}
}
