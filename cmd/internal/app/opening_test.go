package app_test

import (
	"net/http"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// A port that a strict approval rule guards does not slip through beside one
// that needs no approval.
func TestPortsFallUnderTheirOwnApproval(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.with(func(c *jit.Config) {
			c.Approvals = []jit.ApprovalRule{
				{Match: jit.Match{Ports: []jit.Ports{{From: 22, To: 22, Protocol: jit.AnyProtocol}}}},
				{Approvers: []string{group}, Required: 2, PendingFor: time.Hour},
			}
		})
		w.start()
		grants, err := w.service.Ask(t.Context(), ada, "k", jit.Ask{
			VMs: []string{"web-1"}, Ports: []jit.Ports{{From: 22, To: 22}, {From: 3389, To: 3389}},
			Duration: time.Hour, Sources: sources("198.51.100.7/32"), Reason: "mend the index",
		})
		if err != nil || len(grants) != 2 {
			t.Fatalf("%d grants, %v", len(grants), err)
		}
		for _, g := range grants {
			if _, err := w.service.Check(t.Context(), g.ID); err != nil {
				t.Fatal(err)
			}
		}
		w.pass(20 * time.Second)
		ssh, rdp := w.want(grants[0].ID, jit.Open), w.want(grants[1].ID, jit.Pending)
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
		w.sim.Configure(func(s *azuresim.Settings) { s.ClockSkew = time.Hour })
		w.start()
		w.pass(2 * time.Second)
		g := w.approved("web-1")
		w.pass(5 * time.Second)
		if g := w.want(g.ID, jit.Opening); g.Waiting == "" {
			t.Fatal("it should be held back")
		}
		w.stop()
		w.pass(48 * time.Hour)
		w.sim.Configure(func(s *azuresim.Settings) { s.ClockSkew = 0 })
		w.client = w.azure()
		w.sim.Reset()
		w.start()
		w.pass(20 * time.Second)
		if g := w.want(g.ID, jit.Closed); g.Decision.Ending != jit.Failed {
			t.Errorf("ended as %+v", g.Decision)
		}
		w.nothingOpened()
		if !w.told.has(string(g.ID) + " failed to requester") {
			t.Errorf("said %v", w.told.said)
		}
	})
}

func (w *world) nothingOpened() {
	w.t.Helper()
	if n := len(w.sent(http.MethodPut, "securityRules")); n != 0 || w.reachable(azuresim.DemoWeb1, adasAddress) {
		w.t.Errorf("%d rules were written", n)
	}
}

// cutOff stops jitbot between a request and its check, where no approval is
// needed.
func (w *world) cutOff() jit.ID {
	w.t.Helper()
	w.with(func(c *jit.Config) { c.Approvals = []jit.ApprovalRule{{}} })
	w.start()
	grants, err := w.service.Ask(w.t.Context(), ada, "k", jit.Ask{
		VMs: []string{"web-1"}, Ports: []jit.Ports{{From: 22, To: 22}}, Duration: time.Hour,
		Sources: sources(adasAddress + "/32"), Reason: "mend the index",
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.stop()
	return grants[0].ID
}

// A request that was accepted and could not be checked for two days opens
// nothing, even where no approval is needed.
func TestStaleAskOpensNothing(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		id := w.cutOff()
		w.pass(48 * time.Hour)
		w.sim.Reset()
		w.start()
		w.pass(40 * time.Second)
		w.want(id, jit.Refused)
		w.nothingOpened()
		if !w.told.has("refused to requester") {
			t.Errorf("said %v", w.told.said)
		}
	})
}

// A request that was cut off for a moment is still checked.
func TestFreshAskIsCheckedAfterARestart(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		id := w.cutOff()
		w.pass(5 * time.Minute)
		w.start()
		w.pass(40 * time.Second)
		w.want(id, jit.Open)
	})
}

// Two approvals are needed once the configuration says so, though the request
// was made when one was enough.
func TestRaisedRequiredCounts(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.start()
		g, err := w.ask(ada, time.Hour, "web-1")
		if err != nil {
			t.Fatal(err)
		}
		w.stop()
		w.with(func(c *jit.Config) {
			c.Approvals = []jit.ApprovalRule{{Approvers: []string{group}, Required: 2, PendingFor: time.Hour}}
		})
		w.start()
		w.pass(2 * time.Second)
		if _, err := w.service.Approve(t.Context(), grace, g.ID); err != nil {
			t.Fatal(err)
		}
		w.pass(20 * time.Second)
		if g := w.want(g.ID, jit.Pending); g.Required != 2 || len(g.Approvals) != 1 {
			t.Errorf("%d of %d approvals", len(g.Approvals), g.Required)
		}
		if _, err := w.service.Approve(t.Context(), alan, g.ID); err != nil {
			t.Fatal(err)
		}
		w.pass(20 * time.Second)
		w.want(g.ID, jit.Open)
	})
}

// A clock that was a year ahead for a moment does not stop openings for a
// year: when Azure's clock has agreed with ours for five minutes, they go on.
func TestWrongMarkIsOverruledByAzure(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.start()
		if _, err := w.store.Mark(t.Context(), time.Now().AddDate(1, 0, 0)); err != nil {
			t.Fatal(err)
		}
		w.stop()
		w.start()
		w.pass(3 * time.Minute)
		g := w.approved("web-1")
		w.pass(90 * time.Second)
		if g := w.want(g.ID, jit.Opening); g.Waiting == "" {
			t.Error("it does not say why it waits")
		}
		w.pass(2 * time.Minute)
		w.want(g.ID, jit.Open)
	})
}

// A mark is not overruled while Azure's clock disagrees with ours, nor soon
// after.
func TestRightMarkHoldsOpenings(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.start()
		if _, err := w.store.Mark(t.Context(), time.Now().Add(6*time.Hour)); err != nil {
			t.Fatal(err)
		}
		w.stop()
		w.sim.Configure(func(s *azuresim.Settings) { s.ClockSkew = 6 * time.Hour })
		w.client = w.azure()
		w.start()
		w.pass(10 * time.Second)
		g := w.approved("web-1")
		w.pass(20 * time.Minute)
		w.want(g.ID, jit.Opening)
		w.sim.Configure(func(s *azuresim.Settings) { s.ClockSkew = 0 })
		w.pass(3 * time.Minute)
		w.want(g.ID, jit.Opening)
		if w.reachable(azuresim.DemoWeb1, adasAddress) {
			t.Error("the door was opened")
		}
		w.pass(4 * time.Minute)
		w.want(g.ID, jit.Open)
	})
}

// An opening that was held back for minutes and then meets one busy answer is
// tried again, not given up as too late.
func TestHeldThenBusyIsTriedAgain(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.sim.Configure(func(s *azuresim.Settings) { s.ClockSkew = time.Hour })
		w.start()
		w.pass(2 * time.Second)
		g := w.approved("web-1")
		w.pass(5 * time.Minute)
		w.want(g.ID, jit.Opening)
		fault := w.sim.AddFault(azuresim.Busy().On(http.MethodGet, "roleAssignments").Only(1))
		w.sim.Configure(func(s *azuresim.Settings) { s.ClockSkew = 0 })
		w.pass(time.Minute)
		if fault.Hits() != 1 {
			t.Error("nothing was busy")
		}
		w.want(g.ID, jit.Open)
	})
}
