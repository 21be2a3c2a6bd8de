package app_test

import (
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// Nothing is opened while Azure's clock and ours disagree; closing goes on.
func TestClockSkewHoldsOpenings(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.start()
		open := w.open(10*time.Minute, "web-2")
		w.sim.Configure(func(s *azuresim.Settings) { s.ClockSkew = 2 * time.Minute })
		w.pass(time.Minute)
		g, err := w.ask(ada, time.Hour, "web-1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.service.Approve(t.Context(), grace, g.ID); err != nil {
			t.Fatal(err)
		}
		w.pass(15 * time.Minute)
		if g := w.want(g.ID, jit.Opening); g.Waiting == "" || w.told.count("held to thread") != 1 {
			t.Errorf("it waits because %q, told %d times", g.Waiting, w.told.count("held to thread"))
		}
		w.want(open.ID, jit.Closed)
		w.sim.Configure(func(s *azuresim.Settings) { s.ClockSkew = 0 })
		w.pass(2 * time.Minute)
		w.want(g.ID, jit.Open)
	})
}

// The clock of the last run was ahead of this one: what was due by it is
// closed, and nothing is opened.
func TestClockBehindItsMark(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.start()
		g := w.open(time.Hour, "web-1")
		if _, err := w.store.Mark(t.Context(), time.Now().Add(2*time.Hour)); err != nil {
			t.Fatal(err)
		}
		w.stop()
		w.start()
		w.pass(30 * time.Second)
		w.want(g.ID, jit.Closed)
		next, err := w.ask(ada, time.Hour, "web-1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.service.Approve(t.Context(), grace, next.ID); err != nil {
			t.Fatal(err)
		}
		w.pass(30 * time.Second)
		if next := w.want(next.ID, jit.Opening); next.Waiting == "" {
			t.Error("an opening goes on while the clock is suspect")
		}
	})
}

// A demonstration's clock only goes ahead, and closes what is due by it.
func TestSkip(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.start()
		g := w.open(time.Hour, "web-1")
		w.sweep.Skip(-time.Hour)
		w.pass(time.Second)
		w.want(g.ID, jit.Open)
		w.sweep.Skip(time.Hour)
		w.pass(20 * time.Second)
		w.want(g.ID, jit.Closed)
	})
}

// The holder is reminded before the end, once.
func TestReminder(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.config.Policies[0].RemindBefore = 10 * time.Minute
		w.start()
		g := w.open(20*time.Minute, "web-1")
		w.pass(time.Until(g.Clock.Deadline) - 11*time.Minute)
		if w.told.has("reminded") {
			t.Error("reminded too early")
		}
		w.pass(2 * time.Minute)
		if n := w.told.count("reminded to requester"); n != 1 {
			t.Errorf("reminded %d times", n)
		}
		w.pass(10 * time.Minute)
		w.want(g.ID, jit.Closed)
		short := w.open(10*time.Minute, "web-1")
		w.pass(9 * time.Minute)
		if w.told.has(string(short.ID) + " reminded") {
			t.Error("a grant no longer than the notice was reminded of")
		}
	})
}
