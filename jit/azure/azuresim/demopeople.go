package azuresim

// The demo's people: object ids, user principal names and mail addresses.
const (
	// DemoAda is an engineer: she may request, through a nested group. Her
	// mail is not her user principal name.
	DemoAda     = "adaada00-0000-4000-8000-000000000001"
	DemoAdaUPN  = "ada.lovelace@contoso.onmicrosoft.com"
	DemoAdaMail = "ada@contoso.example"
	// DemoGrace and DemoAlan approve; they are Virtual Machine Contributors.
	DemoGrace     = "6aace000-0000-4000-8000-000000000002"
	DemoGraceMail = "grace@contoso.example"
	DemoAlan      = "a1a40000-0000-4000-8000-000000000003"
	DemoAlanMail  = "alan@contoso.example"
	// DemoBob has no role at all.
	DemoBob     = "b0b00000-0000-4000-8000-000000000004"
	DemoBobMail = "bob@contoso.example"
	// DemoCarol owns the subscription by the management group.
	DemoCarol     = "ca401000-0000-4000-8000-000000000005"
	DemoCarolMail = "carol@contoso.example"
	// DemoDave may request in dev only, directly, under a condition in prod.
	DemoDave     = "dabe0000-0000-4000-8000-000000000006"
	DemoDaveMail = "dave@contoso.example"
	// DemoErin may request everywhere but is disabled.
	DemoErin     = "e4100000-0000-4000-8000-000000000007"
	DemoErinMail = "erin@contoso.example"
	// DemoFrank is a guest who may request in dev; his UPN has a hash in it.
	DemoFrank     = "f4a00000-0000-4000-8000-000000000008"
	DemoFrankUPN  = "frank_partner.example#EXT#@contoso.onmicrosoft.com"
	DemoFrankMail = "frank@partner.example"

	// DemoEngineers holds DemoPlatform, which holds Ada.
	DemoEngineers = "60000000-0000-4000-8000-0000000000e1"
	DemoPlatform  = "60000000-0000-4000-8000-0000000000e2"

	// RoleJITRequester is a custom role with the four actions a requester
	// needs; RoleJITBot one with what the bot needs, and no more.
	RoleJITRequester = "c0000000-0000-4000-8000-0000000000a1"
	RoleJITBot       = "c0000000-0000-4000-8000-0000000000a2"
)

// RequesterActions are the Azure actions a requester holds at a machine.
func RequesterActions() []string {
	return []string{
		"Microsoft.Security/locations/jitNetworkAccessPolicies/initiate/action",
		"Microsoft.Security/locations/jitNetworkAccessPolicies/*/read",
		"Microsoft.Compute/virtualMachines/read",
		"Microsoft.Network/networkInterfaces/*/read",
	}
}

// BotActions are the least a bot that writes rules one by one needs. Writing
// whole groups would need networkSecurityGroups/write besides.
func BotActions() []string {
	return []string{
		"Microsoft.Network/networkSecurityGroups/read",
		"Microsoft.Network/networkSecurityGroups/securityRules/read",
		"Microsoft.Network/networkSecurityGroups/securityRules/write",
		"Microsoft.Network/networkSecurityGroups/securityRules/delete",
		"Microsoft.Network/networkInterfaces/read",
		"Microsoft.Network/virtualNetworks/read",
		"Microsoft.Network/virtualNetworks/subnets/read",
		"Microsoft.Network/networkInterfaces/effectiveNetworkSecurityGroups/action",
		"Microsoft.Network/networkWatchers/read",
		"Microsoft.Network/networkWatchers/ipFlowVerify/action",
		"Microsoft.Network/virtualNetworks/listNetworkManagerEffectiveSecurityAdminRules/action",
		"Microsoft.Network/publicIPAddresses/read",
		"Microsoft.Network/routeTables/read",
		"Microsoft.Network/loadBalancers/read",
		"Microsoft.Network/azureFirewalls/read",
		"Microsoft.Network/locations/operations/read",
		"Microsoft.Network/locations/operationResults/read",
		"Microsoft.Compute/virtualMachines/read",
		"Microsoft.Authorization/*/read",
	}
}

func seedPeople(s *Sim) {
	for _, u := range []User{
		{ID: DemoAda, UPN: DemoAdaUPN, Mail: DemoAdaMail, DisplayName: "Ada Lovelace"},
		{ID: DemoGrace, UPN: DemoGraceMail, Mail: DemoGraceMail, DisplayName: "Grace Hopper"},
		{ID: DemoAlan, UPN: DemoAlanMail, Mail: DemoAlanMail, DisplayName: "Alan Turing"},
		{ID: DemoBob, UPN: DemoBobMail, Mail: DemoBobMail, DisplayName: "Bob Newhart"},
		{ID: DemoCarol, UPN: DemoCarolMail, Mail: DemoCarolMail, DisplayName: "Carol Shaw"},
		{ID: DemoDave, UPN: DemoDaveMail, Mail: DemoDaveMail, DisplayName: "Dave Cutler"},
		{ID: DemoErin, UPN: DemoErinMail, Mail: DemoErinMail, DisplayName: "Erin Doe", Disabled: true},
		{ID: DemoFrank, UPN: DemoFrankUPN, Mail: DemoFrankMail, DisplayName: "Frank Partner"},
	} {
		s.PutUser(u)
	}
	s.PutGroup(Group{ID: DemoPlatform, Name: "platform", Members: []string{DemoAda}})
	s.PutGroup(Group{ID: DemoEngineers, Name: "engineers", Members: []string{DemoPlatform, DemoErin}})
	s.PutRoleDefinition(RoleDefinition{
		ID: RoleJITRequester, Name: "JIT requester", Custom: true, Description: "May ask for access to virtual machines.",
		Actions: RequesterActions(), AssignableScopes: []string{DemoSubscriptionScope},
	})
	s.PutRoleDefinition(RoleDefinition{
		ID: RoleJITBot, Name: "jitbot", Custom: true, Description: "Opens and closes network access.",
		Actions: BotActions(), AssignableScopes: []string{DemoSubscriptionScope},
	})
	group := "/providers/Microsoft.Management/managementGroups/" + DemoManagementGroup
	for i, a := range []RoleAssignment{
		{Scope: DemoSubscriptionScope, Role: RoleJITRequester, Principal: DemoEngineers},
		{Scope: DemoSubscriptionScope, Role: RoleVMContributor, Principal: DemoGrace},
		{Scope: DemoSubscriptionScope, Role: RoleVMContributor, Principal: DemoAlan},
		{Scope: group, Role: RoleOwner, Principal: DemoCarol},
		{Scope: DemoDevGroup, Role: RoleJITRequester, Principal: DemoDave},
		{Scope: DemoWebGroup, Role: RoleJITRequester, Principal: DemoDave, Condition: "(!(ActionMatches{'Microsoft.Security/*'}))"},
		{Scope: DemoDevGroup, Role: RoleJITRequester, Principal: DemoFrank},
		{Scope: DemoSubscriptionScope, Role: RoleJITBot, Principal: s.options.PrincipalID},
	} {
		a.Name = guidOf("demo assignment " + string(rune('a'+i)))
		s.Assign(a)
	}
}
