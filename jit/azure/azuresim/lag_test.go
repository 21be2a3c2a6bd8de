package azuresim_test

import (
	"testing"

	"jitbot/jit/azure/azuresim"
)

const (
	subscriptionPath = "/subscriptions/" + azuresim.DemoSubscription
	nsgList          = subscriptionPath + "/providers/Microsoft.Network/networkSecurityGroups"
	vmList           = subscriptionPath + "/providers/Microsoft.Compute/virtualMachines"
)

func (w *world) listed(path, name string) bool {
	w.t.Helper()
	for next := path; next != ""; {
		got := w.ask("GET", next, "")
		if got.status != 200 {
			w.t.Fatalf("%d %s", got.status, got.text)
		}
		for _, v := range got.body.Value {
			if v["name"] == name {
				return true
			}
		}
		next = got.body.NextLink
	}
	return false
}

func TestLag(t *testing.T) {
	w := newWorld(t)
	lag := w.AddLag(azuresim.Lag{ID: azuresim.DemoWeb1, Lists: 1, Reads: 2})
	w.Configure(func(s *azuresim.Settings) { s.PageSize = 3 }) // it is counted where it would have stood
	for i, want := range []bool{false, true, true} {
		if got := w.listed(vmList, "web-1"); got != want {
			t.Errorf("list %d: %t", i, got)
		}
	}
	for i, path := range []string{azuresim.DemoWeb1, azuresim.DemoWeb1 + "/instanceView", azuresim.DemoWeb1} {
		got := w.ask("GET", path, "")
		if i < 2 && (got.status != 404 || got.code() != "ResourceNotFound" || got.header.Get("x-ms-failure-cause") != "gateway" ||
			got.body.Error.Message != "The Resource 'Microsoft.Compute/virtualMachines/web-1' under resource group 'prod-web' was not found. "+
				"For more details please go to https://aka.ms/ARMResourceNotFoundFix") || i == 2 && got.status != 200 {
			t.Errorf("%d: %d %s", i, got.status, got.text)
		}
	}
	if lists, reads := lag.Hits(); lists != 1 || reads != 2 {
		t.Errorf("%d lists, %d readings", lists, reads)
	}
	rule := azuresim.DemoDevNSG + "/securityRules/office"
	w.AddLag(azuresim.Lag{ID: rule, Reads: 1})
	if got := w.ask("GET", rule, ""); got.status != 404 || got.code() != "NotFound" {
		t.Errorf("rule: %d %s", got.status, got.text)
	}
	if got := w.ask("GET", rule, ""); got.status != 200 {
		t.Errorf("rule: %d", got.status)
	}
	// For ever, and writes go through.
	all := w.AddLag(azuresim.Lag{ID: azuresim.DemoDevNSG, Lists: -1, Reads: -1})
	for range 3 {
		if w.listed(nsgList, "dev-nsg") || w.ask("GET", rule, "").status != 404 ||
			w.ask("GET", azuresim.DemoDevNSG+"/securityRules", "").status != 404 {
			t.Error("seen")
		}
	}
	if got := w.ask("DELETE", rule, ""); got.status != 202 {
		t.Errorf("delete: %d", got.status)
	}
	all.Remove()
	if !w.listed(nsgList, "dev-nsg") || w.ask("GET", azuresim.DemoDevNSG+"/providers/Microsoft.Authorization/locks", "").status != 200 {
		t.Error("not seen")
	}
}

func TestOlderVersion(t *testing.T) {
	w := newWorld(t)
	old := w.ETag(azuresim.DemoDevNSG)
	lag := w.AddLag(azuresim.Lag{ID: azuresim.DemoDevNSG, Lists: 1, Reads: 3, Older: true})
	if got := w.ask("PUT", azuresim.DemoDevNSG+"/securityRules/jit", ruleJSON(nil)); got.status != 201 {
		t.Fatal(got.text)
	}
	rules := func(a answer) int { return len(a.body.Properties["securityRules"].([]any)) }
	if got := w.ask("GET", azuresim.DemoDevNSG, ""); rules(got) != 3 || got.body.Etag != old || got.header.Get("ETag") != old {
		t.Errorf("older: %s", got.text)
	}
	if got := w.ask("GET", azuresim.DemoDevNSG+"/securityRules/jit", ""); got.status != 404 || got.code() != "NotFound" {
		t.Errorf("older rule: %d %s", got.status, got.text)
	}
	if got := w.ask("GET", azuresim.DemoDevNSG+"/securityRules", ""); len(got.body.Value) != 3 {
		t.Errorf("older rules: %s", got.text)
	}
	for i, want := range []int{3, 4} {
		for _, v := range w.ask("GET", nsgList, "").body.Value {
			if n := len(v["properties"].(map[string]any)["securityRules"].([]any)); v["name"] == "dev-nsg" && n != want {
				t.Errorf("list %d: %d rules", i, n)
			}
		}
	}
	if got := w.ask("GET", azuresim.DemoDevNSG, ""); rules(got) != 4 {
		t.Errorf("now: %s", got.text)
	}
	if lists, reads := lag.Hits(); lists != 1 || reads != 3 {
		t.Errorf("%d %d", lists, reads)
	}
	w.ClearLags()
}
