package store_test

import (
	"net/http"
	"net/netip"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// An older copy of the store opens nothing to an address that access was moved away from
// since, and goes on with no move: it may have been moved elsewhere.
func TestOlderCopyMovesNothing(t *testing.T) {
	const vpn = "198.51.100.9"
	move := func(t *testing.T, w *world, id jit.ID, to string) {
		t.Helper()
		if _, err := w.Service.Move(t.Context(), ada, id, netip.MustParsePrefix(to+"/32")); err != nil {
			t.Fatal(err)
		}
	}
	shut := func(t *testing.T, w *world, id jit.ID, addresses ...string) {
		t.Helper()
		for range 60 {
			w.Pass(time.Second)
			for _, a := range addresses {
				if w.Reachable(azuresim.DemoWeb1, a) {
					t.Fatalf("open from %s again", a)
				}
			}
		}
		w.Want(id, jit.Closed)
		if w.Ours() != 0 {
			t.Errorf("%d rules are left", w.Ours())
		}
	}
	t.Run("from before it", func(t *testing.T) {
		bubble(t, func(t *testing.T, w *world) {
			w.Start()
			g := w.Open(2*time.Hour, "web-1")
			older := w.CopyStore()
			move(t, w, g.ID, vpn)
			w.Pass(20 * time.Minute)
			w.PutBack(older)
			shut(t, w, g.ID, adasAddress)
		})
	})
	t.Run("from the midst of it", func(t *testing.T) {
		bubble(t, func(t *testing.T, w *world) {
			w.Start()
			g := w.Open(2*time.Hour, "web-1")
			slow := w.Azure.AddFault(azuresim.Fault{Method: http.MethodPut, Path: "securityRules", Status: http.StatusInternalServerError})
			move(t, w, g.ID, vpn)
			w.Pass(5 * time.Second)
			older := w.CopyStore()
			slow.Remove()
			w.Pass(time.Minute)
			move(t, w, g.ID, adasAddress)
			w.Pass(20 * time.Minute)
			if now := w.Want(g.ID, jit.Open); now.Move.Underway() || !w.Reachable(azuresim.DemoWeb1, adasAddress) {
				t.Fatalf("%+v", now.Move)
			}
			w.PutBack(older)
			shut(t, w, g.ID, vpn)
		})
	})
}
