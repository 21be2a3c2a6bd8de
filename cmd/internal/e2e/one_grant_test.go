package e2e_test

import (
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"jitbot/jit"
)

// One key is one grant, also when several deliveries of it come at one moment.
func TestOneKeyIsOneGrant(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		const deliveries = 5
		var answered sync.WaitGroup
		w.Start()
		ids := make([]jit.ID, deliveries)
		for i := range deliveries {
			answered.Go(func() {
				grants, err := w.Service.Ask(t.Context(), ada, "one delivery", jit.Ask{
					VMs: []string{"web-1"}, Ports: []jit.Ports{{From: 22, To: 22}}, Duration: time.Hour,
					Sources: []netip.Prefix{netip.MustParsePrefix("203.0.113.7/32")}, Reason: "mend the index",
				})
				if err != nil || len(grants) != 1 {
					t.Errorf("%v, %v", grants, err)
					return
				}
				ids[i] = grants[0].ID
			})
		}
		answered.Wait()
		for _, id := range ids {
			if id != ids[0] {
				t.Errorf("one key became %v", ids)
			}
		}
		if stored, err := w.Store.Unfinished(t.Context()); err != nil || len(stored) != 1 {
			t.Errorf("%d grants are stored, %v", len(stored), err)
		}
		// Each delivery has it checked, and one of the checks decides.
		for range deliveries {
			answered.Go(func() {
				if g, err := w.Service.Check(t.Context(), ids[0]); err != nil || g.State != jit.Pending {
					t.Errorf("checked as %s, %v", g.State, err)
				}
			})
		}
		answered.Wait()
		if kinds := w.Kinds(ids[0]); !slices.Equal(kinds, []jit.EventKind{jit.EventAsked, jit.EventWaiting}) {
			t.Errorf("the record says %v", kinds)
		}
	})
}
