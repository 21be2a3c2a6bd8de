package protect_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// An interface that goes from a protected VM to another one stays shut.
func TestProtectionStaysWithADetachedInterface(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Plant(azuresim.DemoBackupNSG, "open-ssh", "Allow", "*", 2000, "")
		w.Start()
		w.Protect("db-1")
		nics := func(id string) []string { vm, _ := w.Azure.Machine(id); return vm.NICs }
		one, two := nics(azuresim.DemoDB1), nics(azuresim.DemoDB2)
		vm, _ := w.Azure.Machine(azuresim.DemoDB1)
		vm.NICs = one[:1]
		w.Azure.PutVM(vm)
		vm, _ = w.Azure.Machine(azuresim.DemoDB2)
		vm.NICs = []string{two[0], one[1]}
		w.Azure.PutVM(vm)
		w.Pass(3 * time.Minute)
		denied := false
		for _, r := range w.Azure.Rules(azuresim.DemoBackupNSG) {
			denied = denied || simulated.IsOurs(r.Name)
		}
		if open := w.Reachable(azuresim.DemoDB2, nobody); open || !denied {
			t.Errorf("10.20.2.4 serves db-2: open %t, denied %t; told %v", open, denied, w.Told.Said())
		}
	})
}

// Of a VM that is gone its interfaces go to two others: each stays shut.
func TestTwoHeirsStayShut(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Plant(azuresim.DemoBackupNSG, "open-ssh", "Allow", "*", 2000, "")
		w.Plant(azuresim.DemoDBSubnetNSG, "open-ssh", "Allow", "*", 2000, "")
		w.Start()
		w.Protect("db-1")
		old, _ := w.Azure.Machine(azuresim.DemoDB1)
		w.Azure.DeleteVM(azuresim.DemoDB1)
		base := strings.TrimSuffix(azuresim.DemoDB1, "db-1")
		for i, name := range []string{"heir-a", "heir-b"} {
			w.Azure.PutVM(azuresim.VM{ID: base + name, Location: old.Location, NICs: old.NICs[i : i+1]})
		}
		w.Pass(5 * time.Minute)
		for _, name := range []string{"heir-a", "heir-b"} {
			if open, why := w.Azure.Reachable(base+name, netip.MustParseAddr(nobody), 22, "Tcp"); open {
				t.Errorf("%s is open: %s", name, why)
			}
		}
	})
}

// A VM elsewhere that has the same private address behind a group of the same name
// is no heir of a VM that is gone: what serves again stays shut.
func TestNamesakeIsNoHeir(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		const net = azuresim.DemoDevGroup + "/providers/Microsoft.Network/"
		if err := w.Azure.PutNSG(azuresim.NSG{ID: net + "networkSecurityGroups/jump-nsg", Location: azuresim.DemoLocation}); err != nil {
			t.Fatal(err)
		}
		w.Azure.PutVNet(azuresim.VNet{
			ID: net + "virtualNetworks/twin", Location: azuresim.DemoLocation, Prefixes: []string{"10.10.0.0/16"},
			Subnets: []azuresim.Subnet{{Name: "jump", Prefixes: []string{"10.10.9.0/24"}}},
		})
		w.Azure.PutNIC(azuresim.NIC{
			ID: net + "networkInterfaces/twin-nic", Location: azuresim.DemoLocation, NSG: net + "networkSecurityGroups/jump-nsg",
			IPs: []azuresim.IPConfig{{Name: "ipconfig1", Address: "10.10.9.4", Subnet: net + "virtualNetworks/twin/subnets/jump"}},
		})
		w.Azure.PutVM(azuresim.VM{
			ID:       azuresim.DemoDevGroup + "/providers/Microsoft.Compute/virtualMachines/twin",
			Location: azuresim.DemoLocation, NICs: []string{net + "networkInterfaces/twin-nic"},
		})
		w.Start()
		w.Protect("jump-1")
		old, _ := w.Azure.Machine(azuresim.DemoJump)
		w.Azure.DeleteVM(azuresim.DemoJump)
		w.Pass(3 * time.Minute)
		w.Azure.PutVM(azuresim.VM{ID: old.ID, Location: old.Location, Tags: old.Tags, NICs: old.NICs})
		w.Pass(3 * time.Minute)
		if w.Reachable(azuresim.DemoJump, nobody) {
			t.Errorf("jump-1 is open on its old interface; the record says %v", w.Texts(jit.EventMoved))
		}
	})
}

