package decide_test

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/policies"
)

// halfHour is less than an hour of SSH from Ada's address.
func halfHour() jit.Extent {
	return jit.Extent{Ports: []jit.Ports{{From: 22, To: 22}}, Sources: []netip.Prefix{netip.MustParsePrefix("203.0.113.7/32")}, Duration: 30 * time.Minute}
}

func TestApprovedWithLess(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		g := w.waiting(func(r *policies.ApprovalRule) { r.Required = 2 })
		if got, err := w.Service.ToNarrow(t.Context(), grace, g.ID); err != nil || got.ID != g.ID {
			t.Fatalf("the form: %v", err)
		}
		got, err := w.Service.ApproveLess(t.Context(), grace, g.ID, halfHour())
		if err != nil || got.State != jit.Pending || got.Request.Duration != 30*time.Minute {
			t.Fatalf("less: %+v, %v", got.Request, err)
		}
		w.Pass(5 * time.Second)
		if w.Told.Count("approved to requester") != 1 {
			t.Errorf("told %v", w.Told.Said())
		}
		w.Stop() // what was narrowed outlives a restart
		w.Start()
		if _, err := w.Service.ApproveLess(t.Context(), grace, g.ID, halfHour()); !errors.Is(err, jit.ErrStale) {
			t.Errorf("a second time: %v", err)
		}
		if _, err := w.Service.Approve(t.Context(), alan, g.ID); err != nil {
			t.Fatal(err)
		}
		w.Pass(20 * time.Second)
		open := w.Want(g.ID, jit.Open)
		if want := open.Clock.Opened.Add(30 * time.Minute); !open.Clock.Deadline.Equal(want) || open.Request.AsAsked().Duration != time.Hour {
			t.Errorf("open until %s, want %s", open.Clock.Deadline, want)
		}
		w.Pass(30*time.Minute + 20*time.Second)
		w.Want(g.ID, jit.Closed)
		w.CheckPromises(foreign)
	})
}

// The last approval with less opens as much, and no more.
func TestLastApprovalWithLess(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		g := w.waiting(func(*policies.ApprovalRule) {})
		if got, err := w.Service.ApproveLess(t.Context(), grace, g.ID, halfHour()); err != nil || got.State != jit.Opening {
			t.Fatalf("less: %s, %v", got.State, err)
		}
		w.Pass(20 * time.Second)
		if open := w.Want(g.ID, jit.Open); open.Clock.Deadline.Sub(open.Clock.Opened) != 30*time.Minute || !w.Told.Has("approved to requester") {
			t.Errorf("open for %s, told %v", open.Clock.Deadline.Sub(open.Clock.Opened), w.Told.Said())
		}
	})
}

func TestApproveWithLessIsRefused(t *testing.T) {
	tests := []struct {
		name string
		by   jit.UserID
		less func(*jit.Extent)
		kind error
		says string
	}{
		{"by whoever asked", ada, func(*jit.Extent) {}, jit.ErrAuthority, "yourself"},
		{"by an admin", carol, func(*jit.Extent) {}, jit.ErrAuthority, "no approver"},
		{"by another", bob, func(*jit.Extent) {}, jit.ErrAuthority, "no approver"},
		{"by a guest", guest, func(*jit.Extent) {}, jit.ErrAuthority, "only full members"},
		{"for longer", grace, func(e *jit.Extent) { e.Duration = 2 * time.Hour }, jit.ErrInput, "more than"},
		{"for another port", grace, func(e *jit.Extent) { e.Ports[0].To = 23 }, jit.ErrInput, "more than"},
		{"from elsewhere", grace, func(e *jit.Extent) { e.Sources[0] = netip.MustParsePrefix("203.0.113.6/31") }, jit.ErrInput, "more than"},
		{"for less than the policy's shortest", grace, func(e *jit.Extent) { e.Duration = time.Minute }, jit.ErrPolicy, "at least 5m"},
		{"for nothing", grace, func(e *jit.Extent) { e.Ports = nil }, jit.ErrInput, "leaves nothing"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				g := w.waiting(func(*policies.ApprovalRule) {})
				less := halfHour()
				tt.less(&less)
				_, err := w.Service.ApproveLess(t.Context(), tt.by, g.ID, less)
				if !errors.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("got %v, want %v that says %q", err, tt.kind, tt.says)
				}
				if now := w.Want(g.ID, jit.Pending); now.Request.Narrowed() || len(now.Approvals) > 0 {
					t.Errorf("it changed to %+v", now.Request)
				}
				if kinds := w.Kinds(g.ID); errors.Is(err, jit.ErrAuthority) != slices.Contains(kinds, jit.EventRejected) {
					t.Errorf("the record has %v", kinds)
				}
			})
		})
	}
}

// Who decides is said by what was asked for: less of it puts nobody else in their place.
func TestLessIsDecidedByTheSamePeople(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.With(func(c *policies.Config) {
			c.Approvals = []policies.ApprovalRule{
				{Match: policies.Match{LongerThan: 40 * time.Minute}, Approvers: []string{group}, Required: 2, PendingFor: time.Hour},
				{Approvers: []string{string(carol)}, Required: 1, PendingFor: time.Hour},
			}
		})
		w.Start()
		g, err := w.Ask(ada, time.Hour, "web-1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Service.ApproveLess(t.Context(), grace, g.ID, halfHour()); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Service.Approve(t.Context(), carol, g.ID); !errors.Is(err, jit.ErrAuthority) {
			t.Errorf("approved by somebody who decides half hours alone: %v", err)
		}
		if _, err := w.Service.Approve(t.Context(), alan, g.ID); err != nil {
			t.Fatal(err)
		}
		w.Pass(20 * time.Second)
		w.Want(g.ID, jit.Open)
	})
}

