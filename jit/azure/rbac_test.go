package azure_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

func isFiltered(r *http.Request) bool { return strings.Contains(r.URL.RawQuery, "filter") }

const (
	managementGroup = "/providers/Microsoft.Management/managementGroups/" + azuresim.DemoManagementGroup
	customRole      = "c0000000-0000-4000-8000-0000000000ff"
)

// missing is what the person lacks of a requester's actions at the machine.
func (w *world) missing(t *testing.T, user, vm string) []string {
	t.Helper()
	h, err := w.Holdings(t.Context(), user, vm)
	if err != nil {
		t.Fatal(err)
	}
	return h.Missing(azuresim.RequesterActions())
}

func TestHoldings(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	need := azuresim.RequesterActions()
	bob, vm := azuresim.DemoBob, azuresim.DemoWeb1
	assign := func(role, scope string) azuresim.RoleAssignment {
		return azuresim.RoleAssignment{Role: role, Scope: scope, Principal: bob}
	}
	tests := []struct {
		name    string
		user    string
		assign  azuresim.RoleAssignment
		role    azuresim.RoleDefinition
		missing []string
	}{
		{"nobody", bob, azuresim.RoleAssignment{}, azuresim.RoleDefinition{}, need},
		{"owner", bob, assign(azuresim.RoleOwner, azuresim.DemoSubscriptionScope), azuresim.RoleDefinition{}, nil},
		{"contributor", bob, assign(azuresim.RoleContributor, azuresim.DemoWebGroup), azuresim.RoleDefinition{}, nil},
		{"reader", bob, assign(azuresim.RoleReader, vm), azuresim.RoleDefinition{}, need[:1]},
		{"VM contributor", bob, assign(azuresim.RoleVMContributor, vm), azuresim.RoleDefinition{}, need[:2]},
		{"security admin", bob, assign(azuresim.RoleSecurityAdmin, azuresim.DemoSubscriptionScope), azuresim.RoleDefinition{}, need[2:]},
		{"least", bob, assign(azuresim.RoleJITRequester, azuresim.DemoSubscriptionScope), azuresim.RoleDefinition{}, nil},
		{"other group", bob, assign(azuresim.RoleOwner, azuresim.DemoDevGroup), azuresim.RoleDefinition{}, need},
		{"other machine", bob, assign(azuresim.RoleOwner, vm+"0"), azuresim.RoleDefinition{}, need},
		{"management group", bob, assign(azuresim.RoleOwner, managementGroup), azuresim.RoleDefinition{}, nil},
		{"root", bob, assign(azuresim.RoleOwner, "/"), azuresim.RoleDefinition{}, nil},
		{
			"conditional inside the role", bob, assign(customRole, vm),
			azuresim.RoleDefinition{ID: customRole, Name: "ours", Actions: need, Condition: "@Resource[x] StringEquals 'y'"},
			need,
		},
		{
			"one of two permissions conditional", bob, assign(customRole, vm),
			azuresim.RoleDefinition{
				ID: customRole, Name: "ours", Actions: need[1:],
				More: []azuresim.Permission{{Actions: need[:1], Condition: "@Resource[x] StringEquals 'y'"}},
			},
			need[:1],
		},
		{
			"conditional", bob,
			azuresim.RoleAssignment{Role: azuresim.RoleOwner, Scope: vm, Principal: bob, Condition: "@Resource[x] StringEquals 'y'"},
			azuresim.RoleDefinition{},
			need,
		},
		{"group in a group", azuresim.DemoAda, azuresim.RoleAssignment{}, azuresim.RoleDefinition{}, nil},
		{"owner by the management group", azuresim.DemoCarol, azuresim.RoleAssignment{}, azuresim.RoleDefinition{}, nil},
		{"conditional here, plain elsewhere", azuresim.DemoDave, azuresim.RoleAssignment{}, azuresim.RoleDefinition{}, need},
		{
			"taken away", bob, assign(customRole, vm),
			azuresim.RoleDefinition{ID: customRole, Name: "most", Custom: true, Actions: []string{"*"}, NotActions: []string{"Microsoft.Security/*/initiate/action"}},
			need[:1],
		},
		{
			"one letter of a star taken away", bob, assign(customRole, vm),
			azuresim.RoleDefinition{ID: customRole, Name: "most", Custom: true, Actions: []string{"*"}, NotActions: []string{"Microsoft.Network/networkInterfaces/ipconfigurations/read"}},
			need[3:],
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				if tt.role.ID != "" {
					w.PutRoleDefinition(tt.role)
				}
				if tt.assign.Role != "" {
					w.Assign(tt.assign)
				}
				if diff := cmp.Diff(tt.missing, w.missing(t, tt.user, vm)); diff != "" {
					t.Error(diff)
				}
				if n := w.sent("GET", "transitiveMemberOf"); n != 0 {
					t.Errorf("the groups were read %d times for nothing", n)
				}
			})
		})
	}
}

