package firewall_test

import (
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// A firewall takes minutes: the old deadline holds until its rules were read back, and
// access ends by it where they were not in time.
func TestExtensionBehindASlowFirewall(t *testing.T) {
	for name, c := range map[string]struct {
		left   time.Duration // until the deadline, when it is asked for
		longer bool
	}{
		"in time":  {20 * time.Minute, true},
		"too late": {30 * time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			firewalled(t, func(t *testing.T, w *world) {
				w.Config.Policies[0].Extend = jit.ExtendTerms{Times: 2, Total: 6 * time.Hour, NoApproval: true}
				foreign, firewalls := w.Foreign(), w.Firewalls()
				w.Start()
				g := w.ApprovedFrom(time.Hour, "203.0.113.7/32", "app-1")
				w.Pass(10 * time.Minute)
				g = w.Want(g.ID, jit.Open)
				w.Pass(time.Until(g.Clock.Deadline) - c.left)
				if _, err := w.Service.Extend(t.Context(), ada, g.ID, time.Hour); err != nil {
					t.Fatal(err)
				}
				w.Pass(5 * time.Second)
				if now := w.Want(g.ID, jit.Open); !now.Clock.Deadline.Equal(g.Clock.Deadline) {
					t.Errorf("until %s before it was read back", now.Clock.Deadline)
				}
				w.Pass(time.Until(g.Clock.Deadline) + 15*time.Minute)
				now, reached := w.Grant(g.ID), w.Connects(azuresim.DemoApp, "203.0.113.7", 22)
				if open := now.State == jit.Open; open != c.longer || reached != c.longer {
					t.Fatalf("it is %s (%s), reached %t", now.State, now.Decision.Reason, reached)
				}
				if !c.longer && !strings.Contains(now.Decision.Reason, "was not in force before the end") {
					t.Errorf("it says %q", now.Decision.Reason)
				}
				w.Pass(time.Until(g.Clock.Deadline.Add(time.Hour)) + 15*time.Minute)
				w.Want(g.ID, jit.Closed)
				if w.Connects(azuresim.DemoApp, "203.0.113.7", 22) || w.Firewalls() != firewalls {
					t.Error("not as before")
				}
				w.CheckPromises(foreign)
			})
		})
	}
}
