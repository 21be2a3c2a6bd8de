package azuresim_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"jitbot/jit/azure/azuresim"
)

// without is a foreign write that leaves a rule out.
func without(name string) func([]azuresim.Rule) []azuresim.Rule {
	return func(present []azuresim.Rule) []azuresim.Rule {
		return slices.DeleteFunc(present, func(r azuresim.Rule) bool { return r.Name == name })
	}
}

func TestForeignWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			why                    string
			fails, restores        bool
			state                  string
			shown, inForce, during bool
		}{
			{"succeeds", false, false, "Succeeded", false, false, true},
			{"fails", true, false, "Failed", false, true, true},
			{"fails and restores", true, true, "Failed", true, true, true},
		} {
			w := newWorld(t)
			state := func() any { return w.ask("GET", azuresim.DemoDevNSG, "").body.Properties["provisioningState"] }
			filters := func() bool {
				yes, _ := w.Reachable(azuresim.DemoDev1, addr(office), 22, "Tcp")
				return yes
			}
			shown := func() bool { return w.ask("GET", azuresim.DemoDevNSG+"/securityRules/office", "").status == 200 }
			etag := w.ETag(azuresim.DemoDevNSG)
			if err := w.BeginForeignWrite(azuresim.ForeignWrite{
				NSG: azuresim.DemoDevNSG, Rules: without("office"), Takes: time.Minute, Fails: c.fails, Restores: c.restores,
			}); err != nil {
				t.Fatal(err)
			}
			during := w.ETag(azuresim.DemoDevNSG)
			if state() != "Updating" || shown() || filters() != c.during || during == etag || !w.Busy(azuresim.DemoDevNSG) {
				t.Errorf("%s, during: %s, shown %t, filters %t", c.why, state(), shown(), filters())
			}
			time.Sleep(time.Minute)
			if state() != c.state || shown() != c.shown || filters() != c.inForce || w.ETag(azuresim.DemoDevNSG) == during {
				t.Errorf("%s, after: %s, shown %t, filters %t", c.why, state(), shown(), filters())
			}
			// The next whole write mends it.
			if err := w.BeginForeignWrite(azuresim.ForeignWrite{NSG: azuresim.DemoDevNSG, Rules: without("office")}); err != nil {
				t.Error(err)
			}
			if state() != "Succeeded" || filters() {
				t.Errorf("%s, mended: %s, %t", c.why, state(), filters())
			}
		}
	})
}

func TestForeignWriteMeetsOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Configure(func(s *azuresim.Settings) { s.Writers = azuresim.RefuseConflict })
		write := azuresim.ForeignWrite{NSG: azuresim.DemoDevNSG, Rules: without("office"), Takes: time.Minute}
		if err := w.BeginForeignWrite(write); err != nil {
			t.Fatal(err)
		}
		if got := w.ask("DELETE", azuresim.DemoDevNSG+"/securityRules/icmp", ""); got.status != 409 ||
			got.code() != "AnotherOperationInProgress" {
			t.Errorf("%d %s", got.status, got.text)
		}
		if err := w.BeginForeignWrite(write); err == nil || !strings.Contains(err.Error(), "AnotherOperationInProgress") {
			t.Error(err)
		}
		write.NSG = "/nothing"
		if w.BeginForeignWrite(write) == nil {
			t.Error("no such group")
		}
	})
}

func TestConstantForeignWriter(t *testing.T) {
	w := newWorld(t)
	body := w.ask("GET", azuresim.DemoDevNSG, "").text
	put := func() answer { return w.ask("PUT", azuresim.DemoDevNSG, body, "If-Match", w.ETag(azuresim.DemoDevNSG)) }
	w.SetForeignWriter(azuresim.DemoDevNSG, -1)
	for range 3 {
		if got := put(); got.status != 412 || got.code() != "PreconditionFailed/PreconditionFailedEtagMismatch" {
			t.Errorf("%d %s", got.status, got.text)
		}
	}
	if got := w.ask("PUT", azuresim.DemoDevNSG+"/securityRules/jit", ruleJSON(nil), "If-Match",
		w.ETag(azuresim.DemoDevNSG)); got.status != 201 {
		t.Errorf("a rule: %d", got.status)
	}
	if got := w.ask("PUT", azuresim.DemoWebNICNSG+"/securityRules/jit", ruleJSON(nil)); got.status != 201 {
		t.Errorf("another group: %d", got.status)
	}
	w.SetForeignWriter(azuresim.DemoDevNSG, 1)
	if first, second := put(), put(); first.status != 412 || second.status != 200 {
		t.Errorf("%d %d", first.status, second.status)
	}
	hub := newHub(t, 0)
	hub.SetForeignWriter(azuresim.DemoFirewall, 1)
	got := hub.ask("GET", azuresim.DemoFirewall, "")
	if again := hub.ask("PUT", azuresim.DemoFirewall, got.text, "If-Match", got.body.Etag); again.status != 412 {
		t.Errorf("firewall: %d %s", again.status, again.text)
	}
}
