package store_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/policies"
)

// hungDisk is a store whose changes of grants hang, until whoever asks gives up.
type hungDisk struct {
	simulated.Store
	hung *atomic.Bool
}

func (s hungDisk) Update(ctx context.Context, id jit.ID, f func(jit.Grant) (jit.Grant, []jit.Event, error)) (jit.Grant, error) {
	if s.hung.Load() {
		<-ctx.Done()
		return jit.Grant{}, ctx.Err()
	}
	return s.Store.Update(ctx, id, f)
}

// A store that hangs while an opening begins keeps no overdue rule in a firewall.
func TestHungBeginKeepsNothingOpenInAFirewall(t *testing.T) {
	for _, begin := range []bool{false, true} {
		t.Run(map[bool]string{false: "nothing begins", true: "an opening begins"}[begin], func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.AddFirewalls()
				var hung atomic.Bool
				w.WrapStore = func(s simulated.Store) simulated.Store { return hungDisk{s, &hung} }
				w.QuickFirewalls()
				w.Start()
				g := w.ApprovedFrom(15*time.Minute, "203.0.113.7/32", "app-1")
				w.Pass(4 * time.Minute)
				g = w.Want(g.ID, jit.Open)
				w.Pass(time.Until(g.Clock.Deadline) - 10*time.Second)
				if begin {
					slow := w.Azure.AddFault(azuresim.Fault{Method: http.MethodGet, Path: azuresim.DemoApp, Latency: 2 * time.Second})
					w.ApprovedFrom(15*time.Minute, "203.0.113.8/32", "app-1")
					slow.Remove()
				}
				w.Told.MayBeLate(time.Hour) // nothing is told that is not stored
				hung.Store(true)
				w.Pass(time.Until(g.Clock.Until) + 20*time.Minute)
				if w.InFirewalls(g.ID) {
					t.Error("20 minutes past its until the firewall lets its holder through")
				}
			})
		})
	}
}

// A store that hangs at the first closing at a group delays no second one there.
func TestHungStoreDelaysNoSecondClosing(t *testing.T) {
	for name, hang := range map[string]func(w *world, hung *atomic.Bool){
		"one that gives up": func(_ *world, hung *atomic.Bool) { hung.Store(true) },
		"the disk":          func(w *world, _ *atomic.Bool) { w.T.Cleanup(w.hangStore()) },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				var hung atomic.Bool
				w.WrapStore = func(s simulated.Store) simulated.Store { return hungDisk{s, &hung} }
				w.With(func(c *policies.Config) { c.Users[carol] = azuresim.DemoAda })
				w.Start()
				first, second := w.Open(time.Hour, "dev-1"), w.Open(30*time.Minute, "dev-2")
				slow := w.Azure.AddFault(azuresim.Fault{Method: http.MethodDelete, Path: azuresim.DemoDevNSG, Latency: 3 * time.Second})
				if _, err := w.Service.Done(t.Context(), ada, first.ID); err != nil {
					t.Fatal(err)
				}
				w.Pass(time.Second)
				hang(w, &hung)
				slow.Remove()
				w.Pass(time.Until(second.Clock.Deadline) + 10*time.Second)
				if held := w.Held(second.ID); len(held) > 0 {
					t.Errorf("ten seconds past its deadline there is %v", held)
				}
			})
		})
	}
}
