package protect_test

import (
	"os"
	"testing"
	"time"

	"jitbot/jit/azure/azuresim"
)

// An older copy knows one of two VMs that share a deny: the other stays shut.
func TestOlderCopyKeepsASharedDeny(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Plant(azuresim.DemoDevNSG, "open-ssh", "Allow", "*", 2000, "")
		w.Start()
		w.Protect("dev-1")
		older := w.CopyStore()
		w.Pass(5 * time.Second)
		w.Protect("dev-2")
		if w.Reachable(azuresim.DemoDev2, nobody) {
			t.Fatal("dev-2 is not shut")
		}
		w.PutBack(older)
		w.Pass(2 * time.Minute)
		if w.Reachable(azuresim.DemoDev2, nobody) {
			t.Error("dev-2 is open, though nobody unprotected it")
		}
	})
}

// After the store was lost, protecting one VM does not open the other that shared its deny.
func TestLostStoreKeepsASharedDeny(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Plant(azuresim.DemoDevNSG, "open-ssh", "Allow", "*", 2000, "")
		w.Start()
		w.Protect("dev-1", "dev-2")
		w.Stop()
		if err := os.Remove(w.File); err != nil {
			t.Fatal(err)
		}
		w.Start()
		w.Pass(time.Minute)
		if w.Reachable(azuresim.DemoDev2, nobody) {
			t.Fatal("dev-2 is not shut")
		}
		w.Protect("dev-1")
		if w.Reachable(azuresim.DemoDev2, nobody) {
			t.Error("dev-2 is open, though nobody unprotected it")
		}
	})
}

// A protection that cannot be read keeps no other one from being put back.
func TestDamagedProtectionLeavesNoOtherOpen(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Plant(azuresim.DemoDevNSG, "open-ssh", "Allow", "*", 2000, "")
		w.Start()
		w.Protect("dev-1", "dev-2")
		w.Spoil(`"name":"dev-2"`, `"name":"dev-X"`)
		w.Start()
		w.Pass(time.Minute)
		w.RemoveDenies(azuresim.DemoDevNSG)
		said := len(w.Told.Said())
		w.Pass(5 * time.Minute)
		if w.Reachable(azuresim.DemoDev1, nobody) && w.IsProtected(azuresim.DemoDev1) {
			t.Errorf("dev-1 is open to everybody and called protected; said since: %v", w.Told.Said()[said:])
		}
	})
}
