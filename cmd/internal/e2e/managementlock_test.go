package e2e_test

import (
	"bytes"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/azure/azuresim"
)

// A rule under a CanNotDelete lock could be written and never be removed, one
// under a ReadOnly lock not even written: refused before anybody is asked.
func TestLockedGuardIsRefused(t *testing.T) {
	for _, tt := range []struct {
		name string
		lock azuresim.Lock
		want string
	}{
		{
			"resource group",
			azuresim.Lock{Name: "keep", Scope: azuresim.DemoWebGroup, Level: azuresim.CanNotDelete},
			"The lock keep (CanNotDelete) on the resource group prod-web would let a rule be written in the network security group web-nic-nsg and never be removed, so jitbot writes none there; have an owner remove the lock first.",
		},
		{
			"one guard of two",
			azuresim.Lock{Name: "frozen", Scope: azuresim.DemoWebSubnetNSG, Level: azuresim.ReadOnly},
			"The lock frozen (ReadOnly) on the network security group web-subnet-nsg lets no rule of the network security group web-subnet-nsg be changed, so jitbot writes none there; have an owner remove the lock first.",
		},
		{
			"subscription",
			azuresim.Lock{Name: "audit", Scope: azuresim.DemoSubscriptionScope, Level: azuresim.ReadOnly},
			"The lock audit (ReadOnly) on the subscription " + azuresim.DemoSubscription,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				foreign := w.Foreign()
				w.Azure.AddLock(tt.lock)
				w.Start()
				g, err := w.Ask(ada, time.Hour, "web-1")
				if !errors.As(err, new(*jit.Refusal)) || !strings.Contains(err.Error(), tt.want) {
					t.Fatalf("said %v, want %q", err, tt.want)
				}
				results, err := w.Service.Protect(t.Context(), carol, []string{"web-1"}, nil)
				if err != nil || results[0].Err == nil || !strings.Contains(results[0].Err.Error(), tt.want) {
					t.Errorf("protect said %v, %v", results, err)
				}
				e, err := w.Service.Explain(t.Context(), ada, "web-1", ada)
				if err != nil || e.Blocked == nil || !strings.Contains(e.Blocked.Error(), tt.want) {
					t.Errorf("explain said %v, %v", e.Blocked, err)
				}
				w.Pass(time.Minute)
				w.Want(g.ID, jit.Refused)
				if w.Told.Has("to card") || w.Ours() != 0 {
					t.Errorf("a card was posted or a rule written; said %v", w.Told.Said())
				}
				w.CheckPromises(foreign)
			})
		})
	}
}

// Firewalls count where a source passes them, and are named where not all do.
func TestLockedFirewallIsRefused(t *testing.T) {
	for _, tt := range []struct {
		vm   string
		lock azuresim.Lock
		want string
	}{
		{"app-1", azuresim.Lock{Name: "frozen", Scope: azuresim.DemoFirewall, Level: azuresim.ReadOnly}, "The lock frozen (ReadOnly) on the firewall hub-fw lets no rule of the firewall hub-fw be changed"},
		{"core-1", azuresim.Lock{Name: "keep", Scope: azuresim.DemoEdgePolicy, Level: azuresim.CanNotDelete}, "The lock keep (CanNotDelete) on the firewall policy edge-policy would let a rule be written in the firewall policy edge-policy and never be removed"},
	} {
		t.Run(tt.vm, func(t *testing.T) {
			firewalled(t, func(t *testing.T, w *world) {
				firewalls := w.Firewalls()
				w.Azure.AddLock(tt.lock)
				w.Start()
				if _, err := w.Ask(ada, time.Hour, tt.vm); err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("said %v, want %q", err, tt.want)
				}
				e, err := w.Service.Explain(t.Context(), ada, tt.vm, ada)
				if err != nil || e.Blocked != nil || !strings.Contains(strings.Join(e.Posture.Notes, " "), tt.want) {
					t.Errorf("explain said %v, %v, %q", err, e.Blocked, e.Posture.Notes)
				}
				if w.Told.Has("to card") || w.Firewalls() != firewalls {
					t.Error("a card was posted, or a firewall written")
				}
			})
		})
	}
}

