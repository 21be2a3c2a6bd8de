package app_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"jitbot/cmd/internal/app"
	"jitbot/cmd/internal/config"
	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit/azure/azuresim"
)

// Where groups may be written as a whole, the role says so.
func TestRoleForGroupWrites(t *testing.T) {
	const whole = "Microsoft.Network/networkSecurityGroups/write"
	c := config.Config{Azure: config.Azure{Subscriptions: []string{azuresim.DemoSubscription}, GroupWrites: true}}
	for sweep, want := range map[bool]bool{false: true, true: false} {
		out, err := app.Role(c, sweep)
		if err != nil || strings.Contains(string(out), whole) != want {
			t.Errorf("sweep %t: %v in\n%s", sweep, err, out)
		}
	}
	if slices.Contains(simulated.RoleActions(t, false), whole) {
		t.Error("without group_writes whole groups may be written")
	}
}

// The simulator's own list of what firewalls need is in the role as well.
func TestRoleForFirewalls(t *testing.T) {
	role := simulated.RoleActions(t, false)
	for _, action := range azuresim.FirewallActions() {
		// Nothing reads application security groups by themselves.
		if !slices.Contains(role, action) && action != "Microsoft.Network/applicationSecurityGroups/read" {
			t.Errorf("the role lacks %s", action)
		}
	}
	if !slices.IsSorted(role) || len(slices.Compact(role)) != len(simulated.RoleActions(t, false)) {
		t.Errorf("not in order, or twice: %q", role)
	}
}

// What the sweep's role may do besides reading and deleting is what its texts
// name.
func TestSweepRole(t *testing.T) {
	guards := slices.DeleteFunc(simulated.RoleActions(t, true), simulated.OfFirewalls)
	want := []string{
		"Microsoft.Network/locations/operationResults/read",
		"Microsoft.Network/locations/operations/read",
		"Microsoft.Network/networkSecurityGroups/read",
		"Microsoft.Network/networkSecurityGroups/securityRules/delete",
		"Microsoft.Network/networkSecurityGroups/securityRules/read",
	}
	if diff := cmp.Diff(want, guards); diff != "" {
		t.Errorf("without firewalls (-want +got):\n%s", diff)
	}
	for _, words := range []string{"only read and delete", "azureFirewalls, firewallPolicies and ipGroups", "every join/action", "lock"} {
		if text := app.SweepWarning(); !strings.Contains(text, words) {
			t.Errorf("%q is not said in %s", words, text)
		}
	}
}
