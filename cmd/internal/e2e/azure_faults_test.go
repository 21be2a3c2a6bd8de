package e2e_test

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
		foreign := w.Foreign()
		w.Start()
		g := w.Open(6*time.Minute, "web-1")
		fault := w.Azure.AddFault(azuresim.Forbidden().On(http.MethodDelete, "securityRules"))
		w.Pass(time.Until(g.Clock.Deadline) + 10*time.Second)
		if g := w.Want(g.ID, jit.Closing); !g.Stuck {
			t.Error("a forbidden closing does not show as stuck")
		}
		if w.Told.Count("stuck to requester") != 1 {
			t.Errorf("stuck was told %d times", w.Told.Count("stuck to requester"))
		}
		other, err := w.Ask(ada, time.Hour, "web-2") // behind the same groups
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Service.Approve(t.Context(), grace, other.ID); err != nil {
			t.Fatal(err)
		}
		w.Pass(10 * time.Second)
		if g := w.Want(other.ID, jit.Opening); g.Waiting == "" {
			t.Error("an opening goes on, or does not say why it waits, while a closing is stuck")
		}
		fault.Remove()
		w.Pass(3 * time.Minute)
		w.Want(g.ID, jit.Closed)
		w.Want(other.ID, jit.Open)
		w.CheckPromises(foreign)
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
				foreign := w.Foreign()
				w.Start()
				w.Azure.AddFault(fault.On(http.MethodPut, "securityRules").Only(3))
				g, err := w.Ask(ada, 6*time.Minute, "web-1")
				if err != nil {
					t.Fatal(err)
				}
				if _, err := w.Service.Approve(t.Context(), grace, g.ID); err != nil {
					t.Fatal(err)
				}
				w.Pass(59 * time.Second)
				opened := w.Want(g.ID, jit.Open)
				w.Azure.AddFault(fault.On(http.MethodDelete, "securityRules").Only(3))
				w.Pass(time.Until(opened.Clock.Deadline) + 2*time.Minute)
				w.Want(g.ID, jit.Closed)
				w.CheckPromises(foreign)
			})
		})
	}
}

// A rule that is not confirmed within open_within is a failed opening: closed,
// and said.
func TestUnconfirmedOpeningFails(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Azure.Configure(func(s *azuresim.Settings) { s.OperationTime = 5 * time.Minute })
		w.Start()
		g, err := w.Ask(ada, time.Hour, "web-1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Service.Approve(t.Context(), grace, g.ID); err != nil {
			t.Fatal(err)
		}
		w.Pass(30 * time.Minute)
		if g := w.Want(g.ID, jit.Closed); g.Decision.Ending != jit.Failed {
			t.Errorf("ended as %s", g.Decision.Ending)
		}
		if w.Told.Has("opened") || !w.Told.Has("failed to requester") {
			t.Errorf("said %v", w.Told.Said())
		}
		w.CheckPromises(foreign)
	})
}

// Azure says at once that it will never take the rule: the person hears why
// without waiting for open_within.
func TestForbiddenPutFailsAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		w.Azure.AddFault(azuresim.Forbidden().On(http.MethodPut, "securityRules"))
		g, err := w.Ask(ada, time.Hour, "web-1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Service.Approve(t.Context(), grace, g.ID); err != nil {
			t.Fatal(err)
		}
		w.Pass(30 * time.Second)
		if g := w.Want(g.ID, jit.Closed); !strings.Contains(g.Decision.Reason, "forbids") {
			t.Errorf("it says %q", g.Decision.Reason)
		}
	})
}