// A firewall with rules of its own is only written, never deleted: a lock
// against deleting is not in the way.
func TestFirewallUnderALockAgainstDeleting(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		foreign, firewalls := w.Foreign(), w.Firewalls()
		w.Azure.AddLock(azuresim.Lock{Name: "keep", Scope: azuresim.DemoFirewall, Level: azuresim.CanNotDelete})
		w.Start()
		g, err := w.Ask(ada, 20*time.Minute, "app-1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Service.Approve(t.Context(), grace, g.ID); err != nil {
			t.Fatal(err)
		}
		w.Pass(time.Hour)
		w.Want(g.ID, jit.Closed)
		if !slices.Contains(w.Kinds(g.ID), jit.EventOpened) || w.Firewalls() != firewalls {
			t.Errorf("it went %v", w.Kinds(g.ID))
		}
		w.CheckPromises(foreign)
	})
}

// A lock elsewhere keeps nobody out. One that is put on after the ask is found
// before the first write.
func TestLockedMeanwhile(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Azure.AddLock(azuresim.Lock{Name: "beside", Scope: azuresim.DemoDevGroup, Level: azuresim.CanNotDelete})
		w.Start()
		g, err := w.Ask(ada, time.Hour, "web-1")
		if err != nil {
			t.Fatalf("a lock elsewhere: %v", err)
		}
		w.Azure.AddLock(azuresim.Lock{Name: "keep", Scope: azuresim.DemoWebGroup, Level: azuresim.CanNotDelete})
		if _, err := w.Service.Approve(t.Context(), grace, g.ID); err != nil {
			t.Fatal(err)
		}
		w.Pass(time.Minute)
		if g := w.Want(g.ID, jit.Closed); g.Decision.Ending != jit.Failed || !strings.Contains(g.Decision.Reason, "The lock keep (CanNotDelete)") {
			t.Errorf("ended as %s: %s", g.Decision.Ending, g.Decision.Reason)
		}
		if w.Ours() != 0 {
			t.Error("a rule was written")
		}
		w.CheckPromises(foreign)
	})
}

// A grant does not follow its VM behind a guard in which its rule would stay.
func TestLockedWhereTheVMGoes(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Azure.AddLock(azuresim.Lock{Name: "keep", Scope: azuresim.DemoJumpNSG, Level: azuresim.CanNotDelete})
		w.Start()
		g := w.Open(time.Hour, "dev-1")
		if err := w.Azure.SetNSGOnNIC(w.NIC(azuresim.DemoDev1), azuresim.DemoJumpNSG); err != nil {
			t.Fatal(err)
		}
		w.Pass(2 * time.Minute)
		if g := w.Want(g.ID, jit.Closed); g.Decision.Ending != jit.Failed || !strings.Contains(g.Decision.Reason, "The lock keep") {
			t.Errorf("ended as %s: %s", g.Decision.Ending, g.Decision.Reason)
		}
		if w.Ours() != 0 {
			t.Error("a rule is left")
		}
		w.CheckPromises(foreign)
	})
}

// journal is a log that is read while it is written.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

func (j *journal) count(words string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Count(j.text.String(), words)
}

// The role of an older version may not read locks: they are not known, which
// is said once in the log and keeps nobody out.
func TestLocksThatMayNotBeRead(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Azure.Configure(func(s *azuresim.Settings) { s.DeniedActions = []string{"Microsoft.Authorization/locks/read"} })
		log := &journal{}
		w.Wrap = func(deps admission.Adapters) admission.Adapters {
			deps.Log = slog.New(slog.NewTextHandler(log, nil))
			return deps
		}
		w.Start()
		for range 2 {
			g := w.Open(6*time.Minute, "web-1")
			w.Pass(time.Until(g.Clock.Deadline) + 30*time.Second)
			w.Want(g.ID, jit.Closed)
		}
		if n := log.count("management locks may not be read"); n != 1 {
			t.Errorf("it was logged %d times", n)
		}
		w.CheckPromises(foreign)
	})
}
