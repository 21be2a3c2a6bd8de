package azuresim_test

import (
	"fmt"
	"sync"
	"testing"

	"jitbot/jit/azure/azuresim"
)

// TestDemoIsWhole follows every reference of the demo.
func TestDemoIsWhole(t *testing.T) {
	w := newWorld(t)
	if len(w.VMs()) != 10 || len(w.NSGs()) != 6 || len(w.Users()) != 8 {
		t.Errorf("%d machines, %d groups, %d users", len(w.VMs()), len(w.NSGs()), len(w.Users()))
	}
	for _, id := range w.NSGs() {
		if len(w.Rules(id)) == 0 {
			t.Errorf("nobody's rules in %s", id)
		}
	}
	for _, vm := range w.VMs() {
		if len(vm.Tags) == 0 || len(vm.NICs) == 0 {
			t.Errorf("%+v", vm)
		}
		for _, id := range vm.NICs {
			nic, found := w.NIC(id)
			if !found || len(nic.IPs) == 0 {
				t.Errorf("%s has no %s", vm.ID, id)
			}
			for _, ip := range nic.IPs {
				if got := w.ask("GET", ip.Subnet, ""); got.status != 200 {
					t.Errorf("%s: %d", ip.Subnet, got.status)
				}
			}
			if nic.NSG != "" && w.ETag(nic.NSG) == "" {
				t.Errorf("no %s", nic.NSG)
			}
		}
	}
}

func TestSmallReads(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		path string
		want int
	}{
		{azuresim.DemoSubscriptionScope + "/resourceGroups", 3},
		{azuresim.DemoWebNICNSG + "/defaultSecurityRules", 6},
		{azuresim.DemoWebNICNSG + "/securityRules", 4},
		{azuresim.DemoWebGroup + "/providers/Microsoft.Network/virtualNetworks/prod-vnet/subnets", 2},
		{azuresim.DemoSubscriptionScope + "/providers/Microsoft.Network/publicIPAddresses", 1},
		{azuresim.DemoDBGroup + "/providers/Microsoft.Compute/virtualMachines", 3},
		{azuresim.DemoDBGroup + "/providers/Microsoft.Network/networkInterfaces", 4},
		{"/providers/Microsoft.Authorization/roleDefinitions", 8},
		{"/providers/Microsoft.Management/managementGroups/contoso/providers/Microsoft.Authorization/roleAssignments?$filter=atScope()", 1},
	} {
		if got := w.ask("GET", c.path, ""); got.status != 200 || len(got.body.Value) != c.want {
			t.Errorf("%s: %d, %d values", c.path, got.status, len(got.body.Value))
		}
	}
	for path, name := range map[string]string{
		azuresim.DemoSubscriptionScope: "", azuresim.DemoWebGroup: "prod-web",
		azuresim.DemoWebGroup + "/providers/Microsoft.Network/virtualNetworks/PROD-vnet": "prod-vnet",
	} {
		if got := w.ask("GET", path, ""); got.status != 200 || got.body.Name != name {
			t.Errorf("%s: %d %s", path, got.status, got.text)
		}
	}
	if got := w.ask("POST", azuresim.DemoWeb1+"/start", ""); got.status != 405 {
		t.Errorf("a method that is not served: %d", got.status)
	}
}

