package e2e_test

import (
	"net/http"
	"net/netip"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/policies"
)

// A port that a strict approval rule guards does not slip through beside one
// that needs no approval.
func TestPortsFallUnderTheirOwnApproval(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.With(func(c *policies.Config) {
			c.Approvals = []policies.ApprovalRule{
				{Match: policies.Match{Ports: []jit.Ports{{From: 22, To: 22, Protocol: jit.AnyProtocol}}}},
				{Approvers: []string{group}, Required: 2, PendingFor: time.Hour},
			}
		})
		w.Start()
		grants, err := w.Service.Ask(t.Context(), ada, "k", jit.Ask{
			VMs: []string{"web-1"}, Ports: []jit.Ports{{From: 22, To: 22}, {From: 3389, To: 3389}},
			Duration: time.Hour,
			Sources:  []netip.Prefix{netip.MustParsePrefix("198.51.100.7/32")}, Reason: "mend the index",
		})
		if err != nil || len(grants) != 2 {
			t.Fatalf("%d grants, %v", len(grants), err)
		}
		for _, g := range grants {
			if _, err := w.Service.Check(t.Context(), g.ID); err != nil {
				t.Fatal(err)
			}
		}
		w.Pass(20 * time.Second)
		ssh, rdp := w.Want(grants[0].ID, jit.Open), w.Want(grants[1].ID, jit.Pending)
		if ssh.Required != 0 || len(ssh.Request.Ports) != 1 || ssh.Request.Ports[0].From != 22 {
			t.Errorf("port 22: %d approvals, ports %v", ssh.Required, ssh.Request.Ports)
		}
		if rdp.Required != 2 || len(rdp.Request.Ports) != 1 || rdp.Request.Ports[0].From != 3389 {
			t.Errorf("port 3389: %d approvals, ports %v", rdp.Required, rdp.Request.Ports)
		}
	})
}

// An approval that could not be used for two days opens nothing.
func TestStaleApprovalOpensNothing(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Azure.Configure(func(s *azuresim.Settings) { s.ClockSkew = time.Hour })
		w.Start()
		w.Pass(2 * time.Second)
		g := w.Approved("web-1")
		w.Pass(5 * time.Second)
		if g := w.Want(g.ID, jit.Opening); g.Waiting == "" {
			t.Fatal("it should be held back")
		}
		w.Stop()
		w.Pass(48 * time.Hour)
		w.Azure.Configure(func(s *azuresim.Settings) { s.ClockSkew = 0 })
		w.Client = w.Connect()
		w.Azure.Reset()
		w.Start()
		w.Pass(20 * time.Second)
		if g := w.Want(g.ID, jit.Closed); g.Decision.Ending != jit.Failed {
			t.Errorf("ended as %+v", g.Decision)
		}
		w.nothingOpened()
		if !w.Told.Has(string(g.ID) + " closed to requester") { // with why
			t.Errorf("said %v", w.Told.Said())
		}
	})
}

func (w *world) nothingOpened() {
	w.T.Helper()
	if n := len(w.Sent(http.MethodPut, "securityRules")); n != 0 || w.Reachable(azuresim.DemoWeb1, adasAddress) {
		w.T.Errorf("%d rules were written", n)
	}
}

// cutOff stops jitbot between a request and its check, where no approval is
// needed.
func (w *world) cutOff() jit.ID {
	w.T.Helper()
	w.With(func(c *policies.Config) { c.Approvals = []policies.ApprovalRule{{}} })
	w.Start()
	w.Pass(5 * time.Second) // the store is taken for the newest
	grants, err := w.Service.Ask(w.T.Context(), ada, "k", jit.Ask{
		VMs: []string{"web-1"}, Ports: []jit.Ports{{From: 22, To: 22}}, Duration: time.Hour,
		Sources: []netip.Prefix{netip.MustParsePrefix(adasAddress + "/32")}, Reason: "mend the index",
	})
	if err != nil {
		w.T.Fatal(err)
	}
	w.Stop()
	return grants[0].ID
}

// A request that was accepted and could not be checked for two days opens
// nothing, even where no approval is needed.
func TestStaleAskOpensNothing(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		id := w.cutOff()
		w.Pass(48 * time.Hour)
		w.Azure.Reset()
		w.Start()
		w.Pass(40 * time.Second)
		w.Want(id, jit.Refused)
		w.nothingOpened()
		if !w.Told.Has("refused to requester") {
			t.Errorf("said %v", w.Told.Said())
		}
	})
}

