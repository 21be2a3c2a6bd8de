package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/outbox"
)

func testBind(t *testing.T, s *suite) {
	for _, test := range []struct{ name, object, want string }{
		{"ann@example.com", "o1", "o1"},
		{"ann@example.com", "o2", "o1"}, // the name was given to somebody else
		{"bob@example.com", "o2", "o2"},
		{"ann@example.com", "o1", "o1"},
	} {
		kept, err := s.Bind(t.Context(), test.name, test.object)
		must(t, err)
		if kept != test.want {
			t.Errorf("Bind(%s, %s) = %s, want %s", test.name, test.object, kept, test.want)
		}
	}
}

func testMark(t *testing.T, s *suite) {
	for _, test := range []struct{ now, want time.Time }{
		{begin(), begin()},
		{begin().Add(-time.Hour), begin()},
		{begin().Add(1), begin().Add(1)},
		{begin().In(time.FixedZone("", -3600)), begin().Add(1)},
	} {
		mark, err := s.Mark(t.Context(), test.now)
		must(t, err)
		if !mark.Equal(test.want) {
			t.Errorf("Mark(%s) = %s, want %s", test.now, mark, test.want)
		}
	}
}

// testOneWinner has 64 goroutines race for each transition of one grant.
func testOneWinner(t *testing.T, s *suite) {
	s.ask(t, "g-22222", begin())
	transitions := []func(jit.Grant) (jit.Grant, jit.Event, error){
		func(g jit.Grant) (jit.Grant, jit.Event, error) { return g.Permit(asker(), begin()) },
		func(g jit.Grant) (jit.Grant, jit.Event, error) {
			return g.Begin([]guardpath.Path{{VM: "vm", Guard: "nsg"}}, time.Minute, begin())
		},
		func(g jit.Grant) (jit.Grant, jit.Event, error) { return g.ConfirmOpen(begin()) },
		func(g jit.Grant) (jit.Grant, jit.Event, error) {
			return g.Close(jit.Decision{Ending: jit.Finished}, begin(), begin())
		},
	}
	for i, f := range transitions {
		won := s.race(t, 64, func() error {
			_, err := s.Update(t.Context(), "g-22222", func(g jit.Grant) (jit.Grant, []jit.Event, error) {
				g, e, err := f(g)
				return g, []jit.Event{e}, err
			})
			return err
		}, jit.ErrStale)
		if won != 1 {
			t.Errorf("transition %d: %d winners, want 1", i, won)
		}
	}
	e := s.everything(t)
	chained(t, e.Events)
	if len(e.Events) != len(transitions)+1 {
		t.Errorf("%d events, want one for each of %d transitions and the ask", len(e.Events), len(transitions))
	}
	same(t, "counts", map[jit.State]int{jit.Closing: 1}, positive(e.Counts))
}

// race runs f in n goroutines and counts those without an error; the others
// must lose with the given one.
func (s *suite) race(t *testing.T, n int, f func() error, lost error) int {
	t.Helper()
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = f() })
	}
	all.Wait()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, lost):
			t.Errorf("a loser got %v, want %v", err, lost)
		}
	}
	return won
}

// testManyAtOnce has 64 goroutines store, some of them refused: the refused
// hurt nobody that shares a transaction with them.
func testManyAtOnce(t *testing.T, s *suite) {
	var all sync.WaitGroup
	no := errors.New("no")
	for i := range 64 {
		all.Go(func() {
			id := jit.ID(fmt.Sprintf("g-%05d", i))
			g, e := jit.NewGrant(id, request(begin().Add(time.Duration(i))))
			if err := s.Create(t.Context(), g, e); err != nil {
				t.Errorf("creating %s: %v", id, err)
			}
			_, err := s.Update(t.Context(), id, func(g jit.Grant) (jit.Grant, []jit.Event, error) {
				if i%3 == 0 {
					return g, nil, no
				}
				g, e, err := g.Permit(asker(), begin())
				return g, []jit.Event{e}, err
			})
			if i%3 == 0 && !errors.Is(err, no) || i%3 != 0 && err != nil {
				t.Errorf("updating %s: %v", id, err)
			}
		})
	}
	all.Wait()
	e := s.everything(t)
	chained(t, e.Events)
	same(t, "counts", map[jit.State]int{jit.Asked: 22, jit.Opening: 42}, positive(e.Counts))
	if len(e.Unfinished) != 64 || len(e.Due) != 64 || len(e.Events) != 64+42 {
		t.Errorf("%d unfinished, %d due, %d events; want 64, 64, 106", len(e.Unfinished), len(e.Due), len(e.Events))
	}
}

func testContext(t *testing.T, s *suite) {
	s.ask(t, "g-22222", begin())
	before := s.everything(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	g, e := jit.NewGrant("g-33333", request(begin()))
	_, updateErr := s.Update(ctx, "g-22222", func(g jit.Grant) (jit.Grant, []jit.Event, error) {
		g.Revision++
		return g, nil, nil
	})
	_, readErr := s.Unfinished(ctx)
	for what, err := range map[string]error{
		"Create": s.Create(ctx, g, e), "Update": updateErr, "Append": s.Append(ctx, e), "Unfinished": readErr,
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s with an ended context: %v, want context.Canceled", what, err)
		}
	}
	same(t, "store", before, s.everything(t))
}

func testReopen(t *testing.T, s *suite) {
	for i, id := range []jit.ID{"g-22222", "g-33333", "g-44444"} {
		s.ask(t, id, begin().Add(time.Duration(-i)))
	}
	s.permit(t, "g-33333", begin())
	s.start(t, "g-33333", begin(), "NSG")
	s.permit(t, "g-44444", begin())
	s.start(t, "g-44444", begin(), "nsg")
	s.close(t, "g-44444", begin())
	told := []uint64{s.waiting(t)[0].Seq}
	must(t, s.Told(t.Context(), outbox.Outcome{Told: told, Grant: "g-33333", Card: jit.Card{Channel: "C", Message: "1"}}))
	_, err := s.Bind(t.Context(), "ann", "o1")
	must(t, err)
	_, err = s.Mark(t.Context(), begin())
	must(t, err)
	before, ended := s.everything(t), s.at(t, "g-44444")

	s.reopen(t)
	same(t, "store", before, s.everything(t))
	same(t, "ended grant", ended, s.at(t, "g-44444"))
	if kept, err := s.Bind(t.Context(), "ann", "o2"); err != nil || kept != "o1" {
		t.Errorf("Bind after reopening = %s, %v; want o1", kept, err)
	}
	if mark, err := s.Mark(t.Context(), begin().Add(-1)); err != nil || !mark.Equal(begin()) {
		t.Errorf("Mark after reopening = %s, %v; want %s", mark, err, begin())
	}
	s.ask(t, "g-55555", begin())
	chained(t, s.everything(t).Events)
}
