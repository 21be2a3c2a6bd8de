package azuresim

// The demo's places. Ids are whole resource ids.
const (
	DemoSubscription    = "5a1e0000-0000-4000-8000-00000000d3a0"
	DemoManagementGroup = "contoso"
	DemoLocation        = defaultLocation

	demoRoot = "/subscriptions/" + DemoSubscription
	demoWeb  = demoRoot + "/resourceGroups/prod-web"
	demoDB   = demoRoot + "/resourceGroups/prod-db"
	demoDev  = demoRoot + "/resourceGroups/dev"
	machines = "/providers/Microsoft.Compute/virtualMachines/"
	cards    = "/providers/Microsoft.Network/networkInterfaces/"
	guards   = "/providers/Microsoft.Network/networkSecurityGroups/"
	networks = "/providers/Microsoft.Network/virtualNetworks/"
	outside  = "/providers/Microsoft.Network/publicIPAddresses/"

	// DemoSubscriptionScope, DemoWebGroup, DemoDBGroup and DemoDevGroup are
	// scopes for role assignments and locks.
	DemoSubscriptionScope = demoRoot
	DemoWebGroup          = demoWeb
	DemoDBGroup           = demoDB
	DemoDevGroup          = demoDev

	// DemoWeb1 is a Linux machine with a group on its interface and one on
	// its subnet; DemoWeb2 has an IPv6 address too; DemoJump is reachable
	// from the internet.
	DemoWeb1 = demoWeb + machines + "web-1"
	DemoWeb2 = demoWeb + machines + "web-2"
	DemoJump = demoWeb + machines + "jump-1"
	// DemoDB1 has two interfaces; DemoDB2 is Windows; DemoDB3 is switched off.
	DemoDB1 = demoDB + machines + "db-1"
	DemoDB2 = demoDB + machines + "db-2"
	DemoDB3 = demoDB + machines + "db-3"
	// DemoDev1, DemoDev2 and DemoDevWin share a subnet's group; DemoBare has
	// no group at all.
	DemoDev1   = demoDev + machines + "dev-1"
	DemoDev2   = demoDev + machines + "dev-2"
	DemoDevWin = demoDev + machines + "dev-win"
	DemoBare   = demoDev + machines + "bare-1"

	// The demo's network security groups.
	DemoWebSubnetNSG = demoWeb + guards + "web-subnet-nsg"
	DemoWebNICNSG    = demoWeb + guards + "web-nic-nsg"
	DemoJumpNSG      = demoWeb + guards + "jump-nsg"
	DemoDBSubnetNSG  = demoDB + guards + "db-subnet-nsg"
	DemoBackupNSG    = demoDB + guards + "backup-nsg"
	DemoDevNSG       = demoDev + guards + "dev-nsg"

	// DemoWatcher is the Network Watcher of DemoLocation.
	DemoWatcher = demoWeb + "/providers/" + watcherType + "/NetworkWatcher_westeurope"

	demoProdNet = demoWeb + networks + "prod-vnet"
	demoDBNet   = demoDB + networks + "db-vnet"
	demoDevNet  = demoDev + networks + "dev-vnet"
)

// SeedDemo fills a Sim with a small company: one subscription, three resource
// groups, ten machines, groups on both levels with other people's rules, and
// the people of demopeople.go. Settings are left as they are.
func SeedDemo(s *Sim) {
	s.PutSubscription(Subscription{ID: DemoSubscription, Name: "Contoso Production", ManagementGroups: []string{DemoManagementGroup}})
	for _, name := range []string{"prod-web", "prod-db", "dev"} {
		s.PutResourceGroup(ResourceGroup{Subscription: DemoSubscription, Name: name, Location: DemoLocation})
	}
	for id, rules := range demoRules() {
		if err := s.PutNSG(NSG{ID: id, Location: DemoLocation, Tags: map[string]string{"managed-by": "terraform"}, Rules: rules}); err != nil {
			panic("azuresim: the demo's own rules are wrong: " + err.Error())
		}
	}
	s.PutNetworkWatcher(NetworkWatcher{ID: DemoWatcher, Location: DemoLocation})
	seedNetworks(s)
	seedMachines(s)
	seedPeople(s)
}

