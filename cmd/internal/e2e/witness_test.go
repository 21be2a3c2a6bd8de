package e2e_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/lookup"
)

// Azure's own reading agrees where all is in effect, and says where it is not; who may
// not see a machine, or asks of one that is off, is refused.
func TestWitness(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		w.Protect("web-1")
		g := w.Open(time.Hour, "web-1")
		ask := func() (got lookup.Testimony, err error) {
			done := make(chan struct{})
			go func() {
				defer close(done)
				got, err = w.Service.Witness(t.Context(), ada, "web-1")
			}()
			w.Pass(time.Minute)
			<-done
			return got, err
		}
		got, err := ask()
		if err != nil || len(got.Differences) != 0 || !slices.Contains(got.Groups, "web-nic-nsg") || got.At.IsZero() {
			t.Errorf("%+v, %v", got, err)
		}
		// What is written takes a while to be in effect.
		w.Azure.Configure(func(s *azuresim.Settings) { s.LateEffect = time.Hour })
		if _, err := w.Service.Revoke(t.Context(), grace, g.ID, "not now"); err != nil {
			t.Fatal(err)
		}
		if got, err = ask(); err != nil || len(got.Differences) == 0 || !strings.Contains(got.Differences[0], "is in effect and was not read") {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := w.Service.Witness(t.Context(), bob, "db-1"); !errors.Is(err, jit.ErrNotFound) {
			t.Errorf("bob may not see it: %v", err)
		}
	})
}

// A machine that is off, and a role without the action, are told as such.
func TestNoWitness(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		fault := azuresim.Forbidden()
		fault.Path = "/effectiveNetworkSecurityGroups"
		active := w.Azure.AddFault(fault)
		if _, err := w.Service.Witness(t.Context(), ada, "web-1"); !errors.Is(err, jit.ErrForbidden) || !strings.Contains(err.Error(), "effectiveNetworkSecurityGroups/action") {
			t.Errorf("forbidden: %v", err)
		}
		active.Remove()
		vm := w.Azure.VMs()[slices.IndexFunc(w.Azure.VMs(), func(vm azuresim.VM) bool { return vm.ID == azuresim.DemoWeb1 })]
		vm.Power = "deallocated"
		w.Azure.PutVM(vm)
		if _, err := w.Service.Witness(t.Context(), ada, "web-1"); !errors.As(err, new(*jit.Refusal)) || !strings.Contains(err.Error(), "not running") {
			t.Errorf("off: %v", err)
		}
	})
}
