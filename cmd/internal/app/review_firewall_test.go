package app_test

import (
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// stands reports whether a rule of the grant is in a firewall or a policy.
func (w *world) stands(id jit.ID) bool { return strings.Contains(w.allWalls(), string(id)) }

// So does the sweep without the bot.
func TestReapUnderAPolicyThatIsHidden(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		w.quick()
		w.start()
		g := w.allowed(10*time.Minute, "10.60.1.9/32", "core-1")
		w.pass(4 * time.Minute)
		g = w.want(g.ID, jit.Open)
		w.stop()
		w.sim.AddFault(azuresim.Forbidden().On("GET", "/firewallPolicies/corp-policy"))
		time.Sleep(time.Until(g.Clock.Until))
		found, err := jit.Reap(t.Context(), w.client, jit.Owner{Installation: "prod", Bands: w.config.Bands}, false, time.Now())
		if w.stands(g.ID) {
			t.Errorf("the rule is left: %v, %v", found, err)
		}
	})
}

// A policy that may be written, while one that it inherits from may not be
// read: the door is shut all the same, and closed is said once it was read.
func TestClosingUnderAPolicyThatIsHidden(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		w.quick()
		w.start()
		g := w.allowed(10*time.Minute, "10.60.1.9/32", "core-1")
		w.pass(4 * time.Minute)
		g = w.want(g.ID, jit.Open)
		hidden := w.sim.AddFault(azuresim.Forbidden().On("GET", "/firewallPolicies/corp-policy"))
		w.pass(time.Until(g.Clock.Deadline) + 5*time.Minute)
		if g = w.want(g.ID, jit.Closing); !g.Stuck || w.stands(g.ID) {
			t.Errorf("stuck %t, and its rule is there: %t", g.Stuck, w.stands(g.ID))
		}
		hidden.Remove()
		w.pass(2 * time.Minute)
		w.want(g.ID, jit.Closed)
	})
}