func TestRemovals(t *testing.T) {
	w := newWorld(t)
	w.DeleteVM(azuresim.DemoWeb1)
	w.DeleteNIC(azuresim.DemoWebGroup + "/providers/Microsoft.Network/networkInterfaces/web-1-nic")
	w.DeleteVNet(azuresim.DemoWebGroup + "/providers/Microsoft.Network/virtualNetworks/prod-vnet")
	w.DeleteNSG(azuresim.DemoWebNICNSG)
	w.DeleteUser(azuresim.DemoBob)
	w.DeleteRoleDefinition(azuresim.RoleReader)
	if len(w.VMs()) != 9 || len(w.NSGs()) != 5 || len(w.Users()) != 7 || w.Rules(azuresim.DemoWebNICNSG) != nil {
		t.Error("something stayed")
	}
	for _, path := range []string{azuresim.DemoWeb1, azuresim.DemoWebNICNSG} {
		if got := w.ask("GET", path, ""); got.status != 404 {
			t.Errorf("%s: %d", path, got.status)
		}
	}
	const action = "Microsoft.Compute/virtualMachines/read"
	if err := w.SetMembers(azuresim.DemoPlatform); err != nil || w.Permitted(azuresim.DemoAda, action, azuresim.DemoDev1) {
		t.Errorf("Ada left the group: %v", err)
	}
	name := w.Assign(azuresim.RoleAssignment{Scope: azuresim.DemoDev1, Role: azuresim.RoleJITRequester, Principal: azuresim.DemoAda})
	denial := w.Deny(azuresim.DenyAssignment{Scope: azuresim.DemoDev1, Actions: []string{"Microsoft.*/virtual*/re*"}, Principals: []string{azuresim.DemoAda}})
	if w.Permitted(azuresim.DemoAda, action, azuresim.DemoDev1) {
		t.Error("denied, yet permitted")
	}
	w.Undeny(denial)
	if !w.Permitted(azuresim.DemoAda, action, azuresim.DemoDev1) {
		t.Error("assigned, yet not permitted")
	}
	w.Unassign(name)
	if w.Permitted(azuresim.DemoAda, action, azuresim.DemoDev1) {
		t.Error("unassigned, yet permitted")
	}
}

// TestPartialSight has a bot whose role reaches one group only.
func TestPartialSight(t *testing.T) {
	w := newWorld(t)
	w.AddApp(azuresim.App{ClientID: azuresim.DefaultClientID, Secret: azuresim.DefaultClientSecret, PrincipalID: "b0700000-0000-4000-8000-0000000000b2"})
	w.Assign(azuresim.RoleAssignment{Scope: azuresim.DemoDevGroup, Role: azuresim.RoleJITBot, Principal: "b0700000-0000-4000-8000-0000000000b2"})
	w.Configure(func(s *azuresim.Settings) { s.EnforceRBAC = true })
	list := azuresim.DemoSubscriptionScope + "/providers/Microsoft.Compute/virtualMachines"
	if got := w.ask("GET", list, ""); got.status != 403 {
		t.Errorf("%d", got.status)
	}
	w.Configure(func(s *azuresim.Settings) { s.FilterLists = true })
	if got := w.ask("GET", list, ""); got.status != 200 || len(got.body.Value) != 4 {
		t.Errorf("%d %s", got.status, got.text)
	}
}

// TestManyWriters is for the race detector, and for the table's sanity.
func TestManyWriters(t *testing.T) {
	w := newWorld(t)
	token := w.token(azuresim.DefaultAudience)
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			path := fmt.Sprintf("%s/securityRules/jit-%d?api-version=2025-05-01", azuresim.DemoDevNSG, i)
			if got := w.raw("PUT", path, ruleJSON(map[string]any{"priority": 200 + i}), "Authorization", "Bearer "+token); got.status != 201 {
				t.Errorf("%d %s", got.status, got.text)
			}
			w.Reachable(azuresim.DemoDev1, addr("203.0.113.7"), 22, "Tcp")
			if got := w.raw("DELETE", path, "", "Authorization", "Bearer "+token); got.status != 202 {
				t.Errorf("%d %s", got.status, got.text)
			}
		})
	}
	all.Wait()
	if n := len(w.Rules(azuresim.DemoDevNSG)); n != 3 {
		t.Errorf("%d rules", n)
	}
	w.Configure(func(s *azuresim.Settings) { s.LogSize = 10 })
	w.ask("GET", azuresim.DemoDev1, "")
	if n := len(w.Requests()); n > 10 || w.Settings().LogSize != 10 {
		t.Errorf("%d requests remembered", n)
	}
}
