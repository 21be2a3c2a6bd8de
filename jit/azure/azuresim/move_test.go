package azuresim_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"jitbot/jit/azure/azuresim"
)

func (w *world) move(m azuresim.Move) string {
	w.t.Helper()
	id, err := w.MoveResource(m)
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

func TestMoveOfGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		rule := "/securityRules/office"
		guid := w.ask("GET", azuresim.DemoDevNSG, "").body.Properties["resourceGuid"]
		id := w.move(azuresim.Move{ID: azuresim.DemoDevNSG, Group: azuresim.DemoDBGroup, Takes: time.Hour})
		if id != strings.Replace(azuresim.DemoDevNSG, "/dev/", "/prod-db/", 1) {
			t.Error(id)
		}
		time.Sleep(59 * time.Minute)
		for _, path := range []string{
			azuresim.DemoDevNSG + rule, azuresim.DemoDevNSG + "/securityRules/new",
			azuresim.DemoDBSubnetNSG + "/securityRules/monitoring",
		} {
			for _, method := range []string{"PUT", "DELETE"} {
				if got := w.ask(method, path, ruleJSON(nil)); got.status != 409 {
					t.Errorf("%s %s: %d %s", method, path, got.status, got.text)
				}
			}
		}
		if got := w.ask("PUT", azuresim.DemoWebNICNSG+"/securityRules/jit", ruleJSON(nil)); got.status != 201 {
			t.Errorf("elsewhere: %d", got.status)
		}
		if got := w.ask("GET", azuresim.DemoDBGroup, ""); got.body.Properties["provisioningState"] != "MovingResources" {
			t.Error(got.text)
		}
		if w.ask("GET", azuresim.DemoDevNSG+rule, "").status != 200 || w.ask("GET", id, "").status != 404 {
			t.Error("too early")
		}
		time.Sleep(time.Minute)
		if got := w.ask("GET", azuresim.DemoDevNSG, ""); got.status != 404 || got.code() != "ResourceNotFound" {
			t.Errorf("%d %s", got.status, got.text)
		}
		got := w.ask("GET", id, "")
		if got.status != 200 || got.body.ID != id || got.body.Properties["resourceGuid"] != guid ||
			len(got.body.Properties["subnets"].([]any)) != 1 {
			t.Errorf("%d %s", got.status, got.text)
		}
		subnet := got.body.Properties["subnets"].([]any)[0].(map[string]any)["id"].(string)
		if on := w.ask("GET", subnet, "").body.Properties["networkSecurityGroup"].(map[string]any)["id"]; on != id {
			t.Errorf("on the subnet: %s", on)
		}
		if yes, why := w.Reachable(azuresim.DemoDev1, addr("203.0.113.7"), 22, "Tcp"); !yes {
			t.Error(why)
		}
		if got := w.ask("DELETE", id+rule, ""); got.status != 202 {
			t.Errorf("%d %s", got.status, got.text)
		}
		if yes, why := w.Reachable(azuresim.DemoDev1, addr("203.0.113.7"), 22, "Tcp"); yes {
			t.Error(why)
		}
	})
}

func TestMoveOfMachineAndInterface(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		azuresim.SeedSubscriptions(w.Sim)
		vmID := w.ask("GET", azuresim.DemoWeb1, "").body.Properties["vmId"]
		early := w.move(azuresim.Move{ID: azuresim.DemoWeb1, Group: azuresim.DemoStagingGroup, Takes: time.Hour, Early: true})
		nic, _ := w.Machine(early)
		later := w.move(azuresim.Move{ID: nic.NICs[0], Group: azuresim.DemoDevGroup, Takes: time.Hour})
		if got := w.ask("GET", early, ""); got.status != 200 || got.body.Properties["vmId"] != vmID ||
			w.ask("GET", azuresim.DemoWeb1, "").status != 404 {
			t.Errorf("%d %s", got.status, got.text)
		}
		if got := w.ask("PUT", azuresim.DemoStagingNICNSG+"/securityRules/jit", ruleJSON(nil)); got.status != 409 {
			t.Errorf("%d %s", got.status, got.text)
		}
		guid := w.ask("GET", nic.NICs[0], "").body.Properties["resourceGuid"]
		time.Sleep(time.Hour)
		got := w.ask("GET", later, "")
		if got.status != 200 || got.body.Properties["resourceGuid"] != guid ||
			got.body.Properties["virtualMachine"].(map[string]any)["id"] != early {
			t.Errorf("%d %s", got.status, got.text)
		}
		if _, there := w.NIC(nic.NICs[0]); there {
			t.Error("the old interface is there")
		}
		if moved, _ := w.Machine(early); moved.NICs[0] != later {
			t.Errorf("%+v", moved)
		}
		if yes, why := w.Reachable(early, addr("198.51.100.77"), 443, "Tcp"); !yes {
			t.Error(why)
		}
		if yes, _ := w.Reachable(azuresim.DemoWeb1, addr("198.51.100.77"), 443, "Tcp"); yes {
			t.Error("reached by the old id")
		}
		// Somebody makes another machine where the first was.
		w.PutVM(azuresim.VM{ID: azuresim.DemoWeb1, Location: azuresim.DemoLocation})
		if got := w.ask("GET", azuresim.DemoWeb1, ""); got.body.Properties["vmId"] == vmID {
			t.Error("the same machine")
		}
	})
}

func TestMoveRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Configure(func(s *azuresim.Settings) { s.OperationTime = time.Minute })
		w.ask("PUT", azuresim.DemoDevNSG+"/securityRules/jit", ruleJSON(nil))
		for _, m := range []azuresim.Move{
			{ID: azuresim.DemoDevNSG, Group: azuresim.DemoDBGroup},
			{ID: azuresim.DemoDevNSG + "x", Group: azuresim.DemoDBGroup},
			{ID: azuresim.DemoWebNICNSG, Group: azuresim.DemoWebGroup + "x"},
			{ID: azuresim.DemoWebNICNSG, Group: azuresim.DemoWebGroup},
			{ID: "x"},
		} {
			if id, err := w.MoveResource(m); err == nil {
				t.Errorf("%+v moved to %s", m, id)
			}
		}
	})
}
