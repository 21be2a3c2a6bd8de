package e2e_test

import (
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// A guard that agreed, and was moved before the last one agreed, keeps nothing
// closing: it is looked for, and closed where it is by then.
func TestGuardMovesAfterItAgreed(t *testing.T) {
	for name, restored := range map[string]bool{"without its rule": false, "and gets its rule back": true} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.Start()
				g := w.Open(time.Hour, "web-1")
				rule := w.OursIn(azuresim.DemoWebNICNSG)
				w.Azure.AddLock(azuresim.Lock{Name: "keep", Scope: azuresim.DemoWebSubnetNSG, Level: azuresim.CanNotDelete})
				if _, err := w.Service.Done(t.Context(), ada, g.ID); err != nil {
					t.Fatal(err)
				}
				w.Pass(20 * time.Second)
				if !w.Grant(g.ID).ConfirmedAt(azuresim.DemoWebNICNSG) || w.Grant(g.ID).State != jit.Closing {
					t.Fatal("the first guard has not agreed alone")
				}
				to := w.moved(azuresim.DemoWebNICNSG, azuresim.DemoDBGroup, 0)
				if restored {
					if err := w.Azure.PutRule(to, rule); err != nil {
						t.Fatal(err)
					}
				}
				w.Pass(10 * time.Second)
				w.Azure.RemoveLock(azuresim.DemoWebSubnetNSG, "keep")
				w.Pass(3 * time.Minute)
				w.Want(g.ID, jit.Closed)
				if held := w.Held(g.ID); len(held) > 0 {
					t.Errorf("left are %v", held)
				}
			})
		})
	}
}

// A guard that agreed, and whose last write then failed, by somebody's hand, before
// the last one agreed, keeps nothing closing: it is written until it is settled.
func TestGuardFailsAfterItAgreed(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Start()
		g := w.Open(time.Hour, "web-1")
		w.Azure.AddLock(azuresim.Lock{Name: "keep", Scope: azuresim.DemoWebSubnetNSG, Level: azuresim.CanNotDelete})
		if _, err := w.Service.Done(t.Context(), ada, g.ID); err != nil {
			t.Fatal(err)
		}
		w.Pass(20 * time.Second)
		if !w.Grant(g.ID).ConfirmedAt(azuresim.DemoWebNICNSG) || w.Grant(g.ID).State != jit.Closing {
			t.Fatal("the first guard has not agreed alone")
		}
		same := func(present []azuresim.Rule) []azuresim.Rule { return present }
		w.Azure.BeginForeignWrite(azuresim.ForeignWrite{NSG: azuresim.DemoWebNICNSG, Rules: same, Takes: 5 * time.Second, Fails: true})
		w.Pass(30 * time.Second)
		w.Azure.RemoveLock(azuresim.DemoWebSubnetNSG, "keep")
		w.Pass(5 * time.Minute)
		w.Want(g.ID, jit.Closed)
		w.CheckPromises(foreign)
	})
}
