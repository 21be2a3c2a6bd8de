package decide_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/policies"
)

// Who approves last holds what the rule asks of approvers as the VM is now.
func TestApproverActionsOfTheVMAsItIs(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Config.Approvals = []policies.ApprovalRule{
			{Match: policies.Match{Tags: map[string]string{"env": "secret"}}, Approvers: []string{group}, Required: 1, PendingFor: time.Hour, ApproverActions: []string{"Microsoft.Nothing/held/action"}},
			w.Config.Approvals[0],
		}
		w.Start()
		g, err := w.Ask(ada, time.Hour, "dev-1")
		if err != nil {
			t.Fatal(err)
		}
		w.Pass(31 * time.Second)
		if err := w.Azure.SetTags(azuresim.DemoDev1, map[string]string{"env": "secret"}); err != nil {
			t.Fatal(err)
		}
		_, err = w.Service.Approve(t.Context(), grace, g.ID)
		w.Pass(20 * time.Second)
		if err == nil || w.Grant(g.ID).State == jit.Open {
			t.Errorf("approved without the action: %s", w.Grant(g.ID).State)
		}
		if kinds := w.Kinds(g.ID); !slices.Contains(kinds, jit.EventRejected) {
			t.Errorf("the attempt is not in the record: %v", kinds)
		}
	})
}

// halfApproved asks where two approvals are needed, and Grace gives one.
func (w *world) halfApproved() jit.Grant {
	w.T.Helper()
	w.Config.Approvals[0].Required = 2
	w.Start()
	g, err := w.Ask(ada, time.Hour, "web-1")
	if err == nil {
		g, err = w.Service.Approve(w.T.Context(), grace, g.ID)
	}
	if err != nil {
		w.T.Fatal(err)
	}
	return g
}

// What somebody approved who was taken out of the approvers since does not count
// for the last approval.
func TestFormerApproverCountsNoMore(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		g := w.halfApproved()
		w.Stop()
		w.With(func(c *policies.Config) {
			c.Approvals = []policies.ApprovalRule{{Approvers: []string{string(alan), string(carol)}, Required: 2, PendingFor: time.Hour}}
		})
		w.Start()
		w.Pass(2 * time.Second)
		if _, err := w.Service.Approve(t.Context(), alan, g.ID); err != nil {
			t.Fatal(err)
		}
		w.Pass(20 * time.Second)
		if g := w.Want(g.ID, jit.Pending); len(g.Approvals) != 1 || g.Approvals[0].By.ID != alan {
			t.Errorf("approved by %+v", g.Approvals)
		}
		if _, err := w.Service.Approve(t.Context(), carol, g.ID); err != nil {
			t.Fatal(err)
		}
		w.Pass(20 * time.Second)
		w.Want(g.ID, jit.Open)
	})
}

// Nor does what somebody approved whose account was switched off since.
func TestApproverWhoIsGoneCountsNoMore(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		g := w.halfApproved()
		w.SetMember(admission.Member{ID: grace, Gone: true})
		if _, err := w.Service.Approve(t.Context(), alan, g.ID); err != nil {
			t.Fatal(err)
		}
		w.Pass(20 * time.Second)
		if g := w.Want(g.ID, jit.Pending); len(g.Approvals) != 1 || g.Approvals[0].By.ID != alan {
			t.Errorf("approved by %+v", g.Approvals)
		}
	})
}

// Promise 6: two clicks, one outcome; the loser is told.
func TestTwoApproversAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g, err := w.Ask(ada, time.Hour, "web-1")
		if err != nil {
			t.Fatal(err)
		}
		errs := make([]error, 2)
		var wg sync.WaitGroup
		for i, by := range []jit.UserID{grace, alan} {
			wg.Go(func() { _, errs[i] = w.Service.Approve(t.Context(), by, g.ID) })
		}
		wg.Wait()
		w.Pass(20 * time.Second)
		w.Want(g.ID, jit.Open)
		lost := 0
		for _, err := range errs {
			if errors.Is(err, jit.ErrStale) && strings.Contains(err.Error(), "already approved by") {
				lost++
			} else if err != nil {
				t.Error(err)
			}
		}
		if lost != 1 || len(w.Grant(g.ID).Approvals) != 1 {
			t.Errorf("%d losers told, approvals %v", lost, w.Grant(g.ID).Approvals)
		}
	})
}

func TestTwoApprovalsNeeded(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.With(func(c *policies.Config) {
			c.Approvals = []policies.ApprovalRule{{Approvers: []string{group}, Required: 2, PendingFor: time.Hour}}
		})
		w.Start()
		g, err := w.Ask(ada, time.Hour, "web-1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Service.Approve(t.Context(), grace, g.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Service.Approve(t.Context(), grace, g.ID); !errors.Is(err, jit.ErrStale) {
			t.Errorf("the same approver twice: %v", err)
		}
		w.Pass(10 * time.Second)
		w.Want(g.ID, jit.Pending)
		if _, err := w.Service.Approve(t.Context(), alan, g.ID); err != nil {
			t.Fatal(err)
		}
		w.Pass(20 * time.Second)
		w.Want(g.ID, jit.Open)
	})
}

func TestNoApprovalNeeded(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.With(func(c *policies.Config) { c.Approvals = []policies.ApprovalRule{{}} })
		w.Start()
		g, err := w.Ask(ada, time.Hour, "web-1")
		if err != nil {
			t.Fatal(err)
		}
		w.Pass(20 * time.Second)
		w.Want(g.ID, jit.Open)
	})
}
