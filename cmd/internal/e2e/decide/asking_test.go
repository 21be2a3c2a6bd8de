package decide_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/policies"
)

// waiting starts with an approval rule and asks for web-1.
func (w *world) waiting(change func(*policies.ApprovalRule)) jit.Grant {
	w.T.Helper()
	w.With(func(c *policies.Config) {
		rule := policies.ApprovalRule{Approvers: []string{group}, Required: 1, PendingFor: 3 * time.Hour, ClaimFor: 15 * time.Minute}
		change(&rule)
		c.Approvals = []policies.ApprovalRule{rule}
	})
	w.Start()
	g, err := w.Ask(ada, time.Hour, "web-1")
	if err != nil || g.State != jit.Pending {
		w.T.Fatalf("asked: %s, %v", g.State, err)
	}
	return g
}

func TestThoseWhoAreSilentAreAskedAgain(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		g := w.waiting(func(r *policies.ApprovalRule) { r.RemindAfter, r.Required = 10*time.Minute, 2 })
		for i, at := range []time.Duration{10 * time.Minute, 30 * time.Minute, 70 * time.Minute} {
			w.Pass(time.Until(g.Request.At.Add(at)) - 5*time.Second)
			if n := w.Told.Count("unanswered to thread"); n != i {
				t.Errorf("before %s they were asked again %d times: %v", at, n, w.Told.Said())
			}
			w.Pass(20 * time.Second)
			if n, now := w.Told.Count("unanswered to thread"), w.Grant(g.ID); n != i+1 || now.Asking.Reminders != i+1 {
				t.Errorf("at %s they were asked again %d times: %+v", at, n, now.Asking)
			}
			want := []jit.UserID{alan}
			if i == 0 {
				want = []jit.UserID{alan, grace}
			}
			if got := slices.Sorted(slices.Values(w.Grant(g.ID).Asking.Silent)); !slices.Equal(got, want) {
				t.Errorf("at %s are silent: %v, want %v", at, got, want)
			}
			if i == 0 {
				if _, err := w.Service.Approve(t.Context(), grace, g.ID); err != nil {
					t.Fatal(err)
				}
			}
		}
		w.Pass(100 * time.Minute)
		if n := w.Told.Count("unanswered"); n != 6 { // on the card and in the thread
			t.Errorf("asked again %d times: %v", n, w.Told.Said())
		}
		w.Pass(20 * time.Minute)
		w.Want(g.ID, jit.Lapsed)
	})
}

// What is due while jitbot is down is made up for, once.
func TestAskedAgainAfterARestart(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		g := w.waiting(func(r *policies.ApprovalRule) {
			r.RemindAfter, r.Escalate, r.EscalateTo = 10*time.Minute, 20*time.Minute, []string{string(carol)}
		})
		w.Stop()
		w.Pass(65 * time.Minute)
		w.Start()
		w.Pass(20 * time.Second)
		if n := w.Told.Count("unanswered to thread"); n != 1 || w.Told.Count("escalated to person:"+string(carol)) != 1 {
			t.Errorf("asked again %d times: %v", n, w.Told.Said())
		}
		if now := w.Want(g.ID, jit.Pending); now.Asking.Reminders != 1 || !now.Asking.Escalated {
			t.Errorf("now %+v", now.Asking)
		}
	})
}

func TestClaimHoldsRemindersBack(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		g := w.waiting(func(r *policies.ApprovalRule) {
			r.RemindAfter, r.Escalate, r.EscalateTo = 10*time.Minute, 12*time.Minute, []string{string(carol)}
		})
		w.Pass(5 * time.Minute)
		if now, err := w.Service.Claim(t.Context(), grace, g.ID); err != nil || now.Claimed().By.ID != grace {
			t.Fatalf("claimed: %+v, %v", now.Asking, err)
		}
		w.Pass(14 * time.Minute)
		if w.Told.Has("unanswered") || w.Told.Has("escalated") {
			t.Errorf("claimed, and yet: %v", w.Told.Said())
		}
		w.Pass(time.Minute + 20*time.Second)
		if now := w.Want(g.ID, jit.Pending); now.Claimed() != (jit.Claim{}) || !w.Told.Has("unclaimed to thread") ||
			!w.Told.Has("unanswered to thread") || !w.Told.Has("escalated to thread") {
			t.Errorf("lapsed: %+v, %v", now.Asking, w.Told.Said())
		}
	})
}

