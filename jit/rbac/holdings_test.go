package rbac_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"jitbot/jit/jittest"
	"jitbot/jit/policies"
	"jitbot/jit/rbac"
)

const (
	subscription = "/subscriptions/11111111-2222-3333-4444-555555555555"
	team         = "bbbbbbbb-0000-0000-0000-000000000002"
)

// The actions that Azure's documentation lists for its built-in roles, without
// those that have nothing to do with machines, networks and security.
var (
	ownerRole       = rbac.Role{Name: "Owner", Actions: []string{"*"}}
	readerRole      = rbac.Role{Name: "Reader", Actions: []string{"*/read"}}
	contributorRole = rbac.Role{Name: "Contributor", Actions: []string{"*"}, NotActions: []string{
		"Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write", "Microsoft.Authorization/elevateAccess/Action",
		"Microsoft.Blueprint/blueprintAssignments/write", "Microsoft.Blueprint/blueprintAssignments/delete",
		"Microsoft.Compute/galleries/share/action", "Microsoft.Purview/consents/write", "Microsoft.Purview/consents/delete",
		"Microsoft.Resources/deploymentStacks/manageDenySetting/action",
		"Microsoft.Subscription/cancel/action", "Microsoft.Subscription/enable/action",
	}}
	vmContributorRole = rbac.Role{Name: "Virtual Machine Contributor", Actions: []string{
		"Microsoft.Authorization/*/read", "Microsoft.Compute/availabilitySets/*", "Microsoft.Compute/locations/*",
		"Microsoft.Compute/virtualMachines/*", "Microsoft.Compute/virtualMachineScaleSets/*", "Microsoft.Compute/cloudServices/*",
		"Microsoft.Compute/disks/write", "Microsoft.Compute/disks/read", "Microsoft.Compute/disks/delete",
		"Microsoft.DevTestLab/schedules/*", "Microsoft.Insights/alertRules/*", "Microsoft.Network/locations/*",
		"Microsoft.Network/networkInterfaces/*", "Microsoft.Network/networkSecurityGroups/join/action",
		"Microsoft.Network/networkSecurityGroups/read", "Microsoft.Network/publicIPAddresses/join/action",
		"Microsoft.Network/publicIPAddresses/read", "Microsoft.Network/virtualNetworks/read",
		"Microsoft.Network/virtualNetworks/subnets/join/action", "Microsoft.ResourceHealth/availabilityStatuses/read",
		"Microsoft.Resources/deployments/*", "Microsoft.Resources/subscriptions/resourceGroups/read", "Microsoft.Support/*",
	}}
	securityAdminRole = rbac.Role{Name: "Security Admin", Actions: []string{
		"Microsoft.Authorization/*/read", "Microsoft.Authorization/policyAssignments/*", "Microsoft.Authorization/policyDefinitions/*",
		"Microsoft.Authorization/policyExemptions/*", "Microsoft.Authorization/policySetDefinitions/*",
		"Microsoft.Insights/alertRules/*", "Microsoft.Management/managementGroups/read", "Microsoft.operationalInsights/workspaces/*/read",
		"Microsoft.Resources/deployments/*", "Microsoft.Resources/subscriptions/resourceGroups/read",
		"Microsoft.Security/*", "Microsoft.IoTSecurity/*", "Microsoft.Support/*",
	}}
	leastRole = rbac.Role{Name: "JIT requester", Actions: policies.DefaultActions()}
)

// at is the role assigned at a scope.
func at(r rbac.Role, scope string) rbac.Role {
	r.Scope = scope
	return r
}

func less(r rbac.Role, notActions ...string) rbac.Role {
	r.NotActions = append(append([]string{}, r.NotActions...), notActions...)
	return r
}

const (
	initiate = "Microsoft.Security/locations/jitNetworkAccessPolicies/initiate/action"
	readJIT  = "Microsoft.Security/locations/jitNetworkAccessPolicies/*/read"
	readVM   = "Microsoft.Compute/virtualMachines/read"
	readNIC  = "Microsoft.Network/networkInterfaces/*/read"
)

