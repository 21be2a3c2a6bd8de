package store_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
	"jitbot/jit/azure"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/rules"
	"jitbot/jit/sweep"
)

// What is overdue goes by its name though neither its guard can be read nor its closing
// be stored.
func TestOverdueGoesUnreadAndUnstored(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		var full atomic.Bool
		w.WrapStore = func(s simulated.Store) simulated.Store { return fullDisk{s, &full} }
		w.Start()
		g := w.Open(30*time.Minute, "dev-1")
		full.Store(true)
		w.Azure.AddFault(azuresim.Fault{Method: http.MethodGet, Path: azuresim.DemoDevNSG, Status: 500})
		w.Pass(time.Until(g.Clock.Deadline) + time.Minute)
		if held := w.Held(g.ID); len(held) > 0 {
			t.Errorf("a minute past its deadline there is %v", held)
		}
	})
}

// A group in a subscription that was taken out of the configuration, and that answers 404
// for a while, is not called gone: no list would name it.
func TestMissingGuardOfASubscriptionTakenOut(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		const other = "00000000-1111-4222-8333-444444444444"
		w.Azure.PutSubscription(azuresim.Subscription{ID: other, Name: "Another"})
		w.Start()
		g := w.Open(2*time.Hour, "dev-1")
		w.Stop()
		w.Client = w.Connect(func(c *azure.Config) { c.Subscriptions = []string{other} })
		w.Azure.AddFault(azuresim.Forbidden().On(http.MethodDelete, azuresim.DemoDevNSG))
		lag := w.Azure.AddLag(azuresim.Lag{ID: azuresim.DemoDevNSG, Lists: -1, Reads: -1})
		w.Start()
		w.Pass(5 * time.Minute)
		if now := w.Grant(g.ID); now.State == jit.Closed && len(w.Held(g.ID)) > 0 {
			t.Errorf("it is called closed, and there is %v", w.Held(g.ID))
		}
		lag.Remove()
	})
}

// A sweep finds a rule of ours whose name somebody wrote in another case.
func TestSweepOfARuleInAnotherCase(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g := w.Open(30*time.Minute, "dev-1")
		w.Stop()
		rule := w.OursIn(azuresim.DemoDevNSG)
		if err := w.Azure.DeleteRule(azuresim.DemoDevNSG, rule.Name); err != nil {
			t.Fatal(err)
		}
		rest := len(w.Azure.Rules(azuresim.DemoDevNSG))
		rule.Name = strings.ToUpper(rule.Name)
		if err := w.Azure.PutRule(azuresim.DemoDevNSG, rule); err != nil {
			t.Fatal(err)
		}
		w.Pass(time.Until(g.Clock.Until) + time.Minute)
		found, err := sweep.Overdue(t.Context(), w.Client, rules.Owner{Installation: "prod", Bands: w.Config.Bands}, false, time.Now())
		if err != nil || len(found) != 1 || found[0].Outcome != sweep.Removed || len(w.Azure.Rules(azuresim.DemoDevNSG)) != rest {
			t.Errorf("it found %v, %v", found, err)
		}
	})
}
