package store_test

import (
	"testing"
	"time"

	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
)

// What an older copy was about to open may have begun since: closed is said only when
// the rules that it began are gone, wherever they stand.
func TestOlderCopyClosesWhatBeganSince(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Start()
		w.Azure.SetClockSkew("", 5*time.Minute) // it waits
		w.Pass(65 * time.Second)
		g := w.Approved("web-1")
		w.Pass(3 * time.Second)
		older := w.CopyStore()
		w.Azure.ClearClockSkew()
		w.Pass(3 * time.Minute)
		w.Want(g.ID, jit.Open)
		kept := w.Azure.AddFault(simulated.UnlistedGuards())
		w.PutBack(older)
		w.Pass(20 * time.Second)
		w.Stop()
		w.Start()
		w.Pass(20 * time.Second)
		w.Want(g.ID, jit.Closing)
		kept.Remove()
		closed := false
		for range 120 {
			w.Pass(time.Second)
			if closed = w.Grant(g.ID).State == jit.Closed; closed {
				break
			}
		}
		if held := w.Held(g.ID); !closed || len(held) > 0 {
			t.Errorf("closed %t, and left are %v", closed, held)
		}
		w.CheckPromises(foreign)
	})
}
