package azuresim_test

import (
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/authorization/armauthorization/v2"

	"jitbot/jit/azure/azuresim"
)

func TestAssignmentsWithSDK(t *testing.T) {
	w := newWorld(t)
	w.Configure(func(s *azuresim.Settings) { s.PageSize = 1 })
	ctx := t.Context()
	clients, err := armauthorization.NewClientFactory(azuresim.DemoSubscription, w.cred, w.options)
	if err != nil {
		t.Fatal(err)
	}
	w.Assign(azuresim.RoleAssignment{Scope: azuresim.DemoDevNSG, Role: azuresim.RoleReader, Principal: azuresim.DemoBob})
	w.Assign(azuresim.RoleAssignment{Scope: "/", Role: azuresim.RoleReader, Principal: azuresim.DemoAlan})
	list := func(scope, filter string) []*armauthorization.RoleAssignment {
		t.Helper()
		var all []*armauthorization.RoleAssignment
		for p := clients.NewRoleAssignmentsClient().NewListForScopePager(scope, &armauthorization.RoleAssignmentsClientListForScopeOptions{Filter: &filter}); p.More(); {
			page, err := p.NextPage(ctx)
			if err != nil {
				t.Fatalf("%s %s: %v", scope, filter, err)
			}
			all = append(all, page.Value...)
		}
		return all
	}
	for _, c := range []struct {
		scope, filter string
		want          []string
	}{
		{azuresim.DemoWeb1, "atScope()+and+assignedTo('" + azuresim.DemoAda + "')", []string{azuresim.DemoEngineers}},
		{azuresim.DemoWeb1, "assignedTo('" + azuresim.DemoCarol + "')", []string{azuresim.DemoCarol}},
		{azuresim.DemoWeb1, "principalId+eq+'" + azuresim.DemoAda + "'", nil},
		{azuresim.DemoDev1, "atScope()+and+assignedTo('" + azuresim.DemoAlan + "')", []string{azuresim.DemoAlan, azuresim.DemoAlan}},
		{azuresim.DemoDevGroup, "atScope()+and+assignedTo('" + azuresim.DemoBob + "')", nil},
		{azuresim.DemoDevGroup, "assignedTo('" + azuresim.DemoBob + "')", []string{azuresim.DemoBob}},
		{azuresim.DemoWeb1, "atScope()+and+assignedTo('" + azuresim.DemoDave + "')", []string{azuresim.DemoDave}},
		{"/subscriptions/" + azuresim.DemoSubscription, "atScope()", []string{
			azuresim.DemoEngineers, azuresim.DemoGrace, azuresim.DemoAlan, azuresim.DemoAlan, azuresim.DemoCarol, azuresim.DefaultPrincipalID,
		}},
	} {
		var got []string
		for _, a := range list(c.scope, c.filter) {
			got = append(got, *a.Properties.PrincipalID)
		}
		slices.Sort(got)
		slices.Sort(c.want)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s %s: %v, want %v", c.scope, c.filter, got, c.want)
		}
	}
	ada := list(azuresim.DemoWeb1, "assignedTo('"+azuresim.DemoAda+"')")[0].Properties
	role, err := clients.NewRoleDefinitionsClient().GetByID(ctx, *ada.RoleDefinitionID, nil)
	if err != nil || *role.Properties.RoleName != "JIT requester" || len(role.Properties.Permissions[0].Actions) != 4 {
		t.Errorf("role: %+v %v", role.Properties, err)
	}
	if dave := list(azuresim.DemoWeb1, "assignedTo('"+azuresim.DemoDave+"')")[0].Properties; dave.Condition == nil || ada.Condition != nil {
		t.Error("conditions")
	}
}

// TestBadFilters has one with blanks too, which break the request line on a
// real server.
func TestBadFilters(t *testing.T) {
	w := newWorld(t)
	if got := w.ask("GET", azuresim.DemoWeb1+"/providers/Microsoft.Authorization/roleAssignments?$filter=atScope() and x", ""); got.status != http.StatusBadRequest {
		t.Errorf("blanks: %d", got.status)
	}
	if got := w.ask("GET", azuresim.DemoWeb1+"/providers/Microsoft.Authorization/roleAssignments?$filter="+url.QueryEscape("createdOn gt 1"), ""); got.code() != "UnsupportedQuery" {
		t.Errorf("unknown filter: %d %s", got.status, got.text)
	}
}

