package azuresim

// The places of SeedSubscriptions. Ids are whole resource ids.
const (
	// DemoStaging and DemoArchive are subscriptions besides DemoSubscription;
	// that of the archive has its resources in another region.
	DemoStaging         = "5a1e0000-0000-4000-8000-00000000d3a2"
	DemoArchive         = "5a1e0000-0000-4000-8000-00000000d3a3"
	DemoArchiveLocation = "northeurope"

	// DemoStagingScope and DemoArchiveScope are scopes for role assignments and
	// locks; DemoStagingGroup and DemoArchiveGroup hold the resources.
	DemoStagingScope = "/subscriptions/" + DemoStaging
	DemoArchiveScope = "/subscriptions/" + DemoArchive
	DemoStagingGroup = DemoStagingScope + "/resourceGroups/staging"
	DemoArchiveGroup = DemoArchiveScope + "/resourceGroups/archive"

	// The first machine of each has a group on its interface and one on its
	// subnet, the second that of the subnet alone.
	DemoStaging1         = DemoStagingGroup + machines + "staging-1"
	DemoStaging2         = DemoStagingGroup + machines + "staging-2"
	DemoStagingNICNSG    = DemoStagingGroup + guards + "staging-nic-nsg"
	DemoStagingSubnetNSG = DemoStagingGroup + guards + "staging-subnet-nsg"
	DemoArchive1         = DemoArchiveGroup + machines + "archive-1"
	DemoArchive2         = DemoArchiveGroup + machines + "archive-2"
	DemoArchiveNICNSG    = DemoArchiveGroup + guards + "archive-nic-nsg"
	DemoArchiveSubnetNSG = DemoArchiveGroup + guards + "archive-subnet-nsg"
)

// SeedSubscriptions adds two subscriptions to what SeedDemo made, with two
// machines and two network security groups each. The engineers, the approvers
// and the bot have the roles there that they have in the first.
func SeedSubscriptions(s *Sim) {
	seedSubscription(s, DemoStaging, "staging", "Contoso Staging", DemoLocation, "10.80")
	seedSubscription(s, DemoArchive, "archive", "Contoso Archive", DemoArchiveLocation, "10.90")
	for _, id := range []string{RoleJITRequester, RoleJITBot} {
		if role, known := s.RoleDefinition(id); known {
			role.AssignableScopes = []string{DemoSubscriptionScope, DemoStagingScope, DemoArchiveScope}
			s.PutRoleDefinition(role)
		}
	}
	for _, scope := range []string{DemoStagingScope, DemoArchiveScope} {
		for _, a := range []RoleAssignment{
			{Role: RoleJITRequester, Principal: DemoEngineers},
			{Role: RoleVMContributor, Principal: DemoGrace},
			{Role: RoleVMContributor, Principal: DemoAlan},
			{Role: RoleJITBot, Principal: s.options.PrincipalID},
		} {
			a.Scope, a.Name = scope, guidOf("demo assignment "+scope+a.Principal)
			s.Assign(a)
		}
	}
}

// seedSubscription makes a subscription with one group of resources of that
// name, whose addresses begin with two numbers.
func seedSubscription(s *Sim, id, name, title, location, numbers string) {
	group := "/subscriptions/" + id + "/resourceGroups/" + name
	s.PutSubscription(Subscription{ID: id, Name: title, ManagementGroups: []string{DemoManagementGroup}})
	s.PutResourceGroup(ResourceGroup{Subscription: id, Name: name, Location: location})
	nicNSG, subnetNSG, vnet := group+guards+name+"-nic-nsg", group+guards+name+"-subnet-nsg", group+networks+name+"-vnet"
	for _, nsg := range []string{nicNSG, subnetNSG} {
		rules := []Rule{inbound("https", 1000, "Allow", "Tcp", "Internet", "443", "")}
		if err := s.PutNSG(NSG{ID: nsg, Location: location, Rules: rules}); err != nil {
			panic("azuresim: the demo's own rules are wrong: " + err.Error())
		}
	}
	s.PutVNet(VNet{
		ID: vnet, Location: location, Prefixes: []string{numbers + ".0.0/16"},
		Subnets: []Subnet{{Name: name, Prefixes: []string{numbers + ".1.0/24"}, NSG: subnetNSG}},
	})
	for i, nsg := range []string{nicNSG, ""} {
		number := string(rune('1' + i))
		nic := group + cards + name + "-" + number + "-nic"
		s.PutNIC(NIC{ID: nic, Location: location, NSG: nsg, IPs: []IPConfig{
			{Name: "ipconfig1", Address: numbers + ".1.1" + number, Subnet: vnet + "/subnets/" + name},
		}})
		s.PutVM(VM{ID: group + machines + name + "-" + number, Location: location, Tags: map[string]string{"env": name}, NICs: []string{nic}})
	}
}
