package azuresim_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"jitbot/jit/azure/azuresim"
)

// One action that no provider has refuses the whole definition.
func TestRoleDefinitionWithUnknownAction(t *testing.T) {
	w := newWorld(t)
	put := func(id, name string, actions ...string) answer {
		t.Helper()
		body, err := json.Marshal(map[string]any{"properties": map[string]any{
			"roleName": name, "type": "CustomRole", "assignableScopes": []string{azuresim.DemoSubscriptionScope},
			"permissions": []map[string]any{{"actions": actions, "notActions": []string{}}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		return w.ask("PUT", subscriptionPath+"/providers/Microsoft.Authorization/roleDefinitions/"+id, string(body))
	}
	const id = "c0000000-0000-4000-8000-0000000000aa"
	for action, words := range map[string]string{
		"Microsoft.ClassicCompute/virtualMachines/read":            "resource provider referenced",
		"Microsoft.Compute/virtualMachines/look":                   "'Microsoft.Compute/virtualMachines/look' does not match any of the actions",
		"Microsoft.Network/azureFirewalls/ruleCollectionGroups/*":  "does not match",
		"Microsoft.Network/networkSecurityGroups/securityRules":    "does not match",
		"Microsoft.Security/locations/jitNetworkAccessPolicies/go": "does not match",
	} {
		got := put(id, "ours", "Microsoft.Compute/virtualMachines/read", action)
		if _, there := w.RoleDefinition(id); got.status != 400 || got.code() != "InvalidActionOrNotAction" || !strings.Contains(got.text, words) || there {
			t.Errorf("%s: %d %s", action, got.status, got.text)
		}
	}
	if got := put(id, "ours", "microsoft.network/NETWORKSECURITYGROUPS/read", "*/read", "Microsoft.Network/networkInterfaces/*/read"); got.status != 201 {
		t.Fatalf("%d %s", got.status, got.text)
	}
	if role, _ := w.RoleDefinition(id); !role.Custom || role.Name != "ours" || len(role.Actions) != 3 {
		t.Errorf("%+v", role)
	}
	if got := put("c0000000-0000-4000-8000-0000000000ab", "OURS", "*/read"); got.status != 409 {
		t.Errorf("the same name: %d %s", got.status, got.text)
	}
	if got := put(id, "ours"); got.status != 201 {
		t.Errorf("replaced: %d %s", got.status, got.text)
	}
}

// The demo's own roles are such as Azure takes, and the list has each operation
// once.
func TestOperations(t *testing.T) {
	all := azuresim.Operations()
	if !slices.IsSorted(all) || len(slices.Compact(slices.Clone(all))) != len(all) || len(all) < 100 {
		t.Errorf("%d operations, not in order or twice", len(all))
	}
	for _, action := range slices.Concat(azuresim.BotActions(), azuresim.RequesterActions(), azuresim.FirewallActions()) {
		if err := azuresim.CheckAction(action); err != nil {
			t.Errorf("%s: %v", action, err)
		}
	}
}