// inbound is a rule in the singular form for all destinations.
func inbound(name string, priority int, access, protocol, source, ports, description string) Rule {
	return Rule{
		Name: name, Priority: priority, Access: access, Direction: "Inbound", Protocol: protocol, Description: description,
		SourceAddressPrefix: source, SourcePortRange: "*", DestinationAddressPrefix: "*", DestinationPortRange: ports,
	}
}

// demoRules are the rules that terraform and people left behind.
func demoRules() map[string][]Rule {
	monitoring := inbound("monitoring", 300, "Allow", "Tcp", "10.10.9.0/24", "9100", "node exporter, scraped from the jump subnet")
	outbound := Rule{
		Name: "no-smtp-out", Priority: 200, Access: "Deny", Direction: "Outbound", Protocol: "Tcp", SourceAddressPrefix: "*",
		SourcePortRange: "*", DestinationAddressPrefix: "Internet", DestinationPortRange: "25",
	}
	return map[string][]Rule{
		DemoWebSubnetNSG: {
			inbound(
				"https", 1000, "Allow", "Tcp", "Internet", "443", "public site",
			), inbound("http", 1010, "Allow", "Tcp", "Internet", "80", ""), monitoring,
		},
		DemoWebNICNSG: {
			inbound("https", 1000, "Allow", "Tcp", "Internet", "443", ""), inbound("http", 1010, "Allow", "Tcp", "Internet", "80", ""),
			inbound("deploy-ssh", 2000, "Allow", "Tcp", "198.51.100.10/32", "22", "build server, until it has an agent"), outbound,
		},
		DemoJumpNSG: {
			inbound("ssh-anywhere", 1000, "Allow", "Tcp", "*", "22", "only for today"),
			inbound("block-known-scanner", 110, "Deny", "*", "192.0.2.0/24", "*", "asked for by security"),
		},
		DemoDBSubnetNSG: {
			{
				Name: "postgres-from-web", Priority: 500, Access: "Allow", Direction: "Inbound", Protocol: "Tcp",
				SourceAddressPrefixes: []string{"10.10.1.0/24", "10.10.9.0/24"}, SourcePortRange: "*",
				DestinationAddressPrefix: "10.20.1.0/24", DestinationPortRanges: []string{"5432", "1433"},
			},
			inbound("no-vnet-ssh", 4000, "Deny", "Tcp", "VirtualNetwork", "22", "databases are not jump hosts"), monitoring,
		},
		DemoBackupNSG: {inbound("backup-agent", 400, "Allow", "Tcp", "10.20.2.0/24", "10000-10010", "")},
		DemoDevNSG: {
			inbound("office", 1000, "Allow", "*", "203.0.113.0/24", "*", "office range"),
			inbound("icmp", 1100, "Allow", "Icmp", "*", "*", ""), outbound,
		},
	}
}

func seedNetworks(s *Sim) {
	s.PutVNet(VNet{
		ID: demoProdNet, Location: DemoLocation, Prefixes: []string{"10.10.0.0/16", "fd00:10:10::/48"}, Peers: []string{demoDBNet},
		Subnets: []Subnet{
			{Name: "web", Prefixes: []string{"10.10.1.0/24", "fd00:10:10:1::/64"}, NSG: DemoWebSubnetNSG},
			{Name: "jump", Prefixes: []string{"10.10.9.0/24"}},
		},
	})
	s.PutVNet(VNet{
		ID: demoDBNet, Location: DemoLocation, Prefixes: []string{"10.20.0.0/16"}, Peers: []string{demoProdNet},
		Subnets: []Subnet{
			{Name: "db", Prefixes: []string{"10.20.1.0/24"}, NSG: DemoDBSubnetNSG},
			{Name: "backup", Prefixes: []string{"10.20.2.0/24"}},
		},
	})
	s.PutVNet(VNet{
		ID: demoDevNet, Location: DemoLocation, Prefixes: []string{"10.30.0.0/16"},
		Subnets: []Subnet{{Name: "dev", Prefixes: []string{"10.30.1.0/24"}, NSG: DemoDevNSG}, {Name: "open", Prefixes: []string{"10.30.2.0/24"}}},
	})
	s.PutPublicIP(PublicIP{ID: demoWeb + outside + "jump-ip", Location: DemoLocation, Address: "20.50.10.1"})
}

