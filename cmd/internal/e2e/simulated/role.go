package simulated

import (
	"encoding/json"
	"slices"
	"strings"

	"jitbot/cmd/internal/app"
	"jitbot/cmd/internal/config"
	"jitbot/jit/azure/azuresim"
)

// RoleActions are the actions of the role that jitbot role prints.
func RoleActions(t Tester, sweep bool) []string {
	t.Helper()
	out, err := app.Role(config.Config{Azure: config.Azure{Subscriptions: []string{azuresim.DemoSubscription}}}, sweep)
	if err != nil {
		t.Fatal(err)
	}
	var role struct{ Actions []string }
	if err := json.Unmarshal(out, &role); err != nil {
		t.Fatal(err)
	}
	return role.Actions
}

// OfFirewalls reports whether the texts of the role call the action one that only
// firewalls need.
func OfFirewalls(action string) bool {
	kinds := []string{"azureFirewalls", "firewallPolicies", "ipGroups"}
	return strings.HasSuffix(action, "/join/action") || slices.ContainsFunc(kinds, func(kind string) bool {
		return strings.HasPrefix(action, "Microsoft.Network/"+kind+"/")
	})
}
