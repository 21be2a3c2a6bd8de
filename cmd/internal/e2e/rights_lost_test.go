package e2e_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/azure/azuresim"
)

// The requester loses the rights between the ask and the last approval, or
// between the approval and the first write: nothing is opened.
func TestRightsLostBeforeOpening(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g, err := w.Ask(ada, time.Hour, "web-1")
		if err != nil {
			t.Fatal(err)
		}
		_ = w.Azure.SetDisabled(azuresim.DemoAda, true)
		if _, err := w.Service.Approve(t.Context(), grace, g.ID); !errors.Is(err, jit.ErrAuthority) {
			t.Errorf("said %v", err)
		}
		w.Want(g.ID, jit.Denied)

		_ = w.Azure.SetDisabled(azuresim.DemoAda, false)
		w.Azure.Configure(func(s *azuresim.Settings) { s.ClockSkew = time.Hour })
		w.Pass(time.Minute)
		if g, err = w.Ask(ada, time.Hour, "web-1"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Service.Approve(t.Context(), grace, g.ID); err != nil {
			t.Fatal(err)
		}
		w.Pass(10 * time.Second)
		w.Want(g.ID, jit.Opening)
		_ = w.Azure.SetDisabled(azuresim.DemoAda, true)
		w.Azure.Configure(func(s *azuresim.Settings) { s.ClockSkew = 0 })
		w.Pass(time.Minute)
		w.Want(g.ID, jit.Closed)
		if w.Ours() != 0 || slices.Contains(w.Kinds(g.ID), jit.EventOpening) {
			t.Error("a rule was written for somebody who is switched off")
		}
	})
}

// Whoever loses the account or the rights while the grant is open is closed
// and told; what cannot be read is kept and warned of, once.
func TestHolderIsLookedAtAgain(t *testing.T) {
	losses := map[string]func(w *world){
		"deactivated in Slack": func(w *world) { w.SetMember(admission.Member{ID: ada, Gone: true}) },
		"switched off":         func(w *world) { _ = w.Azure.SetDisabled(azuresim.DemoAda, true) },
		"out of the group":     func(w *world) { _ = w.Azure.SetMembers(azuresim.DemoPlatform) },
	}
	for name, lose := range losses {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				foreign := w.Foreign()
				w.Start()
				g := w.Open(2*time.Hour, "web-1")
				w.Pass(6 * time.Minute)
				w.Want(g.ID, jit.Open)
				lose(w)
				w.Pass(6 * time.Minute)
				if g := w.Want(g.ID, jit.Closed); g.Decision.Ending != jit.RightsLost || g.Decision.Reason == "" {
					t.Errorf("it ended as %+v", g.Decision)
				}
				if w.Told.Count("closed to requester") != 1 {
					t.Error("the holder was not told")
				}
				w.CheckPromises(foreign)
			})
		})
	}
	t.Run("unreadable", func(t *testing.T) {
		bubble(t, func(t *testing.T, w *world) {
			w.Start()
			g := w.Open(2*time.Hour, "web-1")
			fault := w.Azure.AddFault(azuresim.Broken(503).On("GET", "roleAssignments"))
			w.Pass(12 * time.Minute)
			w.Want(g.ID, jit.Open)
			if n := w.Told.Count("unchecked to thread"); n != 1 {
				t.Errorf("warned %d times", n)
			}
			fault.Remove()
			w.Pass(6 * time.Minute)
			w.Want(g.ID, jit.Open)
		})
	})
}
