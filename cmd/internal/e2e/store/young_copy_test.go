package store_test

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// aboutToOpen is a grant that was approved, and whose opening has not begun in the store
// that is there, which is returned as a copy.
func (w *world) aboutToOpen() (jit.Grant, []byte) {
	w.T.Helper()
	w.Start()
	w.Pass(time.Minute)
	g, err := w.Ask(ada, time.Hour, "dev-1")
	if err != nil {
		w.T.Fatal(err)
	}
	slow := w.Azure.AddFault(azuresim.Fault{Method: http.MethodGet, Path: azuresim.DemoDev1, Latency: 5 * time.Second})
	if _, err := w.Service.Approve(w.T.Context(), grace, g.ID); err != nil {
		w.T.Fatal(err)
	}
	copied := w.CopyStore()
	slow.Remove()
	if now := w.Grant(g.ID); now.State != jit.Opening || !now.Clock.Begun.IsZero() {
		w.T.Fatalf("the copy has it %s, begun %s", now.State, now.Clock.Begun)
	}
	return g, copied
}

// A copy of the store that is half a minute old, as after a failover of its disk, does
// not open what was revoked since.
func TestYoungCopyOpensNothingThatWasRevoked(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		g, copied := w.aboutToOpen()
		if _, err := w.Service.Revoke(t.Context(), grace, g.ID, "leaked"); err != nil {
			t.Fatal(err)
		}
		w.Pass(30 * time.Second)
		w.Want(g.ID, jit.Closed)
		w.PutBack(copied)
		w.Pass(time.Minute)
		if held := w.Held(g.ID); len(held) > 0 {
			t.Errorf("revoked and said so, and open again: %v", held)
		}
		w.Want(g.ID, jit.Closed)
	})
}

// The same copy without what was beside the store, as on another machine, opens nothing
// either: nothing says that it is the newest.
func TestYoungCopyOnAnotherMachine(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		g, copied := w.aboutToOpen()
		w.Stop()
		w.Pass(5 * time.Second)
		if err := os.Remove(w.File + ".newest"); err != nil {
			t.Fatal(err)
		}
		w.PutBack(copied)
		w.Pass(time.Minute)
		if g := w.Want(g.ID, jit.Closed); !strings.Contains(g.Decision.Reason, "jitbot was down") || len(w.Held(g.ID)) > 0 {
			t.Errorf("it ended because %q; left are %v", g.Decision.Reason, w.Held(g.ID))
		}
	})
}

// A young copy goes on with no unprotecting: the VM may have been protected again since.
func TestYoungCopyUnprotectsNothing(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		w.Protect("jump-1")
		forbidden := w.Azure.AddFault(azuresim.Forbidden().On(http.MethodDelete, azuresim.DemoJumpNSG))
		if _, err := w.Service.Unprotect(t.Context(), carol, []string{"jump-1"}); err != nil {
			t.Fatal(err)
		}
		w.Pass(5 * time.Second)
		copied := w.CopyStore()
		w.Pass(time.Second)
		forbidden.Remove()
		w.Protect("jump-1")
		w.PutBack(copied)
		w.Pass(time.Minute)
		if !w.IsProtected(azuresim.DemoJump) || w.Reachable(azuresim.DemoJump, nobody) {
			t.Error("it is open, though it was protected again")
		}
	})
}

// Who restarts jitbot, or whose jitbot crashes, loses nothing that was approved.
func TestRestartGoesOnWithWhatWasApproved(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		g, _ := w.aboutToOpen()
		w.Stop()
		w.Pass(time.Minute)
		w.Start()
		w.Pass(20 * time.Second)
		w.Want(g.ID, jit.Open)
	})
}