// Time that approvers took away comes back by their yes alone.
func TestLessIsExtendedWithApproval(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Config.Policies[0].Extend.NoApproval = true
		g := w.waiting(func(*policies.ApprovalRule) {})
		if _, err := w.Service.ApproveLess(t.Context(), grace, g.ID, halfHour()); err != nil {
			t.Fatal(err)
		}
		w.Pass(20 * time.Second)
		w.Want(g.ID, jit.Open)
		if now, err := w.Service.Extend(t.Context(), ada, g.ID, time.Hour); err != nil || !now.Extension.Waiting() {
			t.Errorf("extended: %+v, %v", now.Extension, err)
		}
	})
}

// Who asked may withdraw what is left of it, and a repeat of the first delivery is none of
// another request.
func TestLessIsWithdrawn(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		g := w.waiting(func(r *policies.ApprovalRule) { r.Required = 2 })
		if _, err := w.Service.ApproveLess(t.Context(), grace, g.ID, halfHour()); err != nil {
			t.Fatal(err)
		}
		again, err := w.Service.Ask(t.Context(), ada, strings.TrimSuffix(g.Request.Key, "/0"), jit.Ask{
			VMs: []string{"web-1"}, Ports: []jit.Ports{{From: 22, To: 22}}, Duration: time.Hour, Sources: g.Request.Sources, Reason: g.Request.Reason,
		})
		if err != nil || len(again) != 1 || again[0].ID != g.ID {
			t.Errorf("delivered again: %v, %v", again, err)
		}
		if _, err := w.Service.Cancel(t.Context(), ada, g.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Service.Approve(t.Context(), alan, g.ID); !errors.Is(err, jit.ErrStale) {
			t.Errorf("approved: %v", err)
		}
		w.Want(g.ID, jit.Cancelled)
	})
}

// Two approve with different less at one moment: both count, and what is opened both
// accepted.
func TestTwoApproveWithDifferentLess(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Config.Policies[0].Widest = jit.Widths{V4: 24, V6: 128}
		w.With(func(c *policies.Config) {
			c.Approvals = []policies.ApprovalRule{{Approvers: []string{group}, Required: 2, PendingFor: time.Hour}}
		})
		w.Start()
		g, err := w.AskFrom(ada, time.Hour, "203.0.113.0/24", "web-1")
		if err != nil {
			t.Fatal(err)
		}
		less := map[jit.UserID]jit.Extent{grace: halfHour(), alan: halfHour()}
		e := less[grace]
		e.Duration, e.Sources = 20*time.Minute, []netip.Prefix{netip.MustParsePrefix("203.0.113.0/25")}
		less[grace] = e
		errs := make(chan error)
		for by, e := range less {
			go func() {
				_, err := w.Service.ApproveLess(t.Context(), by, g.ID, e)
				errs <- err
			}()
		}
		if err := errors.Join(<-errs, <-errs); err != nil {
			t.Fatal(err)
		}
		w.Pass(20 * time.Second)
		open := w.Want(g.ID, jit.Open)
		for by, e := range less {
			e.Ports[0].Protocol = jit.TCP
			if more := open.Request.Extent().Wider(e); more != "" {
				t.Errorf("%s accepted %s, and it has %s", by, e, more)
			}
		}
		if open.Request.Duration != 20*time.Minute || open.Request.Sources[0].Bits() != 32 {
			t.Errorf("opened is %s", open.Request.Extent())
		}
	})
}

// What is warned of is about what is left: a port that is not opened any more is not
// warned of.
func TestLessIsForeseenAgain(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.With(func(c *policies.Config) {
			c.Approvals = []policies.ApprovalRule{{Approvers: []string{group}, Required: 2, PendingFor: time.Hour}}
			c.Policies[0].Ports[1].Any = true
		})
		w.Start()
		grants, err := w.Service.Ask(t.Context(), ada, w.Key(), jit.Ask{
			VMs: []string{"jump-1"}, Ports: []jit.Ports{{From: 22, To: 22}, {From: 3389, To: 3389}}, Duration: time.Hour,
			Sources: []netip.Prefix{netip.MustParsePrefix("203.0.113.7/32")}, Reason: "mend the index",
		})
		if err != nil {
			t.Fatal(err)
		}
		g, err := w.Service.Check(t.Context(), grants[0].ID)
		if err != nil || !strings.Contains(strings.Join(g.Warnings, " "), "port 22 is already open") {
			t.Fatalf("asked for: %v, %v", g.Warnings, err)
		}
		less := halfHour()
		less.Ports = []jit.Ports{{From: 3389, To: 3389}}
		if _, err := w.Service.ApproveLess(t.Context(), grace, g.ID, less); err != nil {
			t.Fatal(err)
		}
		if now := w.Want(g.ID, jit.Pending); strings.Contains(strings.Join(now.Warnings, " "), "port 22 is already open") {
			t.Errorf("of port 3389 alone it warns: %v", now.Warnings)
		}
	})
}
