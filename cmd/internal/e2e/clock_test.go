package e2e_test

import (
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/rules"
	"jitbot/jit/sweep"
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

// Azure's clock is two hours ahead of ours, in every answer: what is due by it is
// closed, nothing is put back that another machine's sweep removed, and nothing is
// opened until they agree.
func TestAzuresClockIsAhead(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Start()
		g, long := w.Open(time.Hour, "web-1"), w.Open(3*time.Hour, "web-2")
		w.Azure.SetClockSkew("", 2*time.Hour)
		w.Pass(31 * time.Second)
		w.sweepAt(time.Now().Add(2 * time.Hour))
		w.StaysShut(90*time.Second, azuresim.DemoWeb1)
		if g := w.Want(g.ID, jit.Closed); !strings.Contains(g.Decision.Reason, "clock") {
			t.Errorf("it ended because %q", g.Decision.Reason)
		}
		w.Want(long.ID, jit.Open)
		next := w.Approved("web-1")
		w.StaysShut(5*time.Minute, azuresim.DemoWeb1)
		if next := w.Want(next.ID, jit.Opening); !strings.Contains(next.Waiting, "clock") {
			t.Errorf("it waits because %q", next.Waiting)
		}
		w.Pass(55 * time.Minute)
		w.Want(long.ID, jit.Closed) // three hours after it was opened, by Azure's clock
		w.CheckPromises(foreign)
	})
}

// sweepAt is a run of jitbot sweep on another machine, by its clock.
func (w *world) sweepAt(now time.Time) {
	w.T.Helper()
	if _, err := sweep.Overdue(w.T.Context(), w.Client, rules.Owner{Installation: "prod", Bands: w.Config.Bands}, false, now); err != nil {
		w.T.Fatal(err)
	}
}

// While the clocks disagree by less than what ends grants, nothing is put back
// either: who removed it may have the right time.
func TestNothingIsRepairedWhileClocksDisagree(t *testing.T) {
	for name, skew := range map[string]time.Duration{"azure ahead": time.Minute, "azure behind": -2 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.Start()
				g := w.Open(time.Hour, "web-1")
				w.Azure.SetClockSkew("", skew)
				w.Pass(31 * time.Second)
				w.RemoveAllows(azuresim.DemoWebNICNSG)
				w.RemoveAllows(azuresim.DemoWebSubnetNSG)
				w.StaysShut(3*time.Minute, azuresim.DemoWeb1)
				w.Want(g.ID, jit.Open)
				w.Azure.ClearClockSkew()
				w.Pass(3 * time.Minute)
				if !w.Reachable(azuresim.DemoWeb1, adasAddress) {
					t.Error("it is not put back though the clocks agree")
				}
				w.Pass(time.Until(g.Clock.Deadline) + 20*time.Second)
				w.Want(g.ID, jit.Closed)
			})
		})
	}
}

// One answer, or the answers about one subscription, do not move the time by which
// grants end.
func TestOneAnswerDoesNotMoveTime(t *testing.T) {
	for name, skew := range map[string]func(w *world){
		"one answer": func(w *world) {
			w.Azure.SetClockSkew("", 100*time.Hour)
			if _, err := w.Client.Table(w.T.Context(), azuresim.DemoWebNICNSG); err != nil {
				w.T.Fatal(err)
			}
			w.Azure.ClearClockSkew()
		},
		"one subscription": func(w *world) { w.Azure.SetClockSkew(azuresim.DemoStaging, 100*time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				azuresim.SeedSubscriptions(w.Azure)
				w.Client = w.Connect(func(c *azure.Config) { c.Subscriptions = append(c.Subscriptions, azuresim.DemoStaging) })
				w.Start()
				g := w.Open(2*time.Hour, "web-1")
				skew(w)
				w.Pass(10 * time.Minute)
				w.Want(g.ID, jit.Open)
				if !w.Reachable(azuresim.DemoWeb1, adasAddress) {
					t.Error("it is shut")
				}
			})
		})
	}
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
