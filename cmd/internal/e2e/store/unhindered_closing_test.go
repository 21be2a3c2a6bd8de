package store_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// A rule that drifted and whose grant cannot be ended in the store keeps no overdue
// rule of another in place.
func TestFullDiskAndDriftBesideAnOverdueRule(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		var full atomic.Bool
		w.WrapStore = func(s simulated.Store) simulated.Store { return fullDisk{s, &full} }
		w.Config.Policies[0].EndOnDrift = true
		w.Start()
		overdue, other := w.Open(30*time.Minute, "dev-1"), w.Open(3*time.Hour, "dev-2")
		full.Store(true)
		if err := w.Azure.DeleteRule(azuresim.DemoDevNSG, w.ruleOf(azuresim.DemoDevNSG, other.ID)); err != nil {
			t.Fatal(err)
		}
		w.Pass(time.Until(overdue.Clock.Until) + 30*time.Minute)
		if held := w.Held(overdue.ID); len(held) > 0 {
			t.Errorf("half an hour past its until there is %v", held)
		}
	})
}

// What cannot be stored of one grant does not keep the overdue rule of another: the
// disk is full before the first was read back gone.
func TestFullDiskAndAClosingBesideAnOverdueRule(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		var full atomic.Bool
		w.WrapStore = func(s simulated.Store) simulated.Store { return fullDisk{s, &full} }
		w.Start()
		overdue, ended := w.Open(30*time.Minute, "dev-1"), w.Open(time.Hour, "dev-2")
		if _, err := w.Service.Done(t.Context(), ada, ended.ID); err != nil {
			t.Fatal(err)
		}
		full.Store(true)
		w.Pass(time.Until(overdue.Clock.Until) + 10*time.Minute)
		if held := w.Held(overdue.ID); len(held) > 0 {
			t.Errorf("ten minutes past its until there is %v", held)
		}
	})
}

// An opening whose other guard cannot be read keeps no overdue rule in place.
func TestUnreadableGuardOfAnOpeningDelaysNoClosing(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Config.OpenWithin = 30 * time.Minute
		w.Start()
		other := w.Open(15*time.Minute, "db-2")
		w.Pass(time.Until(other.Clock.Deadline) - time.Minute)
		w.Azure.AddFault(azuresim.Fault{Method: http.MethodPut, Path: azuresim.DemoDBSubnetNSG, OperationTime: 15 * time.Second})
		g := w.Approved("db-1")
		w.Pass(10 * time.Second)
		w.Azure.AddFault(azuresim.Fault{Method: http.MethodGet, Path: azuresim.DemoBackupNSG, Status: 500})
		w.Pass(time.Until(other.Clock.Deadline) + 5*time.Minute)
		if held := w.Held(other.ID); len(held) > 0 {
			t.Errorf("five minutes past its deadline there is %v; the other is %s", held, w.Grant(g.ID).State)
		}
	})
}

// A guard that cannot be read keeps open what is behind it, and nothing of others: the
// rule of a grant that is not behind it goes at its deadline.
func TestUnreadableGuardKeepsNothingOpenElsewhere(t *testing.T) {
	for name, sick := range map[string]azuresim.Fault{
		"fails": {Method: http.MethodGet, Path: azuresim.DemoBackupNSG, Status: 500},
		"hangs": {Method: http.MethodGet, Path: azuresim.DemoBackupNSG, HangRequest: true},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.Start()
				other, both := w.Open(30*time.Minute, "db-2"), w.Open(time.Hour, "db-1")
				late := w.Azure.AddFault(azuresim.Fault{Method: http.MethodDelete, Path: azuresim.DemoDBSubnetNSG, Status: 500})
				if _, err := w.Service.Done(t.Context(), ada, both.ID); err != nil {
					t.Fatal(err)
				}
				w.Pass(10 * time.Second)
				w.Azure.AddFault(sick)
				late.Remove()
				w.Pass(time.Until(other.Clock.Until) + 10*time.Minute)
				if held := w.Held(other.ID); len(held) > 0 {
					t.Errorf("ten minutes past its until there is %v", held)
				}
				if _, err := w.Store.Grant(t.Context(), both.ID); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}

// A reading of another guard that hangs delays no closing here.
func TestHangingReadBesideDelaysNoClosing(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		other, both := w.Open(30*time.Minute, "db-2"), w.Open(time.Hour, "db-1")
		w.Pass(time.Until(other.Clock.Deadline) - 20*time.Second)
		w.Azure.AddFault(azuresim.Fault{Method: http.MethodDelete, Path: azuresim.DemoDBSubnetNSG, OperationTime: 8 * time.Second, Match: func(r *http.Request) bool { return true }}.Only(1))
		if _, err := w.Service.Done(t.Context(), ada, both.ID); err != nil {
			t.Fatal(err)
		}
		w.Pass(6 * time.Second)
		w.Azure.AddFault(azuresim.Fault{Method: http.MethodGet, Path: azuresim.DemoBackupNSG, HangRequest: true})
		w.Pass(time.Until(other.Clock.Deadline) + 90*time.Second)
		if held := w.Held(other.ID); len(held) > 0 {
			t.Errorf("90 s past its deadline there is %v", held)
		}
	})
}

func (w *world) ruleOf(nsg string, id jit.ID) string {
	for _, r := range w.Azure.Rules(nsg) {
		if strings.Contains(r.Name, string(id)) {
			return r.Name
		}
	}
	w.T.Fatal("no rule of " + string(id))
	return ""
}
