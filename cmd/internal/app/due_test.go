package app_test

import (
	"context"
	"testing"
	"time"

	"jitbot/jit"
)

// eager is a store whose list of what is due is out of date: everything that
// is unfinished is in it, as a grant is that moves on after the list was made.
type eager struct{ jit.Store }

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
		foreign := w.foreign()
		w.wrap = func(deps jit.World) jit.World {
			deps.Store = eager{deps.Store}
			return deps
		}
		w.start()
		pending, err := w.ask(ada, time.Hour, "dev-1")
		if err != nil {
			t.Fatal(err)
		}
		g := w.open(30*time.Minute, "web-1")
		w.pass(20 * time.Minute)
		w.want(g.ID, jit.Open)
		w.want(pending.ID, jit.Pending)
		w.pass(10 * time.Minute)
		w.want(g.ID, jit.Closed)
		w.pass(time.Hour)
		w.want(pending.ID, jit.Lapsed)
		w.promises(foreign)
	})
}
