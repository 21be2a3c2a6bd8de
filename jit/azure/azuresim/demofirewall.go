package azuresim

// The places of SeedFirewalls. Ids are whole resource ids.
const (
	demoHub   = demoRoot + "/resourceGroups/hub"
	fires     = "/providers/Microsoft.Network/azureFirewalls/"
	fireRules = "/providers/Microsoft.Network/firewallPolicies/"
	tables    = "/providers/Microsoft.Network/routeTables/"

	// DemoHubGroup holds the firewalls and what is behind them.
	DemoHubGroup = demoHub

	// DemoApp is a Linux machine behind the NAT rules of DemoFirewall, which
	// has classic rules; DemoAppNSG is the group of its subnet.
	DemoApp      = demoHub + machines + "app-1"
	DemoFirewall = demoHub + fires + "hub-fw"
	DemoAppNSG   = demoHub + guards + "apps-nsg"

	// DemoCore is a Windows machine behind the network rules of
	// DemoEdgePolicy, which DemoEdgeFirewall uses and which inherits from
	// DemoCorpPolicy; DemoCoreNSG is the group of its subnet.
	DemoCore         = demoHub + machines + "core-1"
	DemoEdgeFirewall = demoHub + fires + "edge-fw"
	DemoEdgePolicy   = demoHub + fireRules + "edge-policy"
	DemoCorpPolicy   = demoHub + fireRules + "corp-policy"
	DemoCoreNSG      = demoHub + guards + "core-nsg"

	// DemoFirewallIP and DemoFirewallIP2 are public addresses of
	// DemoFirewall, DemoEdgeIP is that of DemoEdgeFirewall.
	DemoFirewallIP  = "20.50.20.1"
	DemoFirewallIP2 = "20.50.20.2"
	DemoEdgeIP      = "20.50.30.1"
	// DemoFirewallSubnet and DemoEdgeSubnet are what machines behind them see
	// after a NAT rule.
	DemoFirewallSubnet = "10.40.0.0/26"
	DemoEdgeSubnet     = "10.50.0.0/26"

	// RoleJITFirewalls is a custom role with what a bot needs besides
	// RoleJITBot to write firewalls.
	RoleJITFirewalls = "c0000000-0000-4000-8000-0000000000a3"

	demoHubNet  = demoHub + networks + "hub-vnet"
	demoEdgeNet = demoHub + networks + "edge-vnet"
)

// FirewallActions are the least a bot needs to write firewalls of both kinds
// besides BotActions.
func FirewallActions() []string {
	return []string{
		"Microsoft.Network/azureFirewalls/write",
		"Microsoft.Network/firewallPolicies/read",
		"Microsoft.Network/firewallPolicies/firewallPolicyDrafts/read",
		"Microsoft.Network/firewallPolicies/ruleCollectionGroups/read",
		"Microsoft.Network/firewallPolicies/ruleCollectionGroups/ruleCollectionGroupsDrafts/read",
		"Microsoft.Network/firewallPolicies/ruleCollectionGroups/write",
		"Microsoft.Network/firewallPolicies/ruleCollectionGroups/delete",
		"Microsoft.Network/virtualNetworks/subnets/join/action",
		"Microsoft.Network/publicIPAddresses/join/action",
		"Microsoft.Network/routeTables/read",
		"Microsoft.Network/loadBalancers/read",
		"Microsoft.Network/applicationSecurityGroups/read",
		"Microsoft.Network/virtualHubs/read",
	}
}

// SeedFirewalls adds to the demo a resource group with two firewalls: one
// with classic rules, with a machine behind its NAT rules, and one that uses
// a policy, with a machine behind its network rules. Everywhere are other
// people's rules. Settings are left as they are; a firewall's write takes
// Settings.FirewallTime.
func SeedFirewalls(s *Sim) {
	s.PutSubscription(Subscription{ID: DemoSubscription, Name: "Contoso Production", ManagementGroups: []string{DemoManagementGroup}})
	s.PutResourceGroup(ResourceGroup{Subscription: DemoSubscription, Name: "hub", Location: DemoLocation})
	s.PutRoleDefinition(RoleDefinition{
		ID: RoleJITFirewalls, Name: "jitbot firewalls", Custom: true, Description: "Opens and closes network access in firewalls.",
		Actions: FirewallActions(), AssignableScopes: []string{DemoSubscriptionScope},
	})
	s.Assign(RoleAssignment{
		Name: guidOf("demo assignment firewalls"), Scope: DemoSubscriptionScope, Role: RoleJITFirewalls, Principal: s.options.PrincipalID,
	})
	seedBehind(s)
	s.PutFirewallPolicy(FirewallPolicy{ID: DemoCorpPolicy, Location: DemoLocation})
	s.PutFirewallPolicy(FirewallPolicy{ID: DemoEdgePolicy, Location: DemoLocation, Base: DemoCorpPolicy})
	for _, err := range []error{s.PutFirewall(demoFirewall()), s.PutFirewall(demoEdgeFirewall()), seedGroups(s)} {
		if err != nil {
			panic("azuresim: the demo's own firewalls are wrong: " + err.Error())
		}
	}
}

