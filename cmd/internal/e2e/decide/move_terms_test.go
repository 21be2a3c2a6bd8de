package decide_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/policies"
)

// What approvers narrowed to an address stays there; what they only shortened may be moved,
// and ends as they said.
func TestNarrowedIsMovedWithin(t *testing.T) {
	ask := func(t *testing.T, w *world, less func(*jit.Extent)) jit.Grant {
		t.Helper()
		w.Start()
		grants, err := w.Service.Ask(t.Context(), ada, w.Key(), jit.Ask{
			VMs: []string{"web-1"}, Ports: []jit.Ports{{From: 22, To: 22}}, Duration: time.Hour, Reason: "mend the index",
			Sources: []netip.Prefix{source(t, adasAddress), source(t, "203.0.113.8")},
		})
		if err != nil {
			t.Fatal(err)
		}
		g, err := w.Service.Check(t.Context(), grants[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		extent := g.Request.Extent()
		less(&extent)
		if _, err := w.Service.ApproveLess(t.Context(), grace, g.ID, extent); err != nil {
			t.Fatal(err)
		}
		w.Pass(20 * time.Second)
		return w.Want(g.ID, jit.Open)
	}
	t.Run("source", func(t *testing.T) {
		bubble(t, func(t *testing.T, w *world) {
			g := ask(t, w, func(e *jit.Extent) { e.Sources = e.Sources[:1] })
			for _, to := range []string{"203.0.113.8", vpn} { // that was asked for, and was not approved
				if _, err := w.Service.Move(t.Context(), ada, g.ID, source(t, to)); !errors.Is(err, jit.ErrPolicy) || !strings.Contains(err.Error(), "approved from") {
					t.Errorf("moved to %s: %v", to, err)
				}
			}
			w.Pass(20 * time.Second)
			if !w.Reachable(azuresim.DemoWeb1, adasAddress) || w.Reachable(azuresim.DemoWeb1, "203.0.113.8") {
				t.Error("it is not as it was approved")
			}
		})
	})
	t.Run("time", func(t *testing.T) {
		bubble(t, func(t *testing.T, w *world) {
			g := ask(t, w, func(e *jit.Extent) { e.Duration /= 2 })
			if _, err := w.Service.Move(t.Context(), ada, g.ID, source(t, vpn)); err != nil {
				t.Fatal(err)
			}
			w.Pass(20 * time.Second)
			now := w.Want(g.ID, jit.Open)
			if _, moved := w.from(); !moved || !now.Clock.Deadline.Equal(g.Clock.Deadline) || w.Reachable(azuresim.DemoWeb1, "203.0.113.8") {
				t.Errorf("moved %t, until %s, want %s", moved, now.Clock.Deadline, g.Clock.Deadline)
			}
			w.Pass(time.Until(g.Clock.Deadline) + 20*time.Second)
			w.Want(g.ID, jit.Closed)
		})
	})
}

// Where others would decide about the new address it is not moved, but for what lies within
// what was approved.
func TestMoveIsDecidedByTheSamePeople(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.With(func(c *policies.Config) {
			c.Approvals = append([]policies.ApprovalRule{{
				Match: policies.Match{WiderThan: jit.Widths{V4: 32, V6: 128}}, Approvers: []string{string(grace), string(alan)}, Required: 1, PendingFor: time.Hour,
			}}, c.Approvals...)
			c.Policies[0].Widest = jit.Widths{V4: 24, V6: 64}
		})
		w.Start()
		g := w.OpenFrom("203.0.113.0/24", "web-1")
		if _, err := w.Service.Move(t.Context(), ada, g.ID, source(t, vpn)); !errors.Is(err, jit.ErrPolicy) || !strings.Contains(err.Error(), "Others decide") {
			t.Errorf("moved to what others decide: %v", err)
		}
		for _, to := range []string{"203.0.113.8", "203.0.113.0/24"} { // back to as many as was approved
			if _, err := w.Service.Move(t.Context(), ada, g.ID, source(t, to)); err != nil {
				t.Fatal(err)
			}
			w.Pass(20 * time.Second)
			if now := w.Want(g.ID, jit.Open); now.Move.Underway() || !w.Reachable(azuresim.DemoWeb1, "203.0.113.8") {
				t.Errorf("%+v", now.Move)
			}
		}
	})
}

// Nobody moves anything while the clock is suspect. What is being moved then is not taken away
// for that.
func TestNothingIsMovedWhileTheClockIsSuspect(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Config.OpenWithin = 10 * time.Minute
		w.Start()
		g := w.Open(time.Hour, "web-1")
		w.Azure.AddFault(azuresim.Fault{Method: "PUT", Path: "securityRules", Status: 500})
		if _, err := w.Service.Move(t.Context(), ada, g.ID, source(t, vpn)); err != nil {
			t.Fatal(err)
		}
		w.Pass(time.Second)
		w.Azure.Configure(func(s *azuresim.Settings) { s.ClockSkew = time.Minute })
		w.Pass(3 * time.Minute)
		if w.Reconciler.Doubt() == "" {
			t.Fatal("the clock is not in doubt")
		}
		w.Azure.ClearFaults()
		w.Pass(time.Minute)
		if old, moved := w.from(); !old || moved {
			t.Errorf("in doubt it is reached from the old address %t, from the new %t", old, moved)
		}
		if _, err := w.Service.Move(t.Context(), ada, g.ID, source(t, "198.51.100.10")); err == nil {
			t.Error("moved in doubt")
		}
		w.Azure.Configure(func(s *azuresim.Settings) { s.ClockSkew = 0 })
		w.Pass(3 * time.Minute)
		if old, moved := w.from(); old || !moved || w.Grant(g.ID).Move.Underway() {
			t.Errorf("afterwards: %t, %t", old, moved)
		}
	})
}
