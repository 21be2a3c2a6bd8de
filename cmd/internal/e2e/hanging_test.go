package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// An operation that does not end is waited for no longer than two minutes; then
// the closings that it held up go on.
func TestHangingOperationIsGivenUp(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g := w.Open(15*time.Minute, "web-1")
		w.hangAround(g)
		w.Pass(3 * time.Minute)
		w.Want(g.ID, jit.Closed)
		if w.Reachable(azuresim.DemoWeb1, adasAddress) {
			t.Error("the access is open")
		}
	})
}

// A removal that hangs shows as stuck, holds up its neighbours at the guard by
// two minutes at most, and is sent again after a while.
func TestHangingRemovalIsSentAgain(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g, next := w.Open(15*time.Minute, "web-1"), w.Open(20*time.Minute, "web-2")
		hang := w.Azure.AddFault(azuresim.Fault{Method: http.MethodDelete, Path: "securityRules", OperationTime: 6 * time.Hour}.Only(1))
		w.Pass(time.Until(g.Clock.Deadline) + 90*time.Second)
		if g := w.Want(g.ID, jit.Closing); !g.Stuck || hang.Hits() != 1 {
			t.Error("it does not show as stuck, or does not hang")
		}
		w.Pass(time.Until(next.Clock.Deadline) + 130*time.Second)
		if w.Reachable(azuresim.DemoWeb2, adasAddress) {
			t.Error("the neighbour's access is open")
		}
		w.Pass(time.Until(g.Clock.Deadline) + 20*time.Minute)
		w.Want(g.ID, jit.Closed)
		w.Want(next.ID, jit.Closed)
	})
}