// A request that was cut off for a moment is still checked.
func TestFreshAskIsCheckedAfterARestart(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		id := w.cutOff()
		w.Pass(time.Minute) // after two it may be an older copy of the store
		w.Start()
		w.Pass(40 * time.Second)
		w.Want(id, jit.Open)
	})
}

// Two approvals are needed once the configuration says so, though the request
// was made when one was enough.
func TestRaisedRequiredCounts(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g, err := w.Ask(ada, time.Hour, "web-1")
		if err != nil {
			t.Fatal(err)
		}
		w.Stop()
		w.With(func(c *policies.Config) {
			c.Approvals = []policies.ApprovalRule{{Approvers: []string{group}, Required: 2, PendingFor: time.Hour}}
		})
		w.Start()
		w.Pass(2 * time.Second)
		if _, err := w.Service.Approve(t.Context(), grace, g.ID); err != nil {
			t.Fatal(err)
		}
		w.Pass(20 * time.Second)
		if g := w.Want(g.ID, jit.Pending); g.Required != 2 || len(g.Approvals) != 1 {
			t.Errorf("%d of %d approvals", len(g.Approvals), g.Required)
		}
		if _, err := w.Service.Approve(t.Context(), alan, g.ID); err != nil {
			t.Fatal(err)
		}
		w.Pass(20 * time.Second)
		w.Want(g.ID, jit.Open)
	})
}

// A clock that was a year ahead for a moment does not stop openings for a
// year: when Azure's clock has agreed with ours for five minutes, they go on.
func TestWrongMarkIsOverruledByAzure(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		if _, err := w.Store.Mark(t.Context(), time.Now().AddDate(1, 0, 0)); err != nil {
			t.Fatal(err)
		}
		w.Stop()
		w.Start()
		w.Pass(3 * time.Minute)
		g := w.Approved("web-1")
		w.Pass(90 * time.Second)
		if g := w.Want(g.ID, jit.Opening); g.Waiting == "" {
			t.Error("it does not say why it waits")
		}
		w.Pass(2 * time.Minute)
		w.Want(g.ID, jit.Open)
	})
}

// A mark is not overruled while Azure's clock disagrees with ours, nor soon
// after.
func TestRightMarkHoldsOpenings(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		if _, err := w.Store.Mark(t.Context(), time.Now().Add(6*time.Hour)); err != nil {
			t.Fatal(err)
		}
		w.Stop()
		w.Azure.Configure(func(s *azuresim.Settings) { s.ClockSkew = 6 * time.Hour })
		w.Client = w.Connect()
		w.Start()
		w.Pass(10 * time.Second)
		g := w.Approved("web-1")
		w.Pass(20 * time.Minute)
		w.Want(g.ID, jit.Opening)
		w.Azure.Configure(func(s *azuresim.Settings) { s.ClockSkew = 0 })
		w.Pass(3 * time.Minute)
		w.Want(g.ID, jit.Opening)
		if w.Reachable(azuresim.DemoWeb1, adasAddress) {
			t.Error("access was opened")
		}
		w.Pass(4 * time.Minute)
		w.Want(g.ID, jit.Open)
	})
}

// An opening that was held back for minutes and then meets one busy answer is
// tried again, not given up as too late.
func TestHeldThenBusyIsTriedAgain(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Azure.Configure(func(s *azuresim.Settings) { s.ClockSkew = time.Hour })
		w.Start()
		w.Pass(2 * time.Second)
		g := w.Approved("web-1")
		w.Pass(5 * time.Minute)
		w.Want(g.ID, jit.Opening)
		fault := w.Azure.AddFault(azuresim.Busy().On(http.MethodGet, "roleAssignments").Only(1))
		w.Azure.Configure(func(s *azuresim.Settings) { s.ClockSkew = 0 })
		w.Pass(2 * time.Minute) // the clock is in doubt for a minute after the last answer that disagrees
		if fault.Hits() != 1 {
			t.Error("nothing was busy")
		}
		w.Want(g.ID, jit.Open)
	})
}