func TestDenyAssignments(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	need := azuresim.RequesterActions()
	ada, vm := azuresim.DemoAda, azuresim.DemoWeb1
	all, bot := []string{"*"}, []string{azuresim.DefaultPrincipalID} // the bot must be able to read them
	tests := []struct {
		name    string
		deny    azuresim.DenyAssignment
		missing []string
	}{
		{"her", azuresim.DenyAssignment{Scope: vm, Actions: all, Principals: []string{ada}}, need},
		{"her group's group", azuresim.DenyAssignment{Scope: azuresim.DemoWebGroup, Actions: all, Principals: []string{azuresim.DemoEngineers}}, need},
		{"everyone", azuresim.DenyAssignment{Scope: azuresim.DemoSubscriptionScope, Actions: all, Principals: []string{azuresim.Everyone}, ExcludePrincipals: bot}, need},
		{"everyone but her group", azuresim.DenyAssignment{Scope: vm, Actions: all, Principals: []string{azuresim.Everyone}, ExcludePrincipals: append([]string{azuresim.DemoPlatform}, bot...)}, nil},
		{"everyone but another", azuresim.DenyAssignment{Scope: vm, Actions: all, Principals: []string{azuresim.Everyone}, ExcludePrincipals: append([]string{azuresim.DemoBob}, bot...)}, need},
		{"another", azuresim.DenyAssignment{Scope: vm, Actions: all, Principals: []string{azuresim.DemoBob}}, nil},
		{"one action", azuresim.DenyAssignment{Scope: vm, Actions: []string{"microsoft.security/*/INITIATE/action"}, Principals: []string{ada}}, need[:1]},
		{"all but reading", azuresim.DenyAssignment{Scope: vm, Actions: all, NotActions: []string{"*/read"}, Principals: []string{ada}}, need[:1]},
		{"not for children", azuresim.DenyAssignment{Scope: azuresim.DemoWebGroup, Actions: all, Principals: []string{ada}, DoNotApplyToChildScopes: true}, nil},
		{"conditional denies all the same", azuresim.DenyAssignment{Scope: vm, Actions: all, Principals: []string{ada}, Condition: "x"}, need},
		{"elsewhere", azuresim.DenyAssignment{Scope: azuresim.DemoDevGroup, Actions: all, Principals: []string{ada}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.Deny(tt.deny)
				if diff := cmp.Diff(tt.missing, w.missing(t, ada, vm)); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestHoldingsPaged(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Configure(func(s *azuresim.Settings) { s.PageSize = 2 })
		for i := range 5 {
			w.Deny(azuresim.DenyAssignment{Scope: azuresim.DemoWeb1, Actions: []string{"a/b"}, Principals: []string{azuresim.Everyone}})
			w.Assign(azuresim.RoleAssignment{Scope: azuresim.DemoWeb1, Role: azuresim.RoleReader, Principal: azuresim.DemoAda, Name: fmt.Sprintf("00000000-0000-4000-8000-%012d", i)})
		}
		// More groups than fit a page of Graph.
		for i := range 1100 {
			w.PutGroup(azuresim.Group{ID: fmt.Sprintf("61000000-0000-4000-8000-%012d", i), Name: "g", Members: []string{azuresim.DemoAda}})
		}
		h, err := w.Holdings(t.Context(), azuresim.DemoAda, azuresim.DemoWeb1)
		if err != nil || len(h.Roles) != 6 || len(h.Denies) != 5 || len(h.Groups) != 1102 {
			t.Errorf("%d roles, %d denies, %d groups, %v", len(h.Roles), len(h.Denies), len(h.Groups), err)
		}
	})
}

// TestDefinitionsAreRead: custom roles afresh each time, built-in ones seldom.
func TestDefinitionsAreRead(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Assign(azuresim.RoleAssignment{Scope: azuresim.DemoWeb1, Role: azuresim.RoleReader, Principal: azuresim.DemoAda})
		w.missing(t, azuresim.DemoAda, azuresim.DemoWeb1)
		if n := w.sent("GET", "roleDefinitions"); n != 2 {
			t.Errorf("%d definitions read", n)
		}
		w.Reset()
		w.PutRoleDefinition(azuresim.RoleDefinition{ID: azuresim.RoleJITRequester, Name: "JIT requester", Custom: true})
		if got := w.missing(t, azuresim.DemoAda, azuresim.DemoWeb1); len(got) != 1 {
			t.Errorf("the changed role was not read again: missing %v", got)
		}
		if n := w.sent("GET", azuresim.RoleReader); n != 0 {
			t.Errorf("the built-in role was read again %d times", n)
		}
		time.Sleep(10 * time.Minute)
		w.missing(t, azuresim.DemoAda, azuresim.DemoWeb1)
		if n := w.sent("GET", azuresim.RoleReader); n != 1 {
			t.Errorf("the built-in role was read again %d times", n)
		}
	})
}

