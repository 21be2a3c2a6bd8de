package store_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/guardpath"
)

// An older copy of the store, put back, does not open what was revoked since: the
// grant ends, and its holder is told why.
func TestOlderCopyReopensNothing(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Start()
		g, held := w.Open(2*time.Hour, "web-1"), w.Open(2*time.Hour, "web-2")
		older := w.CopyStore()
		w.Pass(5 * time.Second)
		if _, err := w.Service.Revoke(t.Context(), grace, g.ID, "leaked"); err != nil {
			t.Fatal(err)
		}
		w.Pass(20 * time.Minute)
		w.Want(g.ID, jit.Closed)
		w.PutBack(older)
		w.StaysShut(3*time.Minute, azuresim.DemoWeb1)
		ended := w.Want(g.ID, jit.Closed)
		if !strings.Contains(ended.Decision.Reason, "when jitbot started") || w.Told.Count(string(g.ID)+" closed to requester") != 2 {
			t.Errorf("it ended because %q, and its holder was told %d times", ended.Decision.Reason, w.Told.Count(string(g.ID)+" closed to requester"))
		}
		w.Want(held.ID, jit.Open) // its rules were there all the time
		if !w.Reachable(azuresim.DemoWeb2, adasAddress) {
			t.Error("what was open all the time was shut")
		}
		w.Pass(2 * time.Hour)
		w.CheckPromises(foreign)
	})
}

// What somebody removes while jitbot runs is still put back after a restart: it was
// read in force.
func TestRepairAfterARestart(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g := w.Open(2*time.Hour, "web-1")
		w.Stop()
		w.Start()
		w.Pass(time.Minute)
		w.RemoveAllows(azuresim.DemoWebNICNSG)
		w.Pass(time.Minute)
		w.Want(g.ID, jit.Open)
		if !w.Reachable(azuresim.DemoWeb1, adasAddress) {
			t.Error("it was not put back")
		}
	})
}

// What was not in force when jitbot started ends also where the policy says repair,
// and where only one of its two guards lacks it.
func TestRuleMissingAtTheStart(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g := w.Open(2*time.Hour, "db-1")
		if n := len(guardpath.Guards(g.Paths)); n != 2 {
			t.Fatalf("db-1 has %d guards, want 2", n)
		}
		w.Stop()
		w.RemoveAllows(g.Paths[0].Guard)
		w.Start()
		w.Pass(10 * time.Second)
		w.StaysShut(2*time.Minute, azuresim.DemoDB1)
		w.Want(g.ID, jit.Closed)
		if w.Ours() != 0 {
			t.Error("a rule is left at the other guard")
		}
	})
}

// A VM that moved while an older copy's grant had ended does not have its rules
// follow it.
func TestOlderCopyFollowsNothing(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g := w.Open(2*time.Hour, "web-1")
		older := w.CopyStore()
		w.Pass(5 * time.Second)
		if _, err := w.Service.Revoke(t.Context(), grace, g.ID, "leaked"); err != nil {
			t.Fatal(err)
		}
		w.Pass(time.Minute)
		w.Stop()
		a, _ := w.Azure.NIC(w.NIC(azuresim.DemoWeb1))
		if err := w.Azure.SetAddress(a.ID, a.IPs[0].Name, "10.10.1.200"); err != nil {
			t.Fatal(err)
		}
		w.PutBack(older)
		w.StaysShut(3*time.Minute, azuresim.DemoWeb1)
		w.Want(g.ID, jit.Closed)
	})
}

// A VM that moved while jitbot was down has the rules of its grant follow: they
// were there when it started.
func TestMoveWhileDownIsFollowed(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g := w.Open(2*time.Hour, "web-1")
		w.Stop()
		w.SwapAddresses(azuresim.DemoWeb1, azuresim.DemoWeb2)
		w.Start()
		w.Pass(time.Minute)
		w.Want(g.ID, jit.Open)
		if w.Reachable(azuresim.DemoWeb2, adasAddress) || !w.Reachable(azuresim.DemoWeb1, adasAddress) {
			t.Error("the rules do not follow")
		}
	})
}

// What an older copy was about to open is not opened, however long its approval or
// its time to open would still do.
func TestOlderCopyOpensNothing(t *testing.T) {
	for name, until := range map[string]func(w *world){
		"approved": func(w *world) { w.Azure.SetClockSkew("", 5*time.Minute) }, // it waits
		"begun":    func(*world) {},
		"asked":    nil,
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.Config.OpenWithin = 10 * time.Minute
				w.Start()
				w.Pass(2 * time.Second)
				if until == nil {
					w.askedInACopy(t)
					return
				}
				until(w)
				w.Pass(65 * time.Second)
				w.Azure.Configure(func(s *azuresim.Settings) { s.OperationTime = time.Minute })
				g := w.Approved("web-1")
				w.Pass(3 * time.Second)
				w.Want(g.ID, jit.Opening)
				older := w.CopyStore()
				w.Azure.Configure(func(s *azuresim.Settings) { s.OperationTime = 2 * time.Second })
				w.Azure.ClearClockSkew()
				w.Pass(3 * time.Minute)
				w.Want(g.ID, jit.Open)
				if _, err := w.Service.Revoke(t.Context(), grace, g.ID, "leaked"); err != nil {
					t.Fatal(err)
				}
				w.Pass(time.Minute)
				w.Want(g.ID, jit.Closed)
				w.PutBack(older)
				w.StaysShut(5*time.Minute, azuresim.DemoWeb1)
				if g := w.Want(g.ID, jit.Closed); !strings.Contains(g.Decision.Reason, "jitbot was down") {
					t.Errorf("it ended because %q", g.Decision.Reason)
				}
			})
		})
	}
}

// askedInACopy is a request of a copy that needs no approval and was not checked.
func (w *world) askedInACopy(t *testing.T) {
	w.Stop()
	w.Config.Approvals[0].Required = 0
	w.Start()
	grants, err := w.Service.Ask(t.Context(), ada, w.Key(), jit.Ask{
		VMs: []string{"web-1"}, Ports: []jit.Ports{{From: 22, To: 22}}, Duration: time.Hour,
		Sources: []netip.Prefix{netip.MustParsePrefix("203.0.113.7/32")}, Reason: "mend it",
	})
	if err != nil {
		t.Fatal(err)
	}
	older := w.CopyStore()
	w.Pass(time.Minute)
	g := w.Want(grants[0].ID, jit.Open)
	if _, err := w.Service.Revoke(t.Context(), grace, g.ID, "leaked"); err != nil {
		t.Fatal(err)
	}
	w.Pass(5 * time.Minute)
	w.PutBack(older)
	w.StaysShut(5*time.Minute, azuresim.DemoWeb1)
	w.Want(g.ID, jit.Refused)
}
