package azuresim_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"jitbot/jit/azure/azuresim"
)

// TestPathIsReachable: without a firewall in front the two agree.
func TestPathIsReachable(t *testing.T) {
	w := newHub(t, 0)
	for _, vm := range w.VMs() {
		if strings.Contains(vm.ID, "/hub/") {
			continue
		}
		for _, from := range []string{"198.51.100.77", "198.51.100.10", office, "10.10.9.4", "10.10.1.4", "10.20.2.5", "192.0.2.9", "2001:db8::1", "fd00:10:10::9"} {
			for _, port := range []int{22, 80, 443, 3389, 5432} {
				want, _ := w.Reachable(vm.ID, addr(from), port, "Tcp")
				if got, why := w.Path(vm.ID, addr(from), port, "Tcp"); got != want || len(why) == 0 {
					t.Errorf("%s from %s to %d: %t, want %t: %q", vm.ID, from, port, got, want, why)
				}
			}
		}
	}
	if yes, why := w.Path("/nothing", addr(office), 22, "Tcp"); yes || why[0] != "no such virtual machine" {
		t.Error(why)
	}
}

func allow(name string, priority int, source, ports string) azuresim.Rule {
	return azuresim.Rule{
		Name: name, Priority: priority, Access: "Allow", Direction: "Inbound", Protocol: "Tcp", SourceAddressPrefix: source,
		SourcePortRange: "*", DestinationAddressPrefix: "*", DestinationPortRange: ports,
	}
}

func TestPathThroughDemo(t *testing.T) {
	w := newHub(t, 0)
	for _, c := range []struct {
		why, vm, from string
		port          int
		want          bool
		says          string
	}{
		{"site by NAT", azuresim.DemoApp, office, 443, true, "dnat site/https at 20.50.20.1:443, seen as 10.40.0.62"},
		{"a deny beats the NAT rule's implied allow", azuresim.DemoApp, "192.0.2.9", 443, false, "network no-scanners/known deny"},
		{"NAT rule, but the group denies", azuresim.DemoApp, "198.51.100.10", 22, false, "dnat site/build-ssh at 20.50.20.1:2201, seen as 10.40.0.4: subnet apps-nsg deny only-known"},
		{"NAT rule for others", azuresim.DemoApp, office, 22, false, "hub-fw no network rule"},
		{"inside does not pass the firewall", azuresim.DemoApp, "10.40.1.9", 22, false, "denied by subnet apps-nsg deny only-known"},
		{"network rule", azuresim.DemoCore, "10.60.3.3", 443, true, "route head-office, edge-fw network head-office/intranet allow, subnet core-nsg allow head-office"},
		{"no network rule", azuresim.DemoCore, office, 443, false, "edge-fw no network rule"},
		{"the base policy comes first", azuresim.DemoCore, "192.0.2.9", 443, false, "network no-scanners/known deny"},
		{"IPv6", azuresim.DemoApp, "2001:db8::1", 443, false, "no address of that family"},
	} {
		if got, why := w.Path(c.vm, addr(c.from), c.port, "Tcp"); got != c.want || !strings.Contains(strings.Join(why, "\n"), c.says) {
			t.Errorf("%s: %t %q", c.why, got, why)
		}
	}
}

