package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/rules"
)

// Where our own changes have nearly spent what Microsoft.Network takes, an opening
// waits and says why, a closing does not wait, and the opening is made later.
func TestClosingsGoBeforeOpenings(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		large := azuresim.Bucket{Size: 1 << 20, PerSecond: 1 << 20}
		w.Azure.Configure(func(s *azuresim.Settings) { s.Reads, s.Writes, s.Deletes = large, large, large })
		foreign := w.Foreign()
		w.Start()
		first := w.Open(10*time.Minute, "web-1")
		second, err := w.Ask(ada, time.Hour, "web-2")
		if err != nil {
			t.Fatal(err)
		}
		w.Pass(time.Until(first.Clock.Deadline) - time.Minute)
		for range 650 {
			if err := w.Client.Apply(t.Context(), azuresim.DemoDevNSG, []rules.Change{{Remove: "none"}})[0]; err != nil {
				t.Fatal(err)
			}
		}
		if _, err := w.Service.Approve(t.Context(), grace, second.ID); err != nil {
			t.Fatal(err)
		}
		w.Pass(80 * time.Second)
		w.Want(first.ID, jit.Closed)
		if g := w.Want(second.ID, jit.Opening); g.Waiting != admission.BudgetSpent {
			t.Errorf("what waits says %q", g.Waiting)
		}
		if w.Reachable(azuresim.DemoWeb1, "203.0.113.7") || w.Reachable(azuresim.DemoWeb2, "203.0.113.7") {
			t.Error("a port is open")
		}
		w.Pass(6 * time.Minute)
		w.Want(second.ID, jit.Open)
		for _, r := range w.Azure.Requests() {
			if r.Status == http.StatusTooManyRequests {
				t.Errorf("%s %s: 429", r.Method, r.Path)
			}
		}
		w.CheckPromises(foreign)
	})
}
