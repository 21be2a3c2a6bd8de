package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// A grant whose rule was removed and cannot be put back is not left called open with
// no word to anybody.
func TestDriftThatCannotBeMendedIsTold(t *testing.T) {
	for name, hinder := range map[string]func(w *world){
		"a deny before it": func(w *world) { w.plant(azuresim.DemoDevNSG, "terraform-deny", "Deny", "*", 99+1, "") },
		"forbidden":        func(w *world) { w.Azure.AddFault(azuresim.Forbidden().On(http.MethodPut, azuresim.DemoDevNSG)) },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.Start()
				g := w.Open(2*time.Hour, "dev-1")
				w.removeOurs(azuresim.DemoDevNSG)
				hinder(w)
				before := len(w.Kinds(g.ID))
				w.Pass(5 * time.Minute)
				if now := w.Grant(g.ID); now.State == jit.Open && len(w.Kinds(g.ID)) == before && len(w.held(g.ID)) == 0 {
					t.Errorf("it is called open and nothing was said in five minutes: %v, %+v", w.Kinds(g.ID), now.Paths)
				}
			})
		})
	}
}

// A protected VM whose deny was removed and cannot be put back is told of.
func TestDenyThatCannotBePutBackIsTold(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		w.protect("jump-1")
		w.Azure.AddFault(azuresim.Forbidden().On(http.MethodPut, azuresim.DemoJumpNSG))
		w.removeDenies(azuresim.DemoJumpNSG)
		said := len(w.Told.Said())
		w.Pass(5 * time.Minute)
		if w.Reachable(azuresim.DemoJump, nobody) && w.protected(azuresim.DemoJump) && len(w.Told.Said()) == said {
			t.Errorf("jump-1 is open to everybody, called protected, and nothing was said in five minutes: %v", w.Told.Said())
		}
	})
}
