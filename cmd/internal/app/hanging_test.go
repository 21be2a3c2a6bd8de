package app_test

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
		w.start()
		g := w.open(15*time.Minute, "web-1")
		w.hangAround(g)
		w.pass(3 * time.Minute)
		w.want(g.ID, jit.Closed)
		if w.reachable(azuresim.DemoWeb1, adasAddress) {
			t.Error("the door is open")
		}
	})
}

// A removal that hangs shows as stuck, holds up its neighbours at the guard by
// two minutes at most, and is sent again after a while.
func TestHangingRemovalIsSentAgain(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.start()
		g, next := w.open(15*time.Minute, "web-1"), w.open(20*time.Minute, "web-2")
		hang := w.sim.AddFault(azuresim.Fault{Method: http.MethodDelete, Path: "securityRules", OperationTime: 6 * time.Hour}.Only(1))
		w.pass(time.Until(g.Clock.Deadline) + 90*time.Second)
		if g := w.want(g.ID, jit.Closing); !g.Stuck || hang.Hits() != 1 {
			t.Error("it does not show as stuck, or does not hang")
		}
		w.pass(time.Until(next.Clock.Deadline) + 130*time.Second)
		if w.reachable(azuresim.DemoWeb2, adasAddress) {
			t.Error("the neighbour's door is open")
		}
		w.pass(time.Until(g.Clock.Deadline) + 20*time.Minute)
		w.want(g.ID, jit.Closed)
		w.want(next.ID, jit.Closed)
	})
}
