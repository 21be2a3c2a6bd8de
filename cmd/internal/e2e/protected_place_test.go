package e2e_test

import (
	"net/netip"
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
		w.plant(azuresim.DemoBackupNSG, "open-ssh", "Allow", "*", 2000, "")
		w.Start()
		w.protect("db-1")
		nics := func(id string) []string { vm, _ := w.Azure.Machine(id); return vm.NICs }
		one, two := nics(azuresim.DemoDB1), nics(azuresim.DemoDB2)
		vm, _ := w.Azure.Machine(azuresim.DemoDB1)
		vm.NICs = one[:1]
		w.Azure.PutVM(vm)
		vm, _ = w.Azure.Machine(azuresim.DemoDB2)
		vm.NICs = append(two[:1:1], one[1])
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
		w.plant(azuresim.DemoBackupNSG, "open-ssh", "Allow", "*", 2000, "")
		w.plant(azuresim.DemoDBSubnetNSG, "open-ssh", "Allow", "*", 2000, "")
		w.Start()
		w.protect("db-1")
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
		w.protect("jump-1")
		old, _ := w.Azure.Machine(azuresim.DemoJump)
		w.Azure.DeleteVM(azuresim.DemoJump)
		w.Pass(3 * time.Minute)
		w.Azure.PutVM(azuresim.VM{ID: old.ID, Location: old.Location, Tags: old.Tags, NICs: old.NICs})
		w.Pass(3 * time.Minute)
		if w.Reachable(azuresim.DemoJump, nobody) {
			t.Errorf("jump-1 is open on its old interface; the record says %v", w.said(jit.EventMoved))
		}
	})
}
