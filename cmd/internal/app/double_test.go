package app_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// twinned is a world where another virtual network has a VM with the address of
// dev-1, behind the group.
func twinned(w *world, nsg string) string {
	const group = azuresim.DemoDevGroup
	const net, nic, vm = group + "/providers/Microsoft.Network/virtualNetworks/copy-vnet", group + "/providers/Microsoft.Network/networkInterfaces/copy-1-nic", group + "/providers/Microsoft.Compute/virtualMachines/copy-1"
	w.sim.PutVNet(azuresim.VNet{
		ID: net, Location: azuresim.DemoLocation, Prefixes: []string{"10.30.0.0/16"},
		Subnets: []azuresim.Subnet{{Name: "dev", Prefixes: []string{"10.30.1.0/24"}, NSG: nsg}},
	})
	w.sim.PutNIC(azuresim.NIC{ID: nic, Location: azuresim.DemoLocation, IPs: []azuresim.IPConfig{{Name: "ipconfig1", Address: "10.30.1.4", Subnet: net + "/subnets/dev"}}})
	w.sim.PutVM(azuresim.VM{ID: vm, Location: azuresim.DemoLocation, NICs: []string{nic}})
	return vm
}

// A grant for one VM does not open another that has the same address behind
// the same group: it is refused, and names both.
func TestSameAddressBehindTheSameGroup(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		copied := twinned(w, azuresim.DemoDevNSG)
		w.start()
		_, err := w.askFrom(ada, time.Hour, "198.51.100.7/32", "dev-1")
		if !errors.Is(err, jit.ErrPolicy) || !strings.Contains(err.Error(), "dev/copy-1 has the address 10.30.1.4 behind the same network security group as dev-1") {
			t.Errorf("%v", err)
		}
		if ok := w.reachable(copied, "198.51.100.7"); ok || w.ours() != 0 {
			t.Error("something was opened")
		}
		if _, err := w.askFrom(ada, time.Hour, "198.51.100.7/32", "dev-2"); err != nil {
			t.Errorf("one that shares no address: %v", err)
		}
		if _, err := w.askFrom(ada, time.Hour, "198.51.100.7/32", "dev-1", "copy-1"); err != nil {
			t.Errorf("both: %v", err)
		}
	})
}

// Behind a group of its own the other stays shut.
func TestSameAddressBehindAnotherGroup(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		copied := twinned(w, azuresim.DemoBackupNSG)
		w.start()
		g := w.open(time.Hour, "dev-1")
		if !w.reachable(azuresim.DemoDev1, adasAddress) || w.reachable(copied, adasAddress) {
			t.Errorf("%s opened the wrong one", g.ID)
		}
	})
}

// One that appears while the request waits has it denied at the approval.
func TestSameAddressThatAppearsLater(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.start()
		g, err := w.askFrom(ada, time.Hour, "198.51.100.7/32", "dev-1")
		if err != nil {
			t.Fatal(err)
		}
		twinned(w, azuresim.DemoDevNSG)
		w.pass(2 * time.Minute)
		_, err = w.service.Approve(t.Context(), grace, g.ID)
		if err == nil || !strings.Contains(err.Error(), "dev/copy-1 has the address 10.30.1.4") || w.ours() != 0 {
			t.Errorf("%v, and %d rules of ours", err, w.ours())
		}
		w.want(g.ID, jit.Denied)
	})
}
