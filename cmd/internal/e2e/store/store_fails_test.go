package store_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
	"jitbot/jit/rules"
	"jitbot/jit/sweep"
)

// fullDisk is a store that takes no change of a grant while full.
type fullDisk struct {
	simulated.Store
	full *atomic.Bool
}

func (s fullDisk) Update(ctx context.Context, id jit.ID, f func(jit.Grant) (jit.Grant, []jit.Event, error)) (jit.Grant, error) {
	if s.full.Load() {
		return jit.Grant{}, errors.New("no space left on device")
	}
	return s.Store.Update(ctx, id, f)
}

// An allow is desired only before its deadline: it goes on time though its closing
// cannot be stored, what another machine's sweep removed is not written back, and
// the grant closes once the store takes changes again.
func TestOverdueRulesGoThoughNothingCanBeStored(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		var full atomic.Bool
		w.WrapStore = func(s simulated.Store) simulated.Store { return fullDisk{s, &full} }
		w.Start()
		g := w.Open(30*time.Minute, "web-1")
		w.Told.MayBeLate(3 * time.Hour) // nothing is told that is not stored
		full.Store(true)
		w.Pass(time.Until(g.Clock.Deadline) - time.Second)
		if w.Ours() == 0 {
			t.Error("the rules went before the deadline")
		}
		w.Pass(5 * time.Second)
		if n := w.Ours(); n != 0 {
			t.Errorf("%d rules are left 4 s after the deadline", n)
		}
		w.Pass(2 * time.Hour)
		found, err := sweep.Overdue(t.Context(), w.Client, rules.Owner{Installation: "prod", Bands: w.Config.Bands}, false, time.Now())
		if n := w.Ours(); n != 0 || err != nil || len(found) != 0 {
			t.Errorf("%d rules came back: %v, %v", n, found, err)
		}
		full.Store(false)
		w.Pass(time.Minute)
		w.Want(g.ID, jit.Closed)
		w.CheckPromises(foreign)
	})
}
