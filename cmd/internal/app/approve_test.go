package app_test

import (
	"slices"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// Who approves last holds what the rule asks of approvers as the VM is now.
func TestApproverActionsOfTheVMAsItIs(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.config.Approvals = []jit.ApprovalRule{
			{Match: jit.Match{Tags: map[string]string{"env": "secret"}}, Approvers: []string{group}, Required: 1, PendingFor: time.Hour, ApproverActions: []string{"Microsoft.Nothing/held/action"}},
			w.config.Approvals[0],
		}
		w.start()
		g, err := w.ask(ada, time.Hour, "dev-1")
		if err != nil {
			t.Fatal(err)
		}
		w.pass(31 * time.Second)
		if err := w.sim.SetTags(azuresim.DemoDev1, map[string]string{"env": "secret"}); err != nil {
			t.Fatal(err)
		}
		_, err = w.service.Approve(t.Context(), grace, g.ID)
		w.pass(20 * time.Second)
		if err == nil || w.grant(g.ID).State == jit.Open {
			t.Errorf("approved without the action: %s", w.grant(g.ID).State)
		}
		if kinds := w.kinds(g.ID); !slices.Contains(kinds, jit.EventRejected) {
			t.Errorf("the attempt is not in the record: %v", kinds)
		}
	})
}

// halfApproved asks where two approvals are needed, and Grace gives one.
func (w *world) halfApproved() jit.Grant {
	w.t.Helper()
	w.config.Approvals[0].Required = 2
	w.start()
	g, err := w.ask(ada, time.Hour, "web-1")
	if err == nil {
		g, err = w.service.Approve(w.t.Context(), grace, g.ID)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return g
}

// What somebody approved who was taken out of the approvers since does not count
// for the last approval.
func TestFormerApproverCountsNoMore(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		g := w.halfApproved()
		w.stop()
		w.with(func(c *jit.Config) {
			c.Approvals = []jit.ApprovalRule{{Approvers: []string{string(alan), string(carol)}, Required: 2, PendingFor: time.Hour}}
		})
		w.start()
		w.pass(2 * time.Second)
		if _, err := w.service.Approve(t.Context(), alan, g.ID); err != nil {
			t.Fatal(err)
		}
		w.pass(20 * time.Second)
		if g := w.want(g.ID, jit.Pending); len(g.Approvals) != 1 || g.Approvals[0].By.ID != alan {
			t.Errorf("approved by %+v", g.Approvals)
		}
		if _, err := w.service.Approve(t.Context(), carol, g.ID); err != nil {
			t.Fatal(err)
		}
		w.pass(20 * time.Second)
		w.want(g.ID, jit.Open)
	})
}

// Nor does what somebody approved whose account was switched off since.
func TestApproverWhoIsGoneCountsNoMore(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		g := w.halfApproved()
		w.setMember(jit.Member{ID: grace, Gone: true})
		if _, err := w.service.Approve(t.Context(), alan, g.ID); err != nil {
			t.Fatal(err)
		}
		w.pass(20 * time.Second)
		if g := w.want(g.ID, jit.Pending); len(g.Approvals) != 1 || g.Approvals[0].By.ID != alan {
			t.Errorf("approved by %+v", g.Approvals)
		}
	})
}
