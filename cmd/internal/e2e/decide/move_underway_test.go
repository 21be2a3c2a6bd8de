package decide_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// What is revoked while it is being moved closes from both addresses, and a restart goes on
// with what was begun.
func TestMoveUnderWay(t *testing.T) {
	slow := azuresim.Fault{Method: http.MethodPut, Path: "web-subnet-nsg/securityRules", Status: http.StatusInternalServerError}
	begin := func(t *testing.T, w *world) jit.Grant {
		t.Helper()
		w.Start()
		g := w.Open(time.Hour, "web-1")
		w.Azure.AddFault(slow)
		if _, err := w.Service.Move(t.Context(), ada, g.ID, source(t, vpn)); err != nil {
			t.Fatal(err)
		}
		w.Pass(5 * time.Second)
		return g
	}
	t.Run("revoked", func(t *testing.T) {
		bubble(t, func(t *testing.T, w *world) {
			foreign := w.Foreign()
			g := begin(t, w)
			if _, err := w.Service.Revoke(t.Context(), grace, g.ID, "enough"); err != nil {
				t.Fatal(err)
			}
			w.Pass(10 * time.Second)
			w.Want(g.ID, jit.Closed)
			if old, moved := w.from(); old || moved || w.Ours() != 0 {
				t.Errorf("%t, %t, %d rules", old, moved, w.Ours())
			}
			w.CheckPromises(foreign)
		})
	})
	t.Run("moved again", func(t *testing.T) {
		bubble(t, func(t *testing.T, w *world) {
			g := begin(t, w)
			if _, err := w.Service.Move(t.Context(), ada, g.ID, source(t, "198.51.100.10")); !errors.Is(err, jit.ErrStale) {
				t.Errorf("moved while it is being moved: %v", err)
			}
		})
	})
	t.Run("extended", func(t *testing.T) {
		bubble(t, func(t *testing.T, w *world) {
			g := begin(t, w)
			if asked, err := w.Service.Extend(t.Context(), ada, g.ID, time.Hour); err != nil {
				t.Fatal(err)
			} else if _, err := w.Service.ApproveExtension(t.Context(), grace, g.ID, asked.Extension.Number); err != nil {
				t.Fatal(err)
			}
			w.Pass(5 * time.Second)
			w.Azure.ClearFaults()
			w.Pass(30 * time.Second)
			now := w.Want(g.ID, jit.Open)
			if old, moved := w.from(); old || !moved || now.Extended != 1 || now.Move.Underway() {
				t.Errorf("%t, %t, extended %d times, %+v", old, moved, now.Extended, now.Move)
			}
			if w.Told.Count("drift to thread") != 0 {
				t.Errorf("said %v", w.Told.Said())
			}
		})
	})
	t.Run("restarted", func(t *testing.T) {
		bubble(t, func(t *testing.T, w *world) {
			foreign := w.Foreign()
			g := begin(t, w)
			w.Stop()
			w.Azure.ClearFaults()
			w.Start()
			w.Pass(20 * time.Second)
			now := w.Want(g.ID, jit.Open)
			if old, moved := w.from(); old || !moved || now.Move.Underway() {
				t.Errorf("%t, %t, %+v", old, moved, now.Move)
			}
			w.CheckPromises(foreign)
		})
	})
}