// detach takes the second interface from db-1, which is protected.
func (w *world) detach() (nic string) {
	w.T.Helper()
	w.Plant(azuresim.DemoBackupNSG, "open-ssh", "Allow", "*", 2000, "")
	w.Start()
	w.Protect("db-1")
	vm, _ := w.Azure.Machine(azuresim.DemoDB1)
	nic = vm.NICs[1]
	vm.NICs = vm.NICs[:1]
	w.Azure.PutVM(vm)
	w.Pass(2 * time.Minute)
	return nic
}

// attach gives db-2 the interface.
func (w *world) attach(nic string) {
	w.T.Helper()
	vm, _ := w.Azure.Machine(azuresim.DemoDB2)
	vm.NICs = append(slices.Clone(vm.NICs), nic)
	w.Azure.PutVM(vm)
}

func (w *world) denies(nsg string) int {
	n := 0
	for _, r := range w.Azure.Rules(nsg) {
		if simulated.IsOurs(r.Name) {
			n++
		}
	}
	return n
}

// An interface that was detached is followed where its address is another one, however
// long it is nobody's and whatever is said anew of the VM; it is told, once.
func TestDetachedInterfaceIsFollowed(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		nic := w.detach()
		w.Pass(5 * time.Hour)
		if _, err := w.Service.Protect(t.Context(), carol, []string{"db-1"}, w.Config.Policies[0].Ports[:1]); err != nil {
			t.Fatal(err)
		}
		w.Pass(time.Minute)
		if err := w.Azure.SetAddress(nic, "ipconfig1", "10.20.2.77"); err != nil {
			t.Fatal(err)
		}
		w.Pass(2 * time.Minute)
		w.attach(nic)
		for range 120 {
			w.Pass(time.Second)
			if w.Reachable(azuresim.DemoDB2, nobody) {
				t.Fatal("db-2 is open at it")
			}
		}
		if said := strings.Join(w.Texts(jit.EventMoved), " "); strings.Count(said, "is not attached to it") != 1 {
			t.Errorf("it was said %q", said)
		}
		w.Stop()
		w.Start()
		if _, err := w.Service.Unprotect(t.Context(), carol, []string{"db-1"}); err != nil {
			t.Fatal(err)
		}
		w.Pass(time.Minute)
		if w.Ours() != 0 || w.IsProtected(azuresim.DemoDB1) {
			t.Errorf("%d rules are left", w.Ours())
		}
	})
}

// What an interface had that is gone is shut for as long as a move takes.
func TestDetachedInterfaceThatIsGone(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		nic := w.detach()
		w.Azure.DeleteNIC(nic)
		w.Pass(3*time.Hour + 50*time.Minute)
		if w.denies(azuresim.DemoBackupNSG) != 1 {
			t.Error("its deny went before a move would have ended")
		}
		w.Pass(15 * time.Minute)
		if n := w.denies(azuresim.DemoBackupNSG); n != 0 || !w.IsProtected(azuresim.DemoDB1) || w.denies(azuresim.DemoDBSubnetNSG) != 1 {
			t.Errorf("%d denies are left", n)
		}
	})
}

// An interface that went to another VM is that one's to keep shut once that is protected.
func TestDetachedInterfaceOfAProtectedVM(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.attach(w.detach())
		w.Pass(time.Minute)
		w.Protect("db-2")
		w.Pass(2 * time.Minute)
		if _, err := w.Service.Unprotect(t.Context(), carol, []string{"db-1"}); err != nil {
			t.Fatal(err)
		}
		w.Pass(2 * time.Minute)
		if w.Reachable(azuresim.DemoDB2, nobody) || w.denies(azuresim.DemoBackupNSG) != 1 {
			t.Error("db-2 is open, though nobody unprotected it")
		}
		if _, err := w.Service.Unprotect(t.Context(), carol, []string{"db-2"}); err != nil {
			t.Fatal(err)
		}
		w.Pass(2 * time.Minute)
		if w.Ours() != 0 {
			t.Errorf("%d rules are left", w.Ours())
		}
	})
}
