package decide_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/policies"
	"jitbot/jit/rules"
)

// untilOf are what the rules of the grant in the guards of web-1 say.
func untilOf(t *testing.T, w *world) (out []time.Time) {
	t.Helper()
	for _, nsg := range w.Azure.NSGs() {
		for _, r := range w.Azure.Rules(nsg) {
			if d, ok := rules.ParseDescription(r.Description); ok {
				out = append(out, d.Until)
			}
		}
	}
	return out
}

// extend asks for more time, has it approved and waits until it is in force.
func extend(t *testing.T, w *world, id jit.ID, d time.Duration) jit.Grant {
	t.Helper()
	g, err := w.Service.Extend(t.Context(), ada, id, d)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Service.ApproveExtension(t.Context(), grace, id, g.Extension.Number); err != nil {
		t.Fatal(err)
	}
	w.Pass(20 * time.Second)
	return w.Want(id, jit.Open)
}

func TestExtendedLife(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Config.Policies[0].RemindBefore = 10 * time.Minute
		w.Start()
		g := w.Open(time.Hour, "web-1")
		asked, err := w.Service.Extend(t.Context(), ada, g.ID, time.Hour)
		if err != nil || !asked.Extension.Waiting() || !asked.Clock.Deadline.Equal(g.Clock.Deadline) {
			t.Fatalf("asked: %+v, %v", asked.Extension, err)
		}
		w.Pass(10 * time.Second)
		if got := untilOf(t, w); len(got) != 2 || got[0].After(g.Clock.Until) {
			t.Errorf("before anybody said yes the rules say %v", got)
		}
		if _, err := w.Service.ApproveExtension(t.Context(), grace, g.ID, asked.Extension.Number); err != nil {
			t.Fatal(err)
		}
		w.Pass(20 * time.Second)
		longer, want := w.Want(g.ID, jit.Open), g.Clock.Deadline.Add(time.Hour)
		if !longer.Clock.Deadline.Equal(want) || longer.Clock.Until.Before(want) || longer.Clock.Until.After(want.Add(time.Second)) {
			t.Errorf("deadline %s and until %s, want %s", longer.Clock.Deadline, longer.Clock.Until, want)
		}
		for _, until := range untilOf(t, w) {
			if !until.Equal(longer.Clock.Until) {
				t.Errorf("a rule says %s, want %s", until, longer.Clock.Until)
			}
		}
		w.Pass(time.Until(want) - 5*time.Minute)
		w.Want(g.ID, jit.Open)
		if n := w.Told.Count("reminded to requester"); n != 1 {
			t.Errorf("reminded %d times of the new end, want once", n)
		}
		w.Pass(5*time.Minute + 20*time.Second)
		w.Want(g.ID, jit.Closed)
		want2 := []jit.EventKind{
			jit.EventAsked, jit.EventWaiting, jit.EventApproved, jit.EventOpening, jit.EventOpened, jit.EventExtending, jit.EventExtending,
			jit.EventExtended, jit.EventReminded, jit.EventClosing, jit.EventClosed,
		}
		if got := w.Kinds(g.ID); !slices.Equal(got, want2) || w.Told.Count("extended to requester") != 1 {
			t.Errorf("the record says %v, want %v; said %v", got, want2, w.Told.Said())
		}
		w.CheckPromises(foreign)
	})
}

// After a reminder another one follows, of the new end.
func TestRemindedAgainAfterAnExtension(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Config.Policies[0].RemindBefore = 10 * time.Minute
		w.Config.Policies[0].Extend.NoApproval = true
		w.Start()
		g := w.Open(time.Hour, "web-1")
		w.Pass(55 * time.Minute)
		if _, err := w.Service.Extend(t.Context(), ada, g.ID, 30*time.Minute); err != nil {
			t.Fatal(err)
		}
		w.Pass(20 * time.Second)
		if got := w.Want(g.ID, jit.Open); got.Extended != 1 || !got.Clock.Deadline.Equal(g.Clock.Deadline.Add(30*time.Minute)) {
			t.Fatalf("without approval: %d, until %s", got.Extended, got.Clock.Deadline)
		}
		w.Pass(25 * time.Minute)
		if n := w.Told.Count("reminded to requester"); n != 2 {
			t.Errorf("reminded %d times, want twice", n)
		}
	})
}

