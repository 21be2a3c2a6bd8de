package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// Promise 9: a closing that Azure forbids is stuck, said once, and ends when
// it is allowed again.
func TestForbiddenDeleteIsStuckThenClosed(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.foreign()
		w.start()
		g := w.open(6*time.Minute, "web-1")
		fault := w.sim.AddFault(azuresim.Forbidden().On(http.MethodDelete, "securityRules"))
		w.pass(time.Until(g.Clock.Deadline) + 10*time.Second)
		if g := w.want(g.ID, jit.Closing); !g.Stuck {
			t.Error("a forbidden closing does not show as stuck")
		}
		if w.told.count("stuck to requester") != 1 {
			t.Errorf("stuck was told %d times", w.told.count("stuck to requester"))
		}
		other, err := w.ask(ada, time.Hour, "db-2")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.service.Approve(t.Context(), grace, other.ID); err != nil {
			t.Fatal(err)
		}
		w.pass(10 * time.Second)
		if g := w.want(other.ID, jit.Opening); g.Waiting == "" {
			t.Error("an opening goes on, or does not say why it waits, while a closing is stuck")
		}
		fault.Remove()
		w.pass(3 * time.Minute)
		w.want(g.ID, jit.Closed)
		w.want(other.ID, jit.Open)
		w.promises(foreign)
	})
}

// Every fault that Azure is known for, at the opening and at the closing: the
// grant ends up where it should, and is called open or closed only when so.
func TestFaultsOfAzure(t *testing.T) {
	faults := map[string]azuresim.Fault{
		"throttled":        azuresim.Throttled("7"),
		"throttled bare":   azuresim.Throttled(""),
		"another writer":   azuresim.Busy(),
		"conflict":         azuresim.Conflict(),
		"stale":            azuresim.Stale(),
		"server error":     azuresim.Broken(http.StatusInternalServerError),
		"lost answer":      azuresim.LostAnswer(),
		"lost request":     azuresim.LostRequest(),
		"superseded":       azuresim.Superseded(),
		"operation failed": azuresim.OperationFails(),
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				foreign := w.foreign()
				w.start()
				w.sim.AddFault(fault.On(http.MethodPut, "securityRules").Only(3))
				g, err := w.ask(ada, 6*time.Minute, "web-1")
				if err != nil {
					t.Fatal(err)
				}
				if _, err := w.service.Approve(t.Context(), grace, g.ID); err != nil {
					t.Fatal(err)
				}
				w.pass(59 * time.Second)
				opened := w.want(g.ID, jit.Open)
				w.sim.AddFault(fault.On(http.MethodDelete, "securityRules").Only(3))
				w.pass(time.Until(opened.Clock.Deadline) + 2*time.Minute)
				w.want(g.ID, jit.Closed)
				w.promises(foreign)
			})
		})
	}
}

// A rule that is not confirmed within open_within is a failed opening: closed,
// and said.
func TestUnconfirmedOpeningFails(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.foreign()
		w.sim.Configure(func(s *azuresim.Settings) { s.OperationTime = 5 * time.Minute })
		w.start()
		g, err := w.ask(ada, time.Hour, "web-1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.service.Approve(t.Context(), grace, g.ID); err != nil {
			t.Fatal(err)
		}
		w.pass(30 * time.Minute)
		if g := w.want(g.ID, jit.Closed); g.Decision.Ending != jit.Failed {
			t.Errorf("ended as %s", g.Decision.Ending)
		}
		if w.told.has("opened") || !w.told.has("failed to requester") {
			t.Errorf("said %v", w.told.said)
		}
		w.promises(foreign)
	})
}

// Azure says at once that it will never take the rule: the person hears why
// without waiting for open_within.
func TestForbiddenPutFailsAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.start()
		w.sim.AddFault(azuresim.Forbidden().On(http.MethodPut, "securityRules"))
		g, err := w.ask(ada, time.Hour, "web-1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.service.Approve(t.Context(), grace, g.ID); err != nil {
			t.Fatal(err)
		}
		w.pass(30 * time.Second)
		if g := w.want(g.ID, jit.Closed); !strings.Contains(g.Decision.Reason, "forbids") {
			t.Errorf("it says %q", g.Decision.Reason)
		}
	})
}
