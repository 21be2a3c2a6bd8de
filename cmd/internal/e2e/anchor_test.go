package e2e_test

import (
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/record"
)

// Once a day the channel is told an anchor of the record, over restarts too, which proves
// later what came before; where nothing was recorded since the one before, it is not.
func TestAnchorOfTheDay(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g := w.Open(time.Hour, "web-1")
		w.Pass(70 * time.Minute)
		w.Want(g.ID, jit.Closed)
		if n := len(w.Events(jit.EventAnchor)); n != 0 {
			t.Errorf("%d anchors on the first day", n)
		}
		w.asleep(22*time.Hour + 45*time.Minute)
		w.Pass(10 * time.Minute)
		told := w.Events(jit.EventAnchor)
		if len(told) != 1 || w.Told.Count("anchor to channel") != 1 {
			t.Fatalf("%d anchors, said %v", len(told), w.Told.Said())
		}
		anchor, err := record.ParseAnchor(told[0].Text)
		if err != nil || anchor.Seq != told[0].Seq-1 {
			t.Fatalf("%s is the anchor in line %d: %v", told[0].Text, told[0].Seq, err)
		}
		lines, err := w.Store.Events(t.Context(), 0, 10000)
		if err != nil {
			t.Fatal(err)
		}
		chain := record.Chain{Anchor: anchor}
		for _, e := range lines {
			if err := chain.Add(e); err != nil {
				t.Fatal(err)
			}
		}
		if err := chain.End(record.Anchor{}); err != nil {
			t.Error(err)
		}
		w.asleep(24 * time.Hour)
		w.Pass(time.Minute)
		w.asleep(24 * time.Hour)
		w.Pass(time.Minute)
		if n := len(w.Events(jit.EventAnchor)); n != 1 {
			t.Errorf("%d anchors though nothing happened", n)
		}
	})
}