func TestExtendIsRefused(t *testing.T) {
	tests := []struct {
		name   string
		by     jit.UserID
		d      time.Duration
		policy func(*policies.Config)
		first  int // extensions of an hour before
		kind   error
		says   string
	}{
		{"of somebody else", bob, time.Hour, nil, 0, jit.ErrAuthority, "only the holder"},
		{"by an approver", grace, time.Hour, nil, 0, jit.ErrAuthority, "only the holder"},
		{"over the total", ada, 5*time.Hour + time.Second, nil, 0, jit.ErrPolicy, "at most 5h"},
		{"over the total with what was extended", ada, 5 * time.Hour, nil, 1, jit.ErrPolicy, "at most 4h"},
		{"over the times", ada, time.Minute, nil, 2, jit.ErrPolicy, "was extended 2 times"},
		{"where nothing may be", ada, time.Minute, func(c *policies.Config) { c.Policies[0].Extend = jit.ExtendTerms{} }, 0, jit.ErrPolicy, "0 times"},
		{"where it is as long as may be", ada, time.Minute, func(c *policies.Config) { c.Policies[0].Extend.Total = time.Hour }, 0, jit.ErrPolicy, "1h at most"},
		{"by nothing", ada, 0, nil, 0, jit.ErrInput, "no time"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				if tt.policy != nil {
					w.With(tt.policy)
				}
				w.Start()
				g := w.Open(time.Hour, "web-1")
				for range tt.first {
					g = extend(t, w, g.ID, time.Hour)
				}
				_, err := w.Service.Extend(t.Context(), tt.by, g.ID, tt.d)
				if !errors.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("got %v, want %v that says %q", err, tt.kind, tt.says)
				}
				w.Pass(20 * time.Second)
				if now := w.Want(g.ID, jit.Open); !now.Clock.Deadline.Equal(g.Clock.Deadline) || !now.Extension.At.IsZero() {
					t.Errorf("it changed to %+v", now.Extension)
				}
			})
		})
	}
}

// Who may not have it any more gets no more time, though it was asked for before.
func TestExtensionIsCheckedAgain(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g := w.Open(time.Hour, "web-1")
		asked, err := w.Service.Extend(t.Context(), ada, g.ID, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		for by, want := range map[jit.UserID]error{ada: jit.ErrAuthority, bob: jit.ErrAuthority} {
			if _, err := w.Service.ApproveExtension(t.Context(), by, g.ID, 1); !errors.Is(err, want) {
				t.Errorf("approved by %s: %v", by, err)
			}
		}
		if _, err := w.Service.ApproveExtension(t.Context(), grace, g.ID, 2); !errors.Is(err, jit.ErrStale) {
			t.Errorf("an extension that was never asked for: %v", err)
		}
		if _, err := w.Service.Approve(t.Context(), grace, g.ID); !errors.Is(err, jit.ErrStale) {
			t.Errorf("the approval of the request once more: %v", err)
		}
		if _, err := w.Service.Extend(t.Context(), ada, g.ID, time.Minute); !errors.Is(err, jit.ErrStale) {
			t.Errorf("another while one waits: %v", err)
		}
		if _, err := w.Service.DenyExtension(t.Context(), alan, g.ID, asked.Extension.Number, ""); err != nil {
			t.Fatal(err)
		}
		w.Pass(20 * time.Second)
		if now := w.Want(g.ID, jit.Open); !now.Clock.Deadline.Equal(g.Clock.Deadline) || w.Told.Count("unextended to requester") != 1 {
			t.Errorf("denied: until %s, said %v", now.Clock.Deadline, w.Told.Said())
		}
		if _, err := w.Service.ApproveExtension(t.Context(), grace, g.ID, 1); !errors.Is(err, jit.ErrStale) {
			t.Errorf("approving what was denied: %v", err)
		}
		asked, err = w.Service.Extend(t.Context(), ada, g.ID, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		w.SetMember(admission.Member{ID: ada, Gone: true})
		if _, err := w.Service.ApproveExtension(t.Context(), grace, g.ID, asked.Extension.Number); !errors.Is(err, jit.ErrAuthority) {
			t.Errorf("for somebody who is gone: %v", err)
		}
		w.Pass(10 * time.Second)
		if now := w.Grant(g.ID); now.Extended != 0 {
			t.Errorf("it was extended: %+v", now)
		}
	})
}

