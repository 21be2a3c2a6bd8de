package protect_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
	"jitbot/jit/azure"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/rules"
	"jitbot/jit/sweep"
)

// withoutOurs are the rules that a tool writes that knows nothing of ours.
func withoutOurs(present []azuresim.Rule) []azuresim.Rule {
	return slices.DeleteFunc(slices.Clone(present), func(r azuresim.Rule) bool { return simulated.IsOurs(r.Name) })
}

// Somebody's write of the whole group takes our rule out of what Azure shows, and
// goes on: the rule filters as before until the write ends, and for good when it
// fails. Closed is said of a group that is settled only, and a write that failed
// keeps nothing open.
func TestClosedBesideSomebodysWriteOfTheWhole(t *testing.T) {
	for _, whole := range []bool{false, true} {
		for name, write := range map[string]azuresim.ForeignWrite{
			"succeeds":           {},
			"fails":              {Fails: true},
			"fails and restores": {Fails: true, Restores: true},
		} {
			if whole {
				name += ", with group writes"
			}
			t.Run(name, func(t *testing.T) {
				bubble(t, func(t *testing.T, w *world) {
					w.Client = w.Connect(func(c *azure.Config) { c.GroupWrites = whole })
					foreign := w.Foreign()
					w.Start()
					g := w.Open(30*time.Minute, "web-1")
					w.Pass(time.Until(g.Clock.Deadline) - 2*time.Second)
					for _, nsg := range g.Guards() {
						write.NSG, write.Rules, write.Takes = nsg, withoutOurs, 40*time.Second
						if err := w.Azure.BeginForeignWrite(write); err != nil {
							t.Fatal(err)
						}
					}
					for range 40 {
						w.Pass(time.Second)
						if w.Grant(g.ID).State == jit.Closed && w.Reachable(azuresim.DemoWeb1, "203.0.113.7") {
							t.Fatal("closed, and its holder gets in")
						}
					}
					w.Pass(2 * time.Minute)
					w.Want(g.ID, jit.Closed)
					if w.Reachable(azuresim.DemoWeb1, "203.0.113.7") {
						t.Error("its holder gets in when all is over")
					}
					w.CheckPromises(foreign)
				})
			})
		}
	}
}

// Unprotected, too, is said of a group that is settled only.
func TestUnprotectedBesideSomebodysWriteOfTheWhole(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Start()
		if _, err := w.Service.Protect(t.Context(), carol, []string{"dev-1"}, nil); err != nil {
			t.Fatal(err)
		}
		w.Pass(30 * time.Second)
		if err := w.Azure.BeginForeignWrite(azuresim.ForeignWrite{
			NSG: azuresim.DemoDevNSG, Rules: withoutOurs, Takes: 30 * time.Second, Fails: true,
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Service.Unprotect(t.Context(), carol, []string{"dev-1"}); err != nil {
			t.Fatal(err)
		}
		w.Pass(20 * time.Second)
		if w.Told.Has("unprotected") {
			t.Error("unprotected was said of a group that is being written")
		}
		w.Pass(2 * time.Minute)
		if !w.Told.Has("unprotected") || !w.Reachable(azuresim.DemoDev1, "10.30.1.99") {
			t.Errorf("the deny filters still, or nothing was said: %v", w.Told.Said())
		}
		w.CheckPromises(foreign)
	})
}

// jitbot sweep calls nothing removed of a group that somebody is writing.
func TestSweepBesideSomebodysWriteOfTheWhole(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g := w.Open(30*time.Minute, "db-2")
		w.Stop()
		w.Pass(time.Until(g.Clock.Until))
		if err := w.Azure.BeginForeignWrite(azuresim.ForeignWrite{
			NSG: g.Guards()[0], Takes: time.Minute, Fails: true, Restores: true,
			Rules: func(present []azuresim.Rule) []azuresim.Rule { return present },
		}); err != nil {
			t.Fatal(err)
		}
		owner := rules.Owner{Installation: "prod", Bands: w.Config.Bands}
		found, err := sweep.Overdue(t.Context(), w.Client, owner, false, time.Now())
		if err != nil || len(found) != 1 || !found[0].Overdue() || !strings.Contains(found[0].String(), "not put the change into force") {
			t.Errorf("it said %v, %v", found, err)
		}
		w.Pass(2 * time.Minute)
		found, err = sweep.Overdue(t.Context(), w.Client, owner, false, time.Now())
		if err != nil || len(found) > 1 || w.Reachable(azuresim.DemoDB2, "203.0.113.7") {
			t.Errorf("at its next run it said %v, %v", found, err)
		}
	})
}