// TestPathTurns changes the demo until other branches decide.
func TestPathTurns(t *testing.T) {
	w := newHub(t, 0)
	subnet := azuresim.DemoHubGroup + "/providers/Microsoft.Network/virtualNetworks/hub-vnet/subnets/apps"
	table := azuresim.DemoHubGroup + "/providers/Microsoft.Network/routeTables/apps-routes"
	nic := azuresim.DemoHubGroup + "/providers/Microsoft.Network/networkInterfaces/app-1-nic"
	check := func(what, vm, from string, port int, want bool, says string) {
		t.Helper()
		if got, why := w.Path(vm, addr(from), port, "Tcp"); got != want || !strings.Contains(strings.Join(why, "\n"), says) {
			t.Errorf("%s: %t %q", what, got, why)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(w.PutRule(azuresim.DemoAppNSG, allow("ssh", 500, "*", "22")))
	check("a group alone does not open", azuresim.DemoApp, office, 22, false, "no network rule")
	route := func(kind, hop string) {
		w.PutRouteTable(azuresim.RouteTable{ID: table, Location: "westeurope", Routes: []azuresim.Route{{Name: "all", Prefix: "0.0.0.0/0", NextHopType: kind, NextHop: hop}}})
	}
	route("None", "")
	check("dropped", azuresim.DemoApp, office, 22, false, "route all, which drops")
	check("NAT needs no route", azuresim.DemoApp, office, 443, true, "dnat site/https")
	route("VirtualAppliance", "10.9.9.9")
	check("unknown appliance", azuresim.DemoApp, office, 22, false, "not known: 10.9.9.9")
	route("Internet", "")
	check("no way of its own", azuresim.DemoApp, office, 22, false, "no way past the firewall")
	must(w.SetRouteTable(subnet, ""))
	check("no way of its own, no routes", azuresim.DemoApp, office, 22, false, "no way past the firewall")
	w.PutLoadBalancer(azuresim.LoadBalancer{
		ID: azuresim.DemoHubGroup + "/providers/Microsoft.Network/loadBalancers/lb", Location: "westeurope",
		Pools: []azuresim.BackendPool{{Name: "p", IPConfigs: []string{nic + "/ipConfigurations/ipconfig1"}}},
	})
	check("by a load balancer", azuresim.DemoApp, office, 22, true, "allowed by subnet apps-nsg allow ssh")
	// Application security groups on both sides, seen through the firewall.
	asg := azuresim.DemoHubGroup + "/providers/Microsoft.Network/applicationSecurityGroups/apps"
	w.PutASG(azuresim.ApplicationSecurityGroup{ID: asg, Location: "westeurope"})
	w.PutNIC(azuresim.NIC{ID: nic, Location: "westeurope", IPs: []azuresim.IPConfig{{Name: "ipconfig1", Address: "10.40.1.4", Subnet: subnet, ASGs: []string{strings.ToUpper(asg)}}}})
	rule := allow("ssh", 500, azuresim.DemoFirewallSubnet, "22")
	rule.DestinationAddressPrefix, rule.DestinationASGs = "", []string{asg}
	must(w.PutRule(azuresim.DemoAppNSG, rule))
	check("build server by NAT to a group", azuresim.DemoApp, "198.51.100.10", 22, true, "dnat site/build-ssh")
	rule.SourceAddressPrefix = "10.40.0.4/32"
	must(w.PutRule(azuresim.DemoAppNSG, rule))
	check("one instance is not the subnet", azuresim.DemoApp, "198.51.100.10", 22, false, "seen as 10.40.0.5")
	rule.SourceAddressPrefix, rule.SourceASGs = "", []string{asg}
	must(w.PutRule(azuresim.DemoAppNSG, rule))
	check("a group as source", azuresim.DemoApp, "10.40.1.4", 22, true, "allow ssh")
}

// TestPathTranslatesSenders: outside the private ranges the machine sees the
// firewall, and a NAT rule before another wins.
func TestPathTranslatesSenders(t *testing.T) {
	w := newHub(t, 0)
	if err := w.PutRule(azuresim.DemoCoreNSG, allow("firewall", 500, azuresim.DemoEdgeSubnet, "443")); err != nil {
		t.Fatal(err)
	}
	seen := func() string {
		_, why := w.Path(azuresim.DemoCore, addr("10.60.3.3"), 443, "Tcp")
		return strings.Join(why, "\n")
	}
	for ranges, translated := range map[string]bool{
		"": false, "255.255.255.255/32": true, "0.0.0.0/0": false, "192.168.0.0/16": true, "IANAPrivateRanges": false,
	} {
		p := azuresim.FirewallPolicy{ID: azuresim.DemoEdgePolicy, Location: "westeurope", Base: azuresim.DemoCorpPolicy}
		if ranges != "" {
			p.PrivateRanges = []string{ranges}
		}
		w.PutFirewallPolicy(p)
		if got := seen(); strings.Contains(got, "seen as 10.50.0.62") != translated || !strings.Contains(got, "allowed") {
			t.Errorf("%q: %s", ranges, got)
		}
	}
	if err := w.PutRuleCollectionGroup(azuresim.RuleCollectionGroup{Policy: azuresim.DemoEdgePolicy, Name: "early", Priority: 150, Collections: []azuresim.RuleCollection{
		{Name: "n", Kind: azuresim.NAT, Priority: 100, Action: "Dnat", Rules: []azuresim.FirewallRule{
			{Name: "first", Protocols: []string{"TCP"}, Sources: []string{"198.51.100.0/24"}, Destinations: []string{azuresim.DemoEdgeIP}, Ports: []string{"443"}, TranslatedAddress: "10.50.1.9", TranslatedPort: "443"},
			{Name: "second", Protocols: []string{"TCP"}, Sources: []string{"*"}, Destinations: []string{azuresim.DemoEdgeIP}, Ports: []string{"443"}, TranslatedAddress: "10.50.1.4", TranslatedPort: "443"},
		}},
	}}); err != nil {
		t.Fatal(err)
	}
	for from, want := range map[string]bool{"198.51.100.9": false, office: true} {
		if got, why := w.Path(azuresim.DemoCore, addr(from), 443, "Tcp"); got != want {
			t.Errorf("%s: %t %q", from, got, why)
		}
	}
	if n := len(w.FirewallCollections(azuresim.DemoEdgePolicy)); n != 3 {
		t.Errorf("%d collections", n)
	}
}

// TestFirewallEffectComesLate: both ways, with both kinds.
func TestFirewallEffectComesLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newHub(t, time.Minute)
		w.Configure(func(s *azuresim.Settings) { s.LateEffect = 10 * time.Second })
		if err := w.PutRule(azuresim.DemoCoreNSG, allow("jit", 500, office, "3389")); err != nil {
			t.Fatal(err)
		}
		steps := func(after bool) {
			t.Helper()
			for _, at := range []struct {
				wait time.Duration
				open bool
			}{{69 * time.Second, !after}, {time.Second, after}} {
				time.Sleep(at.wait)
				if got, why := w.Path(azuresim.DemoCore, addr(office), 3389, "Tcp"); got != at.open {
					t.Errorf("open is %t: %q", got, why)
				}
			}
			time.Sleep(time.Minute)
		}
		w.ask("PUT", jitGroup, groupJSON(500, nil))
		steps(true)
		w.ask("DELETE", jitGroup, "")
		time.Sleep(65 * time.Second)
		if got := w.ask("GET", jitGroup, ""); got.status != 404 {
			t.Errorf("%d", got.status)
		}
		if got, _ := w.Path(azuresim.DemoCore, addr(office), 3389, "Tcp"); !got {
			t.Error("gone at once")
		}
		time.Sleep(15 * time.Second)
		if got, _ := w.Path(azuresim.DemoCore, addr(office), 3389, "Tcp"); got {
			t.Error("still open")
		}
	})
}