// One that nobody answers lapses at the old deadline, which holds.
func TestUnansweredExtensionLapsesAtTheOldDeadline(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Start()
		g := w.Open(time.Hour, "web-1")
		if _, err := w.Service.Extend(t.Context(), ada, g.ID, time.Hour); err != nil {
			t.Fatal(err)
		}
		w.Pass(time.Until(g.Clock.Deadline) + 20*time.Second)
		g = w.Want(g.ID, jit.Closed)
		if w.Ours() != 0 || !strings.Contains(g.Decision.Reason, "was not approved before the end") {
			t.Errorf("%d rules are left, and it says %q", w.Ours(), g.Decision.Reason)
		}
		if !slices.Contains(w.Kinds(g.ID), jit.EventUnextended) {
			t.Errorf("the record says %v", w.Kinds(g.ID))
		}
		if _, err := w.Service.ApproveExtension(t.Context(), grace, g.ID, 1); !errors.Is(err, jit.ErrStale) {
			t.Errorf("approving after the end: %v", err)
		}
		w.Pass(time.Minute)
		if w.Ours() != 0 {
			t.Error("what was ended is open again")
		}
		w.CheckPromises(foreign)
	})
}

// While Azure takes no change of one of the guards the old deadline holds, and access ends
// by it.
func TestExtensionThatCannotBeWrittenEndsAtTheOldDeadline(t *testing.T) {
	for name, fault := range map[string]azuresim.Fault{
		"failing":   {Method: http.MethodPut, Path: "web-subnet-nsg/securityRules", Status: http.StatusInternalServerError},
		"forbidden": {Method: http.MethodPut, Path: "web-subnet-nsg/securityRules", Status: http.StatusForbidden, Code: "AuthorizationFailed"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				foreign := w.Foreign()
				w.Config.Policies[0].Extend.NoApproval = true
				w.Start()
				g := w.Open(10*time.Minute, "web-1")
				w.Azure.AddFault(fault)
				if _, err := w.Service.Extend(t.Context(), ada, g.ID, time.Hour); err != nil {
					t.Fatal(err)
				}
				w.Pass(time.Until(g.Clock.Deadline) - 2*time.Second)
				if now := w.Want(g.ID, jit.Open); !now.Clock.Deadline.Equal(g.Clock.Deadline) || w.Told.Count("extended to requester") != 0 {
					t.Errorf("until %s, said %v", now.Clock.Deadline, w.Told.Said())
				}
				if w.Told.Count("drift to thread") != 0 || w.Told.Count("hindered to requester") != 0 {
					t.Errorf("it is told that somebody changed something: %v", w.Told.Said())
				}
				w.Pass(30 * time.Second)
				g = w.Want(g.ID, jit.Closed)
				if w.Ours() != 0 || !strings.Contains(g.Decision.Reason, "was not in force before the end") {
					t.Errorf("%d rules are left, and it says %q", w.Ours(), g.Decision.Reason)
				}
				w.CheckPromises(foreign)
			})
		})
	}
}

// Nobody extends while the clock is suspect. What was being extended then is not taken
// away for that, and goes on when it is not.
func TestNothingIsExtendedWhileTheClockIsSuspect(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Config.Policies[0].Extend.NoApproval = true
		w.Start()
		g := w.Open(time.Hour, "web-1")
		w.Azure.AddFault(azuresim.Fault{Method: http.MethodPut, Path: "web-subnet-nsg/securityRules", Status: http.StatusInternalServerError})
		if _, err := w.Service.Extend(t.Context(), ada, g.ID, time.Hour); err != nil {
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
		if now := w.Want(g.ID, jit.Open); now.Extended != 0 || !w.Reachable(azuresim.DemoWeb1, "203.0.113.7") {
			t.Errorf("in doubt it was extended %d times", now.Extended)
		}
		w.Azure.Configure(func(s *azuresim.Settings) { s.ClockSkew = 0 })
		w.Pass(3 * time.Minute)
		if now := w.Want(g.ID, jit.Open); now.Extended != 1 || !now.Clock.Deadline.Equal(g.Clock.Deadline.Add(time.Hour)) {
			t.Errorf("afterwards: extended %d times, until %s", now.Extended, now.Clock.Deadline)
		}
		w.Azure.Configure(func(s *azuresim.Settings) { s.ClockSkew = time.Minute })
		w.Pass(2 * time.Minute)
		if _, err := w.Service.Extend(t.Context(), ada, g.ID, time.Hour); !errors.Is(err, jit.ErrBusy) {
			t.Errorf("extended in doubt: %v", err)
		}
	})
}