// seedMachines makes machines and their interfaces. One machine and one
// reference are spelled in another case, as Azure does at times.
func seedMachines(s *Sim) {
	web, jump := demoProdNet+"/subnets/web", demoProdNet+"/subnets/jump"
	db, backup := demoDBNet+"/subnets/db", demoDBNet+"/subnets/backup"
	dev, open := demoDevNet+"/subnets/dev", demoDevNet+"/subnets/open"
	four := func(address, subnet string) []IPConfig {
		return []IPConfig{{Name: "ipconfig1", Address: address, Subnet: subnet}}
	}
	for id, nic := range map[string]NIC{
		demoWeb + cards + "web-1-nic": {NSG: DemoWebNICNSG, IPs: four("10.10.1.4", web)},
		demoWeb + cards + "web-2-nic": {NSG: DemoWebNICNSG, IPs: []IPConfig{
			{Name: "ipconfig1", Address: "10.10.1.5", Subnet: web}, {Name: "ipconfig6", Address: "fd00:10:10:1::5", Subnet: web},
		}},
		demoWeb + cards + "jump-1-nic": {NSG: DemoJumpNSG, IPs: []IPConfig{
			{Name: "ipconfig1", Address: "10.10.9.4", Subnet: jump, PublicIP: demoWeb + outside + "jump-ip", Static: true},
		}},
		demoDB + cards + "db-1-nic":      {IPs: four("10.20.1.4", db)},
		demoDB + cards + "db-1-backup":   {NSG: DemoBackupNSG, IPs: four("10.20.2.4", backup)},
		demoDB + cards + "db-2-nic":      {IPs: four("10.20.1.5", db)},
		demoDB + cards + "db-3-nic":      {IPs: four("10.20.1.6", db)},
		demoDev + cards + "dev-1-nic":    {IPs: four("10.30.1.4", dev)},
		demoDev + cards + "dev-2-nic":    {IPs: four("10.30.1.5", dev)},
		demoDev + cards + "dev-win-nic":  {IPs: four("10.30.1.6", dev)},
		demoDev + cards + "bare-1-nic":   {IPs: four("10.30.2.4", open)},
		demoDev + cards + "orphaned-nic": {IPs: four("10.30.2.9", open)},
	} {
		nic.ID, nic.Location = id, DemoLocation
		s.PutNIC(nic)
	}
	prod := map[string]string{"env": "prod", "team": "web"}
	data := map[string]string{"env": "prod", "team": "data"}
	dv := map[string]string{"env": "dev"}
	for _, vm := range []VM{
		{ID: DemoWeb1, Tags: prod, NICs: []string{demoWeb + cards + "web-1-nic"}},
		{ID: DemoWeb2, Tags: prod, NICs: []string{demoWeb + cards + "WEB-2-NIC"}},
		{ID: DemoJump, Tags: map[string]string{"env": "prod", "role": "jump"}, NICs: []string{demoWeb + cards + "jump-1-nic"}},
		{ID: DemoDB1, Tags: data, NICs: []string{demoDB + cards + "db-1-nic", demoDB + cards + "db-1-backup"}},
		{ID: DemoDB2, Tags: data, OS: "Windows", NICs: []string{demoDB + cards + "db-2-nic"}},
		{ID: DemoDB3, Tags: data, Power: "deallocated", NICs: []string{demoDB + cards + "db-3-nic"}},
		{ID: DemoDev1, Tags: dv, NICs: []string{demoDev + cards + "dev-1-nic"}},
		{ID: demoRoot + "/resourceGroups/DEV" + machines + "dev-2", Tags: dv, NICs: []string{demoDev + cards + "dev-2-nic"}},
		{ID: DemoDevWin, Tags: dv, OS: "Windows", NICs: []string{demoDev + cards + "dev-win-nic"}},
		{ID: DemoBare, Tags: dv, NICs: []string{demoDev + cards + "bare-1-nic"}},
	} {
		vm.Location = DemoLocation
		s.PutVM(vm)
	}
}
