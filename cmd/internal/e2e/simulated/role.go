package simulated

import (
	"encoding/json"

	"jitbot/cmd/internal/app"
	"jitbot/cmd/internal/config"
	"jitbot/jit/azure/azuresim"
)

// RoleActions are the actions of a role that jitbot role prints.
func RoleActions(t Tester, of app.Holder, firewalls app.Firewalls) []string {
	t.Helper()
	out, err := app.Role(config.Config{Azure: config.Azure{Subscriptions: []string{azuresim.DemoSubscription}}}, of, firewalls)
	if err != nil {
		t.Fatal(err)
	}
	var role struct{ Actions []string }
	if err := json.Unmarshal(out, &role); err != nil {
		t.Fatal(err)
	}
	return role.Actions
}
