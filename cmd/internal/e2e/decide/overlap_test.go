package decide_test

import (
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/policies"
)

// Who asks for what waits or is open for them already is told of that grant, and no
// second one is made, however many lines come at the same moment.
func TestAskedTwiceIsNamed(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		var many sync.WaitGroup
		refused := make(chan error, 4)
		ask := jit.Ask{
			VMs: []string{"web-1"}, Ports: []jit.Ports{{From: 22, To: 22}}, Duration: time.Hour,
			Sources: []netip.Prefix{netip.MustParsePrefix("203.0.113.7/32")}, Reason: "mend the index",
		}
		keys := []string{w.Key(), w.Key(), w.Key(), w.Key()}
		for _, key := range keys {
			many.Go(func() {
				_, err := w.Service.Ask(t.Context(), ada, key, ask)
				refused <- err
			})
		}
		many.Wait()
		close(refused)
		var no []error
		for err := range refused {
			if err != nil {
				no = append(no, err)
			}
		}
		live, err := w.Store.Unfinished(t.Context())
		if err != nil || len(live) != 1 || len(no) != 3 {
			t.Fatalf("%d grants, %d refused, %v", len(live), len(no), err)
		}
		id := live[0].ID
		for _, err := range no {
			if !errors.Is(err, jit.ErrStale) || !strings.Contains(err.Error(), string(id)) {
				t.Errorf("refused: %v", err)
			}
		}
		if _, err := w.Service.Check(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Service.Approve(t.Context(), grace, id); err != nil {
			t.Fatal(err)
		}
		w.Pass(20 * time.Second)
		g := w.Want(id, jit.Open)
		if _, err := w.Ask(ada, time.Hour, "web-1"); !errors.Is(err, jit.ErrStale) || !strings.Contains(err.Error(), string(id)+" is open until") {
			t.Errorf("asked for while it is open: %v", err)
		}
		if w.Ours() == 0 || len(w.Events(jit.EventAsked)) != 1 {
			t.Errorf("%d rules, asked %d times", w.Ours(), len(w.Events(jit.EventAsked)))
		}
		// In its last minutes too: more time is had by extending it.
		w.Pass(time.Until(g.Clock.Deadline) - 5*time.Minute)
		if _, err := w.Ask(ada, time.Hour, "web-1"); !errors.Is(err, jit.ErrStale) || !strings.Contains(err.Error(), "/jit extend "+string(id)+" 1h") {
			t.Errorf("asked for more time: %v", err)
		}
	})
}

// What cannot be extended may be asked for again in its last minutes: there is no other
// way to more time.
func TestAskedAgainWhereNothingIsExtended(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.With(func(c *policies.Config) { c.Policies[0].Extend = jit.ExtendTerms{} })
		w.Start()
		g := w.Open(time.Hour, "web-1")
		if _, err := w.Ask(ada, time.Hour, "web-1"); !errors.Is(err, jit.ErrStale) || strings.Contains(err.Error(), "extend") {
			t.Errorf("asked for while it is open: %v", err)
		}
		w.Pass(time.Until(g.Clock.Deadline) - 5*time.Minute)
		if _, err := w.Ask(ada, time.Hour, "web-1"); err != nil {
			t.Errorf("asked for again at its end: %v", err)
		}
	})
}

// What overlaps otherwise is a second grant, and the cards of both say so.
func TestAnotherOverlapIsOnBothCards(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		first := w.Open(time.Hour, "web-1")
		second, err := w.AskFrom(ada, time.Hour, "203.0.113.8/32", "web-1")
		if err != nil || second.ID == first.ID {
			t.Fatalf("%s: %v", second.ID, err)
		}
		if _, err := w.Service.Approve(t.Context(), grace, second.ID); err != nil {
			t.Fatal(err)
		}
		w.Pass(20 * time.Second)
		if !w.Told.Has(string(first.ID) + " progress to card") {
			t.Errorf("the first card is not told anew: %v", w.Told.Said())
		}
		for id, other := range map[jit.ID]jit.ID{first.ID: second.ID, second.ID: first.ID} {
			g := w.Want(id, jit.Open)
			others, err := w.Service.Others(t.Context(), g)
			if said := view.Card(g, others...).Text; err != nil || !strings.Contains(said, string(other)) {
				t.Errorf("the card of %s says nothing of %s: %s, %v", id, other, said, err)
			}
		}
	})
}

// The list of VMs says who is in now and who was last.
func TestWhoIsInAndWhoWasLast(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		line := func() string {
			t.Helper()
			lines, more, err := w.Service.VMs(t.Context(), carol, "web-1", 5)
			if err != nil {
				t.Fatal(err)
			}
			return view.VMs(lines, "web-1", more).Text
		}
		if said := line(); !strings.Contains(said, "nobody is known to have been") {
			t.Errorf("before anybody was: %s", said)
		}
		g := w.Open(30*time.Minute, "web-1")
		if said := line(); !strings.Contains(said, "In now: <@"+string(ada)+"> (SSH) until "+view.When(g.Clock.Deadline)) {
			t.Errorf("while it is open: %s", said)
		}
		w.Pass(32 * time.Minute)
		w.Want(g.ID, jit.Closed)
		if said := line(); !strings.Contains(said, "Nobody is in. Last: <@"+string(ada)+">, opened "+view.WhenDay(g.Clock.Opened)) {
			t.Errorf("after its end: %s", said)
		}
	})
}
