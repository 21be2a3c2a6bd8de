package protect_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/policies"
)

// A protected port is shut to everybody but the holder of a grant, and the
// table after unprotect is the one before protect.
func TestProtectGrantUnprotect(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		const vm, from, other = azuresim.DemoJump, "203.0.113.7", "203.0.113.99"
		foreign := w.Foreign()
		w.Start()
		if !w.Reachable(vm, from) || !w.Reachable(vm, other) {
			t.Fatal("jump-1 should be exposed to begin with")
		}
		w.Protect("jump-1")
		if !w.IsProtected(vm) || w.Reachable(vm, from) || w.Reachable(vm, other) {
			t.Fatal("jump-1 is still open after protect")
		}
		if w.Told.Count("protected to channel") != 1 {
			t.Errorf("said %v", w.Told.Said())
		}
		g := w.Open(time.Hour, "jump-1")
		if !w.Reachable(vm, from) || w.Reachable(vm, other) {
			t.Error("during the grant it should be open to the holder alone")
		}
		w.Pass(time.Until(g.Clock.Deadline) + 20*time.Second)
		w.Want(g.ID, jit.Closed)
		if w.Reachable(vm, from) {
			t.Error("open after the grant")
		}
		if results, err := w.Service.Unprotect(t.Context(), carol, []string{"jump-1"}); err != nil || results[0].Err != nil {
			t.Fatal(results, err)
		}
		w.Pass(20 * time.Second)
		if _, err := w.Store.Protection(t.Context(), vm); !errors.Is(err, jit.ErrNotFound) || w.Ours() != 0 || !w.Reachable(vm, other) {
			t.Errorf("after unprotect: %v, %d rules", err, w.Ours())
		}
		w.CheckPromises(foreign)
	})
}

// VMs with the same ports in one NSG share a deny; removing one leaves the
// other shut.
func TestSharedDeny(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Start()
		w.Protect("dev-1", "dev-2")
		denies := 0
		for _, r := range w.Azure.Rules(azuresim.DemoDevNSG) {
			if strings.Contains(r.Name, "-deny-") {
				denies++
				if len(r.DestinationAddressPrefixes) != 2 {
					t.Errorf("destinations %v", r.DestinationAddressPrefixes)
				}
			}
		}
		if denies != 1 {
			t.Errorf("%d denies", denies)
		}
		if _, err := w.Service.Unprotect(t.Context(), carol, []string{"dev-1"}); err != nil {
			t.Fatal(err)
		}
		w.Pass(20 * time.Second)
		if !w.IsProtected(azuresim.DemoDev2) || w.Ours() != 1 {
			t.Errorf("dev-2 is protected: %t, %d rules", w.IsProtected(azuresim.DemoDev2), w.Ours())
		}
		if w.Told.Count("drift") != 0 {
			t.Errorf("a change of ours was called drift: %v", w.Told.Said())
		}
		w.CheckPromises(foreign)
	})
}

func TestWhoMayProtect(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		for _, by := range []jit.UserID{ada, grace, bob, guest} {
			if _, err := w.Service.Protect(t.Context(), by, []string{"jump-1"}, nil); !errors.Is(err, jit.ErrAuthority) {
				t.Errorf("%s: %v", by, err)
			}
		}
		w.With(func(c *policies.Config) {})
		// An admin without the Azure actions.
		w.Stop()
		w.Config.Admins = []string{string(grace)}
		w.Start()
		results, err := w.Service.Protect(t.Context(), grace, []string{"jump-1", "bare-1"}, nil)
		if err != nil || len(results) != 2 || !errors.Is(results[0].Err, jit.ErrAuthority) {
			t.Errorf("%v, %v", results, err)
		}
		w.Stop()
		w.Config.Admins = []string{string(carol)}
		w.Start()
		results, err = w.Service.Protect(t.Context(), carol, []string{"bare-1"}, nil)
		if err != nil || len(results) != 1 || results[0].Err == nil || !strings.Contains(results[0].Err.Error(), "attach one first") {
			t.Errorf("%v, %v", results, err)
		}
		if w.Ours() != 0 {
			t.Error("a rule was written")
		}
		if got := w.Texts(jit.EventRejected); !slices.Equal(got, []string{"protect jump-1", "protect jump-1", "protect jump-1", "protect jump-1", "protect", "protect"}) {
			t.Errorf("of those without authority the record says %q", got)
		}
	})
}

// An allow of somebody else that stands above every deny of ours is named.
func TestProtectBelowAnAllow(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		err := w.Azure.PutRule(azuresim.DemoJumpNSG, azuresim.Rule{
			Name: "break-in", Protocol: "Tcp", SourceAddressPrefix: "*", SourcePortRange: "*", DestinationAddressPrefix: "*",
			DestinationPortRange: "20-25", Access: "Allow", Direction: "Inbound", Priority: 120,
		})
		if err != nil {
			t.Fatal(err)
		}
		w.Start()
		results, err := w.Service.Protect(t.Context(), carol, []string{"jump-1"}, nil)
		if err != nil || results[0].Err == nil || !strings.Contains(results[0].Err.Error(), "break-in") {
			t.Errorf("%v, %v", results, err)
		}
	})
}

// A deny that somebody removes or changes is put back within a minute.
func TestDenyDrift(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Start()
		w.Protect("jump-1")
		deny := w.OursIn(azuresim.DemoJumpNSG)
		if err := w.Azure.DeleteRule(azuresim.DemoJumpNSG, deny.Name); err != nil {
			t.Fatal(err)
		}
		w.Pass(time.Minute)
		if w.Reachable(azuresim.DemoJump, "203.0.113.7") || w.Told.Count("drift to channel") != 1 {
			t.Errorf("not put back, or not said: %v", w.Told.Said())
		}
		w.CheckPromises(foreign)
	})
}