func TestClaimBlocksNobody(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		g := w.waiting(func(r *policies.ApprovalRule) { r.RemindAfter, r.Required = 10*time.Minute, 2 })
		for _, by := range []jit.UserID{grace, grace, alan, grace} {
			if _, err := w.Service.Claim(t.Context(), by, g.ID); err != nil {
				t.Fatal(err)
			}
		}
		if got := w.Grant(g.ID).Claimed().By.ID; got != grace {
			t.Errorf("claimed, given back, claimed by another and taken over: %s has it", got)
		}
		if now, err := w.Service.Approve(t.Context(), alan, g.ID); err != nil || now.Claimed().By.ID != grace {
			t.Errorf("approved by another: %+v, %v", now.Asking, err)
		}
		if _, err := w.Service.Claim(t.Context(), alan, g.ID); !errors.Is(err, jit.ErrStale) {
			t.Errorf("claimed by somebody who approved it: %v", err)
		}
		if _, err := w.Service.Approve(t.Context(), grace, g.ID); err != nil {
			t.Fatal(err)
		}
		w.Pass(20 * time.Second)
		w.Want(g.ID, jit.Open)
		if _, err := w.Service.Claim(t.Context(), grace, g.ID); !errors.Is(err, jit.ErrStale) {
			t.Errorf("claimed when it is open: %v", err)
		}
	})
}

// Those to whom a request is escalated decide from then on, and not before; others never.
func TestEscalation(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		g := w.waiting(func(r *policies.ApprovalRule) { r.Escalate, r.EscalateTo = 30*time.Minute, []string{string(carol)} })
		w.Pass(29 * time.Minute)
		for _, by := range []jit.UserID{carol, bob} {
			if _, err := w.Service.Approve(t.Context(), by, g.ID); !errors.Is(err, jit.ErrAuthority) {
				t.Errorf("approved by %s before: %v", by, err)
			}
			if _, err := w.Service.Claim(t.Context(), by, g.ID); !errors.Is(err, jit.ErrAuthority) {
				t.Errorf("claimed by %s before: %v", by, err)
			}
		}
		w.Pass(time.Minute + 20*time.Second)
		if w.Told.Count("escalated to person:"+string(carol)) != 1 || w.Told.Count("escalated to thread") != 1 {
			t.Errorf("told %v", w.Told.Said())
		}
		for _, by := range []jit.UserID{bob, ada} {
			if _, err := w.Service.Approve(t.Context(), by, g.ID); !errors.Is(err, jit.ErrAuthority) {
				t.Errorf("approved by %s: %v", by, err)
			}
		}
		if _, err := w.Service.Approve(t.Context(), carol, g.ID); err != nil {
			t.Fatal(err)
		}
		w.Pass(20 * time.Second)
		w.Want(g.ID, jit.Open)
	})
}

// Who was taken out of escalate.to since decides nothing.
func TestEscalatedToSomebodyWhoIsThereNoMore(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		g := w.waiting(func(r *policies.ApprovalRule) { r.Escalate, r.EscalateTo = 30*time.Minute, []string{string(carol)} })
		w.Pass(31 * time.Minute)
		w.Stop()
		w.With(func(c *policies.Config) {
			c.Approvals = []policies.ApprovalRule{{Approvers: []string{group}, Required: 1, PendingFor: time.Hour}}
		})
		w.Start()
		w.Pass(2 * time.Second)
		if _, err := w.Service.Approve(t.Context(), carol, g.ID); !errors.Is(err, jit.ErrAuthority) {
			t.Errorf("approved: %v", err)
		}
		w.Want(g.ID, jit.Pending)
	})
}

// When Slack does not say for long who is in a group, all of the entry are named, and
// nobody waits for that.
func TestAskedAgainThoughGroupsAreUnread(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		g := w.waiting(func(r *policies.ApprovalRule) {
			r.RemindAfter, r.Escalate, r.EscalateTo = 10*time.Minute, 10*time.Minute, []string{string(carol), "S0BOSSES"}
		})
		w.Pass(9 * time.Minute)
		w.FailGroups(jit.ErrForbidden)
		w.Pass(time.Minute + 20*time.Second)
		if w.Told.Has("unanswered") {
			t.Errorf("at once: %v", w.Told.Said())
		}
		w.Pass(3 * time.Minute)
		if now := w.Grant(g.ID); !slices.Equal(now.Asking.Silent, []jit.UserID{group, carol}) || !now.Asking.Escalated ||
			w.Told.Count("escalated to person:") != 1 || w.Told.Count("unanswered to thread") != 1 {
			t.Errorf("now %+v, told %v", now.Asking, w.Told.Said())
		}
		w.FailGroups(nil)
		if _, err := w.Service.Approve(t.Context(), carol, g.ID); err != nil {
			t.Error(err)
		}
	})
}
