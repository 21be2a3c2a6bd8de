package azure_test

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/rbac"
)

// What is taken away is taken from one role only; roles in a resource group
// are not held in the subscription.
func TestPermissions(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		const machines = "c0000000-0000-4000-8000-0000000000d1"
		w.PutRoleDefinition(azuresim.RoleDefinition{ID: machines, Name: "machines", Custom: true, Actions: []string{"Microsoft.Compute/*"}, NotActions: []string{"*/read"}})
		w.Assign(azuresim.RoleAssignment{Scope: azuresim.DemoSubscriptionScope, Role: machines, Principal: azuresim.DefaultPrincipalID})
		w.Assign(azuresim.RoleAssignment{Scope: azuresim.DemoWebGroup, Role: azuresim.RoleOwner, Principal: azuresim.DefaultPrincipalID})
		roles, err := w.Permissions(t.Context(), azuresim.DemoSubscription)
		if err != nil {
			t.Fatal(err)
		}
		h := rbac.Holdings{Scope: azuresim.DemoSubscriptionScope, Roles: roles}
		asked := append(azuresim.BotActions(), "Microsoft.Compute/virtualMachines/write", "Microsoft.Compute/disks/read", "Microsoft.Network/networkSecurityGroups/write")
		if diff := cmp.Diff([]string{"Microsoft.Compute/disks/read", "Microsoft.Network/networkSecurityGroups/write"}, h.Missing(asked)); diff != "" {
			t.Errorf("missing (-want +got):\n%s", diff)
		}
		if _, err := w.Permissions(t.Context(), "../x"); !errors.Is(err, jit.ErrInvalid) {
			t.Errorf("no GUID: %v", err)
		}
		w.AddFault(azuresim.Fault{Path: "/permissions", Status: http.StatusForbidden, Code: "AuthorizationFailed", Message: "no"})
		if _, err := w.Permissions(t.Context(), azuresim.DemoSubscription); !errors.Is(err, jit.ErrForbidden) {
			t.Errorf("forbidden: %v", err)
		} else {
			clean(t, err)
		}
	})
}
