package decide_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/protection"
)

// What was asked for counts by when that was, whoever did it: an older protect, carried
// out again, changes nothing of a newer one, and an older unprotect does not end what
// somebody protected once more since, the same or another way.
func TestAnOlderProtectionYieldsToANewerOne(t *testing.T) {
	for name, again := range map[string]time.Duration{"the same": 0, "another": 2 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.Start()
				w.Protect("jump-1")
				begun, err := w.Store.Protection(t.Context(), azuresim.DemoJump)
				if err != nil {
					t.Fatal(err)
				}
				older := time.Now()
				w.Pass(time.Minute)
				between := time.Now()
				w.Pass(time.Minute)
				ports := []jit.PortPolicy{begun.Ports[0]}
				if again > 0 {
					ports[0].Longest = again
				} else {
					ports = begun.Ports
				}
				if r, err := w.Service.ProtectAsOf(t.Context(), carol, []string{"jump-1"}, ports, time.Now()); err != nil || r[0].Err != nil {
					t.Fatal(err, r)
				}
				w.Pass(20 * time.Second)
				newer, err := w.Store.Protection(t.Context(), azuresim.DemoJump)
				if err != nil {
					t.Fatal(err)
				}
				other := []jit.PortPolicy{begun.Ports[0]}
				other[0].Longest = 90 * time.Minute
				r, err := w.Service.ProtectAsOf(t.Context(), carol, []string{"jump-1"}, other, older)
				if err != nil || !errors.Is(r[0].Err, jit.ErrStale) || !strings.Contains(r[0].Err.Error(), "protected anew after that") {
					t.Errorf("the older one: %v, %v", r, err)
				}
				r, err = w.Service.UnprotectAsOf(t.Context(), carol, []string{"jump-1"}, between)
				if err != nil || !errors.Is(r[0].Err, jit.ErrStale) {
					t.Errorf("the older unprotect: %v, %v", r, err)
				}
				w.Pass(time.Minute)
				if p, err := w.Store.Protection(t.Context(), azuresim.DemoJump); err != nil || !p.Same(newer) || p.State != protection.Protected {
					t.Errorf("it is %+v: %v", p, err)
				}
				w.Stop()
			})
		})
	}
}
