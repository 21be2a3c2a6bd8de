package e2e_test

import (
	"context"
	"testing"
	"time"

	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
)

// eager is a store whose list of what is due is out of date: everything that
// is unfinished is in it, as a grant is that moves on after the list was made.
type eager struct{ simulated.Store }

func (s eager) Due(ctx context.Context, _ time.Time) ([]jit.ID, error) {
	all, err := s.Unfinished(ctx)
	var ids []jit.ID
	for _, g := range all {
		ids = append(ids, g.ID)
	}
	return ids, err
}

// What was due when the list was made, and is not any more, is left alone.
func TestDueIsLookedAtAgain(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.WrapStore = func(s simulated.Store) simulated.Store { return eager{s} }
		w.Start()
		pending, err := w.Ask(ada, time.Hour, "dev-1")
		if err != nil {
			t.Fatal(err)
		}
		g := w.Open(30*time.Minute, "web-1")
		w.Pass(20 * time.Minute)
		w.Want(g.ID, jit.Open)
		w.Want(pending.ID, jit.Pending)
		w.Pass(10 * time.Minute)
		w.Want(g.ID, jit.Closed)
		w.Pass(time.Hour)
		w.Want(pending.ID, jit.Lapsed)
		w.CheckPromises(foreign)
	})
}
