package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// A copy of the store that is half a minute old, as after a failover of its disk, does
// not open what was revoked since.
func TestYoungCopyOpensNothingThatWasRevoked(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		w.Pass(time.Minute)
		g, err := w.Ask(ada, time.Hour, "dev-1")
		if err != nil {
			t.Fatal(err)
		}
		slow := w.Azure.AddFault(azuresim.Fault{Method: http.MethodGet, Path: azuresim.DemoDev1, Latency: 5 * time.Second})
		if _, err := w.Service.Approve(t.Context(), grace, g.ID); err != nil {
			t.Fatal(err)
		}
		copied := w.copyStore()
		slow.Remove()
		if now := w.Grant(g.ID); now.State != jit.Opening || !now.Clock.Begun.IsZero() {
			t.Fatalf("the copy has it %s, begun %s", now.State, now.Clock.Begun)
		}
		if _, err := w.Service.Revoke(t.Context(), grace, g.ID, "leaked"); err != nil {
			t.Fatal(err)
		}
		w.Pass(30 * time.Second)
		w.Want(g.ID, jit.Closed)
		w.putBack(copied)
		w.Pass(time.Minute)
		if held := w.held(g.ID); len(held) > 0 {
			t.Errorf("revoked and said so, and open again: %v", held)
		}
	})
}