// seedBehind makes the networks, groups, routes and machines.
func seedBehind(s *Sim) {
	for id, rules := range map[string][]Rule{
		DemoAppNSG: {
			inbound("from-firewall", 1000, "Allow", "Tcp", DemoFirewallSubnet, "443", "site behind the firewall"),
			inbound("only-known", 4000, "Deny", "*", "*", "*", ""),
		},
		DemoCoreNSG: {
			inbound("head-office", 1000, "Allow", "Tcp", "10.60.0.0/16", "443", "intranet"), inbound("only-known", 4000, "Deny", "*", "*", "*", ""),
		},
	} {
		if err := s.PutNSG(NSG{ID: id, Location: DemoLocation, Tags: map[string]string{"managed-by": "terraform"}, Rules: rules}); err != nil {
			panic("azuresim: the demo's own rules are wrong: " + err.Error())
		}
	}
	for name, address := range map[string]string{"fw-ip-1": DemoFirewallIP, "fw-ip-2": DemoFirewallIP2, "edge-ip": DemoEdgeIP} {
		s.PutPublicIP(PublicIP{ID: demoHub + outside + name, Location: DemoLocation, Address: address})
	}
	out := func(name, to string) []Route {
		return []Route{{Name: name, Prefix: "0.0.0.0/0", NextHopType: "VirtualAppliance", NextHop: to}}
	}
	s.PutRouteTable(RouteTable{ID: demoHub + tables + "apps-routes", Location: DemoLocation, Routes: out("all-by-firewall", "10.40.0.4")})
	s.PutRouteTable(RouteTable{ID: demoHub + tables +
		"core-routes", Location: DemoLocation, Routes: append(out("all-by-firewall", "10.50.0.4"),
		Route{Name: "head-office", Prefix: "10.60.0.0/16", NextHopType: "VirtualAppliance", NextHop: "10.50.0.4"})})
	s.PutVNet(VNet{
		ID: demoHubNet, Location: DemoLocation, Prefixes: []string{"10.40.0.0/16"},
		Subnets: []Subnet{
			{Name: "AzureFirewallSubnet", Prefixes: []string{DemoFirewallSubnet}},
			{Name: "apps", Prefixes: []string{"10.40.1.0/24"}, NSG: DemoAppNSG, RouteTable: demoHub + tables + "apps-routes"},
		},
	})
	s.PutVNet(VNet{
		ID: demoEdgeNet, Location: DemoLocation, Prefixes: []string{"10.50.0.0/16"}, OnPremises: []string{"10.60.0.0/16"},
		Subnets: []Subnet{
			{Name: "AzureFirewallSubnet", Prefixes: []string{DemoEdgeSubnet}},
			{Name: "core", Prefixes: []string{"10.50.1.0/24"}, NSG: DemoCoreNSG, RouteTable: demoHub + tables + "core-routes"},
		},
	})
	for _, m := range []struct{ vm, os, nic, address, subnet string }{
		{DemoApp, "Linux", "app-1-nic", "10.40.1.4", demoHubNet + "/subnets/apps"},
		{DemoCore, "Windows", "core-1-nic", "10.50.1.4", demoEdgeNet + "/subnets/core"},
	} {
		nic := demoHub + cards + m.nic
		s.PutNIC(NIC{ID: nic, Location: DemoLocation, IPs: []IPConfig{{Name: "ipconfig1", Address: m.address, Subnet: m.subnet}}})
		s.PutVM(VM{ID: m.vm, Location: DemoLocation, Tags: map[string]string{"env": "prod", "team": "hub"}, OS: m.os, NICs: []string{nic}})
	}
}