func TestRolesDenialsPermissionsLocks(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	clients, err := armauthorization.NewClientFactory(azuresim.DemoSubscription, w.cred, w.options)
	if err != nil {
		t.Fatal(err)
	}
	w.Deny(azuresim.DenyAssignment{
		Name: "aks", Scope: azuresim.DemoWebGroup, Actions: []string{"*/write"}, Principals: []string{azuresim.Everyone},
		ExcludePrincipals: []string{azuresim.DemoCarol}, DoNotApplyToChildScopes: true,
	})
	page, err := clients.NewDenyAssignmentsClient().NewListForScopePager(azuresim.DemoWeb1, &armauthorization.DenyAssignmentsClientListForScopeOptions{Filter: new("atScope()")}).NextPage(ctx)
	if err != nil || len(page.Value) != 1 {
		t.Fatalf("%v %v", page.Value, err)
	}
	if p := page.Value[0].Properties; *p.Principals[0].Type != "SystemDefined" || *p.ExcludePrincipals[0].ID != azuresim.DemoCarol || !*p.DoNotApplyToChildScopes {
		t.Errorf("%+v", p)
	}
	roles, err := clients.NewRoleDefinitionsClient().NewListPager(azuresim.DemoWeb1, &armauthorization.RoleDefinitionsClientListOptions{Filter: new("roleName eq 'Contributor'")}).NextPage(ctx)
	if err != nil || len(roles.Value) != 1 || *roles.Value[0].Name != azuresim.RoleContributor {
		t.Errorf("%v %v", roles.Value, err)
	}
	own, err := clients.NewPermissionsClient().NewListForResourcePager("prod-web", "Microsoft.Compute", "", "virtualMachines", "web-1", nil).NextPage(ctx)
	if err != nil || len(own.Value) != 1 || len(own.Value[0].Actions) != len(azuresim.BotActions()) {
		t.Errorf("own permissions: %v %v", own.Value, err)
	}
	if got := w.ask("GET", azuresim.DemoWeb1+"/providers/Microsoft.Authorization/roleDefinitions/00000000-0000-0000-0000-000000000009", ""); got.status != 404 || got.code() != "RoleDefinitionDoesNotExist" {
		t.Errorf("%d %s", got.status, got.text)
	}
	w.AddLock(azuresim.Lock{Name: "keep", Scope: azuresim.DemoDevGroup, Level: azuresim.CanNotDelete})
	w.AddLock(azuresim.Lock{Name: "frozen", Scope: azuresim.DemoDBGroup, Level: azuresim.ReadOnly})
	if got := w.ask("GET", azuresim.DemoDev1+"/providers/Microsoft.Authorization/locks?$filter=atScope()", ""); len(got.body.Value) != 1 || got.body.Value[0]["name"] != "keep" {
		t.Errorf("locks: %s", got.text)
	}
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"PUT", azuresim.DemoDevNSG + "/securityRules/jit", 201},
		{"DELETE", azuresim.DemoDevNSG + "/securityRules/jit", 409},
		{"PUT", azuresim.DemoDBSubnetNSG + "/securityRules/jit", 409},
		{"DELETE", azuresim.DemoDBSubnetNSG + "/securityRules/monitoring", 409},
		{"GET", azuresim.DemoDBSubnetNSG, 200},
	} {
		got := w.ask(c.method, c.path, ruleJSON(nil))
		if got.status != c.status || c.status == 409 && got.code() != "ScopeLocked" {
			t.Errorf("%s %s: %d %s", c.method, c.path, got.status, got.text)
		}
	}
	w.RemoveLock(azuresim.DemoDevGroup, "keep")
	if got := w.ask("DELETE", azuresim.DemoDevNSG+"/securityRules/jit", ""); got.status != 202 {
		t.Errorf("unlocked: %d", got.status)
	}
}

func TestCallerMustBeAllowed(t *testing.T) {
	w := newWorld(t)
	rule := azuresim.DemoDevNSG + "/securityRules/jit"
	check := func(why, method, path string, status int, code string) {
		t.Helper()
		if got := w.ask(method, path, ruleJSON(nil)); got.status != status || got.code() != code {
			t.Errorf("%s: %d %s", why, got.status, got.text)
		}
	}
	w.Configure(func(s *azuresim.Settings) { s.EnforceRBAC = true })
	check("in the role", "PUT", rule, 201, "")
	check("not in the role", "PUT", azuresim.DemoDevNSG, 403, "AuthorizationFailed")
	w.Deny(azuresim.DenyAssignment{Name: "no", Scope: azuresim.DemoDevGroup, Actions: []string{"*"}, NotActions: []string{"*/read"}, Principals: []string{azuresim.Everyone}})
	check("denied", "DELETE", rule, 403, "DenyAssignmentAuthorizationFailed")
	check("not denied", "GET", rule, 200, "")
	w.Configure(func(s *azuresim.Settings) {
		s.EnforceRBAC, s.DeniedActions = false, []string{"Microsoft.Network/*/delete"}
	})
	check("denied action", "DELETE", rule, 403, "AuthorizationFailed")
	w.Configure(func(s *azuresim.Settings) { s.DeniedActions, s.AllowedActions = nil, []string{"*/read"} })
	check("not allowed", "PUT", rule, 403, "AuthorizationFailed")
	check("allowed", "GET", rule, 200, "")
	for _, c := range []struct {
		who, action, scope string
		want               bool
	}{
		{azuresim.DemoAda, "Microsoft.Security/locations/jitNetworkAccessPolicies/initiate/action", azuresim.DemoWeb1, true},
		{azuresim.DemoAda, "Microsoft.Compute/virtualMachines/write", azuresim.DemoWeb1, false},
		{azuresim.DemoDave, "Microsoft.Compute/virtualMachines/read", azuresim.DemoWeb1, false},
		{azuresim.DemoDave, "Microsoft.Compute/virtualMachines/read", azuresim.DemoDev1, true},
		{azuresim.DemoBob, "Microsoft.Compute/virtualMachines/read", azuresim.DemoDev1, false},
		{azuresim.DemoCarol, "Microsoft.Compute/virtualMachines/write", azuresim.DemoDB1, true},
		{azuresim.DemoCarol, "Microsoft.Compute/virtualMachines/write", azuresim.DemoDev1, false},
	} {
		if got := w.Permitted(c.who, c.action, c.scope); got != c.want {
			t.Errorf("%+v: %t", c, got)
		}
	}
}
