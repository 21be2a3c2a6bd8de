package azuresim_test

import (
	"slices"
	"testing"

	"jitbot/jit/azure/azuresim"
)

func TestConditionInRole(t *testing.T) {
	w := newWorld(t)
	w.Configure(func(s *azuresim.Settings) { s.EnforceRBAC = true })
	const condition = "((!(ActionMatches{'Microsoft.Network/*'})))"
	role, known := w.RoleDefinition(azuresim.RoleJITBot)
	if !known {
		t.Fatal("no role")
	}
	role.More = []azuresim.Permission{{
		Actions: []string{"Microsoft.Network/networkSecurityGroups/write"}, DataActions: []string{"x/y"}, Condition: condition,
	}}
	w.PutRoleDefinition(role)
	got := w.ask("GET", subscriptionPath+"/providers/Microsoft.Authorization/roleDefinitions/"+azuresim.RoleJITBot, "")
	permissions := got.body.Properties["permissions"].([]any)
	if first := permissions[0].(map[string]any); len(permissions) != 2 || first["condition"] != nil {
		t.Fatalf("%s", got.text)
	}
	if second := permissions[1].(map[string]any); second["condition"] != condition || second["conditionVersion"] != "2.0" {
		t.Errorf("%s", got.text)
	}
	own := w.ask("GET", azuresim.DemoDevNSG+"/providers/Microsoft.Authorization/permissions", "")
	if len(own.body.Value) != 2 || own.body.Value[1]["condition"] != condition {
		t.Errorf("own: %s", own.text)
	}
	group := w.ask("GET", azuresim.DemoDevNSG, "").text
	if got := w.ask("PUT", azuresim.DemoDevNSG, group); got.status != 403 {
		t.Errorf("by a permission with a condition: %d", got.status)
	}
	if got := w.ask("PUT", azuresim.DemoDevNSG+"/securityRules/jit", ruleJSON(nil)); got.status != 201 {
		t.Errorf("by the other: %d", got.status)
	}
	role.More[0].Condition = ""
	w.PutRoleDefinition(role)
	if got := w.ask("PUT", azuresim.DemoDevNSG, group); got.status != 200 {
		t.Errorf("without the condition: %d", got.status)
	}
	role.Condition = condition
	w.PutRoleDefinition(role)
	if w.Permitted(azuresim.DefaultPrincipalID, "Microsoft.Network/networkSecurityGroups/securityRules/write", azuresim.DemoDevNSG) {
		t.Error("by the first permission, which has a condition now")
	}
}

func TestMayNotDelete(t *testing.T) {
	rule := azuresim.DemoDevNSG + "/securityRules/jit"
	check := func(w *world, why, code string) {
		t.Helper()
		w.Configure(func(s *azuresim.Settings) { s.EnforceRBAC = true })
		if got := w.ask("PUT", rule, ruleJSON(nil)); got.status != 201 {
			t.Errorf("%s: PUT: %d %s", why, got.status, got.text)
		}
		if got := w.ask("DELETE", rule, ""); got.status != 403 || got.code() != code {
			t.Errorf("%s: DELETE: %d %s", why, got.status, got.text)
		}
		if got := w.ask("PUT", rule, ruleJSON(map[string]any{"access": "Deny"})); got.status != 200 {
			t.Errorf("%s: PUT again: %d %s", why, got.status, got.text)
		}
	}
	stack := newWorld(t)
	id := stack.Deny(azuresim.DenyDelete(azuresim.DemoDevGroup, "landing-zone"))
	check(stack, "deny assignment", "DenyAssignmentAuthorizationFailed")
	list := stack.ask("GET", azuresim.DemoDevNSG+"/providers/Microsoft.Authorization/denyAssignments", "")
	if len(list.body.Value) != 1 {
		t.Errorf("%s", list.text)
	}
	stack.Undeny(id)
	if got := stack.ask("DELETE", rule, ""); got.status != 202 {
		t.Errorf("allowed again: %d", got.status)
	}
	bare := newWorld(t)
	role, _ := bare.RoleDefinition(azuresim.RoleJITBot)
	role.Actions = azuresim.WithoutDelete(role.Actions)
	bare.PutRoleDefinition(role)
	check(bare, "role", "AuthorizationFailed")
	if actions := azuresim.BotActions(); len(role.Actions) != len(actions)-1 ||
		!slices.Contains(actions, "Microsoft.Network/networkSecurityGroups/securityRules/delete") {
		t.Errorf("%q", role.Actions)
	}
}