func demoFirewall() Firewall {
	nat := func(name, source, port, to string) FirewallRule {
		return FirewallRule{
			Name: name, Protocols: []string{"TCP"}, Sources: []string{source}, Destinations: []string{DemoFirewallIP}, Ports: []string{port},
			TranslatedAddress: "10.40.1.4", TranslatedPort: to,
		}
	}
	return Firewall{
		ID: DemoFirewall, Location: DemoLocation, Tags: map[string]string{"managed-by": "terraform"}, Subnet: demoHubNet +
			"/subnets/AzureFirewallSubnet",
		PublicIPs:  []string{demoHub + outside + "fw-ip-1", demoHub + outside + "fw-ip-2"},
		Properties: map[string]any{"additionalProperties": map[string]string{"Network.DNS.EnableProxy": "true"}},
		Collections: []RuleCollection{
			{
				Name: "site", Kind: NAT, Priority: 1000, Action: "Dnat", Rules: []FirewallRule{
					nat("https", "*", "443", "443"), nat("build-ssh", "198.51.100.10", "2201", "22"),
				},
			},
			{Name: "time-and-names", Kind: Network, Priority: 1000, Action: "Allow", Rules: []FirewallRule{
				{Name: "dns", Protocols: []string{"UDP"}, Sources: []string{"10.40.0.0/16"}, Destinations: []string{"*"}, Ports: []string{"53", "123"}},
			}},
			{Name: "no-scanners", Kind: Network, Priority: 900, Action: "Deny", Rules: []FirewallRule{
				{Name: "known", Protocols: []string{"Any"}, Sources: []string{"192.0.2.0/24"}, Destinations: []string{"*"}, Ports: []string{"*"}},
			}},
			{Name: "updates", Kind: Application, Priority: 1000, Action: "Allow", Rules: []FirewallRule{
				{Name: "ubuntu", Protocols: []string{"Https:443"}, Sources: []string{"10.40.1.0/24"}, Destinations: []string{"*.ubuntu.com"}},
			}},
		},
	}
}

func demoEdgeFirewall() Firewall {
	return Firewall{
		ID: DemoEdgeFirewall, Location: DemoLocation, Subnet: demoEdgeNet + "/subnets/AzureFirewallSubnet",
		PublicIPs: []string{demoHub + outside + "edge-ip"}, Policy: DemoEdgePolicy,
	}
}

// seedGroups writes the groups of both policies.
func seedGroups(s *Sim) error {
	any := func(name, source string) []FirewallRule {
		return []FirewallRule{
			{Name: name, Protocols: []string{"Any"}, Sources: []string{source}, Destinations: []string{"*"}, Ports: []string{"*"}},
		}
	}
	for _, g := range []RuleCollectionGroup{
		{Policy: DemoCorpPolicy, Name: "DefaultNetworkRuleCollectionGroup", Priority: 200, Collections: []RuleCollection{
			{Name: "no-scanners", Kind: Network, Priority: 100, Action: "Deny", Rules: any("known", "192.0.2.0/24")},
		}},
		{Policy: DemoEdgePolicy, Name: "DefaultDnatRuleCollectionGroup", Priority: 100},
		{Policy: DemoEdgePolicy, Name: "DefaultNetworkRuleCollectionGroup", Priority: 200, Collections: []RuleCollection{
			{Name: "head-office", Kind: Network, Priority: 200, Action: "Allow", Rules: []FirewallRule{
				{
					Name: "intranet", Protocols: []string{"TCP"}, Sources: []string{"10.60.0.0/16"},
					Destinations: []string{"10.50.1.0/24"}, Ports: []string{"443"},
				},
			}},
		}},
		{Policy: DemoEdgePolicy, Name: "DefaultApplicationRuleCollectionGroup", Priority: 300, Collections: []RuleCollection{
			{Name: "updates", Kind: Application, Priority: 100, Action: "Allow", Rules: []FirewallRule{
				{Name: "windows", Protocols: []string{"Https:443"}, Sources: []string{"10.50.1.0/24"}, Destinations: []string{"*.windowsupdate.com"}},
			}},
		}},
	} {
		if err := s.PutRuleCollectionGroup(g); err != nil {
			return err
		}
	}
	return nil
}