func TestRoles(t *testing.T) {
	all := []string{initiate, readJIT, readVM, readNIC}
	tests := []struct {
		name  string
		roles []rbac.Role
		want  []string // missing
	}{
		{"no role", nil, all},
		{"Owner", []rbac.Role{at(ownerRole, subscription)}, nil},
		{"Contributor", []rbac.Role{at(contributorRole, subscription)}, nil},
		{"Reader", []rbac.Role{at(readerRole, subscription)}, []string{initiate}},
		{"Virtual Machine Contributor", []rbac.Role{at(vmContributorRole, subscription)}, []string{initiate, readJIT}},
		{"Security Admin reads no machine and no network", []rbac.Role{at(securityAdminRole, subscription)}, []string{readVM, readNIC}},
		{"Security Admin and Reader, each for its part", []rbac.Role{at(securityAdminRole, subscription), at(readerRole, subscription)}, nil},
		{"Security Admin and Virtual Machine Contributor", []rbac.Role{at(securityAdminRole, subscription), at(vmContributorRole, jittest.VMID)}, nil},
		{"the least role", []rbac.Role{at(leastRole, jittest.VMID)}, nil},
		{"the least role, twice", []rbac.Role{at(leastRole, jittest.VMID), at(leastRole, subscription)}, nil},
		{"actions in another case", []rbac.Role{at(rbac.Role{Actions: []string{"MICROSOFT.SECURITY/*", "*/READ"}}, jittest.VMID)}, nil},
		{"at the root", []rbac.Role{at(ownerRole, "/")}, nil},
		{"at a management group", []rbac.Role{at(ownerRole, "/providers/Microsoft.Management/managementGroups/corp")}, nil},
		{"at the resource group", []rbac.Role{at(ownerRole, jittest.VMGroup)}, nil},
		{"at the resource group, another case", []rbac.Role{at(ownerRole, strings.ToUpper(jittest.VMGroup))}, nil},
		{"at the resource group, with a slash", []rbac.Role{at(ownerRole, jittest.VMGroup+"/")}, nil},
		{"at the VM", []rbac.Role{at(ownerRole, jittest.VMID)}, nil},
		{"at another subscription", []rbac.Role{at(ownerRole, "/subscriptions/99999999-2222-3333-4444-555555555555")}, all},
		{"at another resource group", []rbac.Role{at(ownerRole, subscription+"/resourceGroups/test")}, all},
		{"at a resource group that begins the name", []rbac.Role{at(ownerRole, subscription+"/resourceGroups/pro")}, all},
		{"at a resource group that the name begins", []rbac.Role{at(ownerRole, jittest.VMGroup+"-db")}, all},
		{"at a VM that begins the name", []rbac.Role{at(ownerRole, strings.TrimSuffix(jittest.VMID, "1"))}, all},
		{"below the VM", []rbac.Role{at(ownerRole, jittest.VMID+"/extensions/a")}, all},
		{"at no scope that was told", []rbac.Role{at(ownerRole, "")}, all},
		{"conditional", []rbac.Role{{Scope: jittest.VMID, Actions: []string{"*"}, Conditional: true}}, all},
		{"conditional beside a plain one", []rbac.Role{{Scope: jittest.VMID, Actions: []string{"*"}, Conditional: true}, at(readerRole, jittest.VMID)}, []string{initiate}},
		{"unreadable", []rbac.Role{{Scope: jittest.VMID, Unreadable: true}}, all},
		{"unreadable in part", []rbac.Role{{Scope: jittest.VMID, Actions: []string{"*"}, Unreadable: true}}, all},
		{"less what is needed", []rbac.Role{at(less(ownerRole, initiate), jittest.VMID)}, []string{initiate}},
		{"less all of a provider", []rbac.Role{at(less(ownerRole, "Microsoft.Security/*"), jittest.VMID)}, []string{initiate, readJIT}},
		{"less something else", []rbac.Role{at(less(ownerRole, "Microsoft.Security/locations/alerts/*"), jittest.VMID)}, nil},
		{"less, and another role grants it", []rbac.Role{at(less(ownerRole, initiate), jittest.VMID), at(leastRole, jittest.VMID)}, nil},
		{"less a part of what a star means", []rbac.Role{at(less(ownerRole, "Microsoft.Network/networkInterfaces/ipConfigurations/read"), jittest.VMID)}, []string{readNIC}},
		{"less writes only", []rbac.Role{at(less(ownerRole, "*/write", "*/delete"), jittest.VMID)}, nil},
		{"less by a star that meets", []rbac.Role{at(less(ownerRole, "*/ipConfigurations/*"), jittest.VMID)}, []string{readJIT, readNIC}},
		{"a star is covered by one pattern only", []rbac.Role{at(rbac.Role{Actions: []string{
			"Microsoft.Network/networkInterfaces/a*/read", "Microsoft.Network/networkInterfaces/ipConfigurations/read", "Microsoft.Network/networkInterfaces/read",
		}}, jittest.VMID)}, all},
		{"two halves do not cover it", []rbac.Role{
			at(rbac.Role{Actions: []string{initiate, readJIT, readVM, "Microsoft.Network/networkInterfaces/a*"}}, jittest.VMID),
			at(rbac.Role{Actions: []string{"Microsoft.Network/networkInterfaces/*a/read"}}, jittest.VMID),
		}, []string{readNIC}},
		{"a longer action is another", []rbac.Role{at(rbac.Role{Actions: []string{initiate + "s", readJIT, readVM + "/x", readNIC}}, jittest.VMID)}, []string{initiate, readVM}},
		{"no actions", []rbac.Role{at(rbac.Role{Name: "Storage Blob Data Reader"}, jittest.VMID)}, all},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := rbac.Holdings{User: jittest.Ann, Scope: jittest.VMID, Roles: tt.roles}
			if diff := cmp.Diff(tt.want, h.Missing(policies.DefaultActions())); diff != "" {
				t.Errorf("missing (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDenyAssignments(t *testing.T) {
	everything := func(change func(*rbac.Deny)) rbac.Deny {
		d := rbac.Deny{Scope: jittest.VMGroup, Actions: []string{initiate}, Principals: []string{jittest.Ann}}
		change(&d)
		return d
	}
	tests := []struct {
		name string
		deny rbac.Deny
		want []string // missing
	}{
		{"direct", everything(func(*rbac.Deny) {}), []string{initiate}},
		{"direct, another case", everything(func(d *rbac.Deny) { d.Principals = []string{strings.ToUpper(jittest.Ann)} }), []string{initiate}},
		{"by a group", everything(func(d *rbac.Deny) { d.Principals = []string{strings.ToUpper(team)} }), []string{initiate}},
		{"of somebody else", everything(func(d *rbac.Deny) { d.Principals = []string{"cccccccc-0000-0000-0000-000000000003"} }), nil},
		{"of nobody", everything(func(d *rbac.Deny) { d.Principals = nil }), nil},
		{"of everyone", everything(func(d *rbac.Deny) { d.Principals, d.Everyone = nil, true }), []string{initiate}},
		{"of everyone but her", everything(func(d *rbac.Deny) { d.Everyone, d.Excluded = true, []string{jittest.Ann} }), nil},
		{"of everyone but her group", everything(func(d *rbac.Deny) { d.Everyone, d.Excluded = true, []string{team} }), nil},
		{"of everyone but somebody else", everything(func(d *rbac.Deny) { d.Everyone, d.Excluded = true, []string{"cccccccc-0000-0000-0000-000000000003"} }), []string{initiate}},
		{"of her group but her", everything(func(d *rbac.Deny) { d.Principals, d.Excluded = []string{team}, []string{jittest.Ann} }), nil},
		{"above", everything(func(d *rbac.Deny) { d.Scope = subscription }), []string{initiate}},
		{"at a management group", everything(func(d *rbac.Deny) { d.Scope = "/providers/Microsoft.Management/managementGroups/corp" }), []string{initiate}},
		{"at the VM", everything(func(d *rbac.Deny) { d.Scope = jittest.VMID }), []string{initiate}},
		{"elsewhere", everything(func(d *rbac.Deny) { d.Scope = jittest.VMGroup + "-db" }), nil},
		{"above, its scope only", everything(func(d *rbac.Deny) { d.NotChildren = true }), nil},
		{"at the VM, its scope only", everything(func(d *rbac.Deny) { d.NotChildren, d.Scope = true, strings.ToUpper(jittest.VMID) }), []string{initiate}},
		{"of all actions", everything(func(d *rbac.Deny) { d.Actions = []string{"*"} }), []string{initiate, readJIT, readVM, readNIC}},
		{"of writes", everything(func(d *rbac.Deny) { d.Actions = []string{"*/write", "*/delete"} }), nil},
		{"of all but reads", everything(func(d *rbac.Deny) { d.Actions, d.NotActions = []string{"*"}, []string{"*/read"} }), []string{initiate}},
		{"of a part of what a star means", everything(func(d *rbac.Deny) { d.Actions = []string{"Microsoft.Network/networkInterfaces/ipConfigurations/*"} }), []string{readNIC}},
		{"a part left out does not save the rest", everything(func(d *rbac.Deny) {
			d.Actions, d.NotActions = []string{"*"}, []string{initiate, readJIT, readVM, "Microsoft.Network/networkInterfaces/ipConfigurations/read"}
		}), []string{readNIC}},
		{"of nothing", everything(func(d *rbac.Deny) { d.Actions = nil }), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := rbac.Holdings{
				User: jittest.Ann, Groups: []string{team}, Scope: jittest.VMID,
				Roles: []rbac.Role{at(ownerRole, subscription)}, Denies: []rbac.Deny{tt.deny},
			}
			if diff := cmp.Diff(tt.want, h.Missing(policies.DefaultActions())); diff != "" {
				t.Errorf("missing (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMissingNothing(t *testing.T) {
	if got := (rbac.Holdings{User: jittest.Ann, Scope: jittest.VMID}).Missing(nil); got != nil {
		t.Errorf("nothing is required and %q is missing", got)
	}
}

// Another role never takes away, another deny never gives.
func TestRolesAddAndDeniesTake(t *testing.T) {
	action := rapid.SampledFrom([]string{initiate, readJIT, readVM, readNIC, "*", "*/read", "Microsoft.Security/*", "Microsoft.*/read", "Microsoft.Network/*"})
	actions := rapid.SliceOfN(action, 0, 3)
	scope := rapid.SampledFrom([]string{"/", subscription, jittest.VMGroup, jittest.VMGroup + "-db", jittest.VMID, ""})
	role := rapid.Custom(func(t *rapid.T) rbac.Role {
		return rbac.Role{Scope: scope.Draw(t, "scope"), Actions: actions.Draw(t, "actions"), NotActions: actions.Draw(t, "not"), Conditional: rapid.Bool().Draw(t, "conditional")}
	})
	deny := rapid.Custom(func(t *rapid.T) rbac.Deny {
		return rbac.Deny{Scope: scope.Draw(t, "scope"), Actions: actions.Draw(t, "actions"), NotActions: actions.Draw(t, "not"), Everyone: rapid.Bool().Draw(t, "everyone")}
	})
	rapid.Check(t, func(t *rapid.T) {
		h := rbac.Holdings{User: jittest.Ann, Scope: jittest.VMID, Roles: rapid.SliceOfN(role, 0, 3).Draw(t, "roles"), Denies: rapid.SliceOfN(deny, 0, 2).Draw(t, "denies")}
		before := len(h.Missing(policies.DefaultActions()))
		more, worse := h, h
		more.Roles = append(append([]rbac.Role{}, h.Roles...), role.Draw(t, "role"))
		worse.Denies = append(append([]rbac.Deny{}, h.Denies...), deny.Draw(t, "deny"))
		if after := len(more.Missing(policies.DefaultActions())); after > before {
			t.Errorf("one more role: %d missing, before %d", after, before)
		}
		if after := len(worse.Missing(policies.DefaultActions())); after < before {
			t.Errorf("one more deny: %d missing, before %d", after, before)
		}
	})
}
