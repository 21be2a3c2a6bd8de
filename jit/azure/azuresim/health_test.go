package azuresim_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"jitbot/jit/azure/azuresim"
)

func hasETag(text string) bool { return strings.Contains(text, `"etag"`) }

func TestSubscriptions(t *testing.T) {
	w := newWorld(t)
	azuresim.SeedSubscriptions(w.Sim)
	w.Configure(func(s *azuresim.Settings) { s.EnforceRBAC = true })
	for _, c := range []struct{ scope, vm1, vm2, nic, subnet, location string }{
		{
			azuresim.DemoStagingScope, azuresim.DemoStaging1, azuresim.DemoStaging2,
			azuresim.DemoStagingNICNSG, azuresim.DemoStagingSubnetNSG, azuresim.DemoLocation,
		},
		{
			azuresim.DemoArchiveScope, azuresim.DemoArchive1, azuresim.DemoArchive2,
			azuresim.DemoArchiveNICNSG, azuresim.DemoArchiveSubnetNSG, azuresim.DemoArchiveLocation,
		},
	} {
		for kind, want := range map[string]int{
			"Compute/virtualMachines": 2, "Network/networkInterfaces": 2, "Network/networkSecurityGroups": 2, "Network/virtualNetworks": 1,
		} {
			got := w.ask("GET", c.scope+"/providers/Microsoft."+kind, "")
			if len(got.body.Value) != want || got.body.Value[0]["location"] != c.location {
				t.Errorf("%s %s: %s", c.scope, kind, got.text)
			}
		}
		for _, vm := range []string{c.vm1, c.vm2} {
			if yes, why := w.Reachable(vm, addr("198.51.100.77"), 443, "Tcp"); !yes {
				t.Error(vm, why)
			}
			if !w.Permitted(azuresim.DemoAda, "Microsoft.Compute/virtualMachines/read", vm) {
				t.Error("Ada may not ask for", vm)
			}
		}
		for _, nsg := range []string{c.nic, c.subnet} {
			if got := w.ask("PUT", nsg+"/securityRules/jit", ruleJSON(nil)); got.status != 201 {
				t.Errorf("%s: %d %s", nsg, got.status, got.text)
			}
		}
	}
}

func TestSubscriptionHealth(t *testing.T) {
	w := newWorld(t)
	azuresim.SeedSubscriptions(w.Sim)
	sick, healthy := azuresim.DemoStagingScope, azuresim.DemoStagingNICNSG
	rule := azuresim.DemoStagingNICNSG + "/securityRules/https"
	list := sick + "/providers/Microsoft.Network/networkSecurityGroups"
	locks := azuresim.DemoStagingNICNSG + "/providers/Microsoft.Authorization/locks"
	for _, c := range []struct {
		health                       azuresim.SubscriptionHealth
		read, write, removal         int
		readCode, writeCode, showing string
	}{
		{azuresim.OutOfRequests, 429, 429, 429, "SubscriptionRequestsThrottled", "SubscriptionRequestsThrottled", ""},
		{azuresim.OutOfReach, 403, 403, 403, "AuthorizationFailed", "AuthorizationFailed", ""},
		{azuresim.Disabled, 200, 409, 409, "", "ReadOnlyDisabledSubscription", "Disabled"},
		{azuresim.DisabledForWrites, 200, 409, 202, "", "ReadOnlyDisabledSubscription", "Warned"},
		{azuresim.Healthy, 200, 200, 202, "", "", "Enabled"},
	} {
		w.SetSubscriptionHealth(strings.ToUpper(azuresim.DemoStaging), c.health)
		for _, path := range []string{list, rule, healthy, locks, sick, sick + "/resourceGroups"} {
			got := w.ask("GET", path, "")
			if got.status != c.read || got.code() != c.readCode || c.read == 429 && got.header.Get("Retry-After") != "3600" {
				t.Errorf("%s: GET %s: %d %s", c.health, path, got.status, got.text)
			}
		}
		if state := w.ask("GET", sick, ""); c.read == 200 && !strings.Contains(state.text, `"state":"`+c.showing+`"`) {
			t.Errorf("%s: %s", c.health, state.text)
		}
		if got := w.ask("PUT", rule, ruleJSON(nil)); got.status != c.write || got.code() != c.writeCode {
			t.Errorf("%s: PUT: %d %s", c.health, got.status, got.text)
		}
		if got := w.ask("DELETE", rule, ""); got.status != c.removal {
			t.Errorf("%s: DELETE: %d %s", c.health, got.status, got.text)
		} else if got.status == 202 {
			if err := w.PutRule(azuresim.DemoStagingNICNSG, allow("https", 1000, "Internet", "443")); err != nil {
				t.Error(err)
			}
		}
		if got := w.ask("PUT", azuresim.DemoArchiveNICNSG+"/securityRules/https", ruleJSON(map[string]any{"priority": 200})); got.status != 200 {
			t.Errorf("another: %d %s", got.status, got.text)
		}
	}
	w.SetSubscriptionHealth(azuresim.DemoStaging, azuresim.OutOfReach)
	if got := w.ask("GET", azuresim.DemoStagingNICNSG+"/providers/Microsoft.Authorization/permissions", ""); got.status != 200 ||
		len(got.body.Value) != 0 {
		t.Errorf("permissions: %d %s", got.status, got.text)
	}
}

func TestClockSkew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		azuresim.SeedSubscriptions(w.Sim)
		skew := func(path string) time.Duration {
			date, err := http.ParseTime(w.ask("GET", path, "").header.Get("Date"))
			if err != nil {
				t.Error(err)
			}
			return date.Sub(time.Now().Truncate(time.Second))
		}
		check := func(first, second time.Duration) {
			t.Helper()
			if a, b := skew(azuresim.DemoWeb1), skew(azuresim.DemoStaging1); a != first || b != second {
				t.Errorf("%s and %s, want %s and %s", a, b, first, second)
			}
		}
		w.SetClockSkew(azuresim.DemoStaging, 2*time.Hour)
		check(0, 2*time.Hour)
		w.SetClockSkew("", -time.Minute)
		check(-time.Minute, 2*time.Hour)
		w.SetClockSkew("azure.test", time.Minute)
		w.SetClockSkew(azuresim.DemoStaging, 0)
		check(time.Minute, 0)
		w.AddFault(azuresim.Broken(503).On("GET", azuresim.DemoStaging1).Only(1))
		w.SetClockSkew(azuresim.DemoStaging, time.Hour)
		check(time.Minute, time.Hour) // of a failure too
		w.ClearClockSkew()
		check(0, 0)
	})
}
