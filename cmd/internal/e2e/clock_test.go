package e2e_test

import (
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// Nothing is opened while Azure's clock and ours disagree; closing goes on.
func TestClockSkewHoldsOpenings(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		open := w.Open(10*time.Minute, "web-2")
		w.Azure.Configure(func(s *azuresim.Settings) { s.ClockSkew = 2 * time.Minute })
		w.Pass(time.Minute)
		g, err := w.Ask(ada, time.Hour, "web-1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Service.Approve(t.Context(), grace, g.ID); err != nil {
			t.Fatal(err)
		}
		w.Pass(15 * time.Minute)
		if g := w.Want(g.ID, jit.Opening); g.Waiting == "" || w.Told.Count("held to thread") != 1 {
			t.Errorf("it waits because %q, told %d times", g.Waiting, w.Told.Count("held to thread"))
		}
		w.Want(open.ID, jit.Closed)
		w.Azure.Configure(func(s *azuresim.Settings) { s.ClockSkew = 0 })
		w.Pass(2 * time.Minute)
		w.Want(g.ID, jit.Open)
	})
}

// The clock of the last run was ahead of this one: what was due by it is
// closed, and nothing is opened.
func TestClockBehindItsMark(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g := w.Open(time.Hour, "web-1")
		if _, err := w.Store.Mark(t.Context(), time.Now().Add(2*time.Hour)); err != nil {
			t.Fatal(err)
		}
		w.Stop()
		w.Start()
		w.Pass(30 * time.Second)
		w.Want(g.ID, jit.Closed)
		next, err := w.Ask(ada, time.Hour, "web-1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Service.Approve(t.Context(), grace, next.ID); err != nil {
			t.Fatal(err)
		}
		w.Pass(30 * time.Second)
		if next := w.Want(next.ID, jit.Opening); next.Waiting == "" {
			t.Error("an opening goes on while the clock is suspect")
		}
	})
}

// A demonstration's clock only goes ahead, and closes what is due by it.
func TestSkip(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g := w.Open(time.Hour, "web-1")
		w.Reconciler.Skip(-time.Hour)
		w.Pass(time.Second)
		w.Want(g.ID, jit.Open)
		w.Reconciler.Skip(time.Hour)
		w.Pass(20 * time.Second)
		w.Want(g.ID, jit.Closed)
	})
}

// The holder is reminded before the end, once.
func TestReminder(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Config.Policies[0].RemindBefore = 10 * time.Minute
		w.Start()
		g := w.Open(20*time.Minute, "web-1")
		w.Pass(time.Until(g.Clock.Deadline) - 11*time.Minute)
		if w.Told.Has("reminded") {
			t.Error("reminded too early")
		}
		w.Pass(2 * time.Minute)
		if n := w.Told.Count("reminded to requester"); n != 1 {
			t.Errorf("reminded %d times", n)
		}
		w.Pass(10 * time.Minute)
		w.Want(g.ID, jit.Closed)
		short := w.Open(10*time.Minute, "web-1")
		w.Pass(9 * time.Minute)
		if w.Told.Has(string(short.ID) + " reminded") {
			t.Error("a grant no longer than the notice was reminded of")
		}
	})
}