func TestUnreadableRole(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	for name, fault := range map[string]azuresim.Fault{
		"gone": {Status: 404, Code: "RoleDefinitionDoesNotExist"}, "forbidden": azuresim.Forbidden(),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.AddFault(fault.On("", "roleDefinitions/"+azuresim.RoleJITRequester))
				h, err := w.Holdings(t.Context(), azuresim.DemoAda, azuresim.DemoWeb1)
				if err != nil || len(h.Roles) != 1 || !h.Roles[0].Unreadable || len(h.Missing(azuresim.RequesterActions())) != 4 {
					t.Errorf("%+v, %v", h, err)
				}
			})
		})
	}
}

// TestDoubtIsAnError: whatever cannot be read, nobody is told yes or no.
func TestDoubtIsAnError(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	for _, path := range []string{"roleAssignments", "roleDefinitions", "denyAssignments", "transitiveMemberOf"} {
		for _, status := range []int{404, 429, 503} {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.Deny(azuresim.DenyAssignment{Scope: azuresim.DemoWeb1, Actions: []string{"a/b"}, Principals: []string{azuresim.Everyone}})
				w.AddFault(azuresim.Fault{Path: path, Status: status, Code: "X"})
				h, err := w.Holdings(t.Context(), azuresim.DemoAda, azuresim.DemoWeb1)
				if err == nil || h.User != "" {
					t.Errorf("%s %d: %+v, %v", path, status, h, err)
				}
			})
		}
	}
}

func TestHoldingsOfNonsense(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for _, ask := range [][2]string{
			{"", azuresim.DemoWeb1},
			{"ada", azuresim.DemoWeb1},
			{azuresim.DemoAda + "')", azuresim.DemoWeb1},
			{"x')+or+principalId+eq+('00000000-0000", azuresim.DemoWeb1},
			{azuresim.DemoAda, ""},
			{azuresim.DemoAda, azuresim.DemoWeb1 + "?x"},
			{azuresim.DemoAda, azuresim.DemoWeb1 + "/../.."},
		} {
			_, err := w.Holdings(t.Context(), ask[0], ask[1])
			checkKind(t, err, jit.ErrInvalid)
		}
		if n := len(w.Requests()); n != 0 {
			t.Errorf("%d requests", n)
		}
	})
}
