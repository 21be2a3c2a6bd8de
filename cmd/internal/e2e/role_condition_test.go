package e2e_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// A condition inside the definition of a role grants nothing, from the moment at
// which it is there: the ask is refused, and what is open is closed and told.
func TestConditionInsideTheRole(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g := w.Open(time.Hour, "web-1")
		w.Azure.PutRoleDefinition(azuresim.RoleDefinition{
			ID: azuresim.RoleJITRequester, Name: "JIT requester", Custom: true, Actions: azuresim.RequesterActions(),
			AssignableScopes: []string{azuresim.DemoSubscriptionScope}, Condition: "@Resource[x] StringEquals 'y'",
		})
		if _, err := w.Ask(ada, time.Hour, "web-2"); !errors.Is(err, jit.ErrAuthority) || !strings.Contains(err.Error(), "lacks the Azure action") {
			t.Errorf("asked: %v", err)
		}
		w.Pass(6 * time.Minute)
		w.Want(g.ID, jit.Closed)
		if w.Reachable(azuresim.DemoWeb1, adasAddress) || w.Ours() != 0 {
			t.Error("it is still open")
		}
		if found, err := w.Service.Search(t.Context(), ada, "web", 10); err != nil || len(found) > 0 {
			t.Errorf("she is still shown %v, %v", found, err)
		}
	})
}

// Two dots in the name of a resource group are a name.
func TestGroupWithTwoDots(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		const group = azuresim.DemoSubscriptionScope + "/resourceGroups/team..a"
		w.Azure.PutResourceGroup(azuresim.ResourceGroup{Subscription: azuresim.DemoSubscription, Name: "team..a", Location: azuresim.DemoLocation})
		nic, _ := w.Azure.NIC(w.NIC(azuresim.DemoWeb1))
		guard := group + "/providers/Microsoft.Network/networkSecurityGroups/dots-nsg"
		if err := w.Azure.PutNSG(azuresim.NSG{ID: guard, Location: azuresim.DemoLocation}); err != nil {
			t.Fatal(err)
		}
		nic.ID, nic.NSG = group+"/providers/Microsoft.Network/networkInterfaces/dots-nic", guard
		nic.IPs = []azuresim.IPConfig{{Name: "ipconfig1", Address: "10.10.1.77", Subnet: nic.IPs[0].Subnet}}
		w.Azure.PutNIC(nic)
		vm := group + "/providers/Microsoft.Compute/virtualMachines/dots-1"
		w.Azure.PutVM(azuresim.VM{ID: vm, Location: azuresim.DemoLocation, NICs: []string{nic.ID}})
		w.Start()
		g := w.Open(15*time.Minute, "team..a/dots-1")
		if !w.Reachable(vm, adasAddress) {
			t.Error("it is not open")
		}
		w.Pass(time.Until(g.Clock.Deadline) + time.Minute)
		w.Want(g.ID, jit.Closed)
		if w.Reachable(vm, adasAddress) || w.Ours() != 0 {
			t.Error("it is still open")
		}
	})
}
