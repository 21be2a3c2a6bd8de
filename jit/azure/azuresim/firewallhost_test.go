package azuresim_test

import (
	"strings"
	"testing"

	"jitbot/jit/azure/azuresim"
)

func TestTranslationByHostName(t *testing.T) {
	w := newHub(t, 0)
	f, _ := w.Firewall(azuresim.DemoFirewall)
	f.Collections = append(f.Collections, azuresim.RuleCollection{
		Name: "by-name", Kind: azuresim.NAT, Priority: 500, Action: "Dnat",
		Rules: []azuresim.FirewallRule{{
			Name: "ssh", Protocols: []string{"TCP"}, Sources: []string{office}, Destinations: []string{azuresim.DemoFirewallIP},
			Ports:          []string{"2222"},
			TranslatedFqdn: "app.contoso.example", TranslatedPort: "22",
		}},
	})
	if err := w.PutFirewall(f); err != nil {
		t.Fatal(err)
	}
	got := w.ask("GET", azuresim.DemoFirewall, "")
	if !strings.Contains(got.text, `"translatedFqdn":"app.contoso.example"`) || strings.Contains(got.text, `"translatedAddress":""`) {
		t.Error(got.text)
	}
	r := allow("ssh", 200, azuresim.DemoFirewallSubnet, "22")
	if err := w.PutRule(azuresim.DemoAppNSG, r); err != nil {
		t.Fatal(err)
	}
	reached := func() bool {
		yes, _ := w.Path(azuresim.DemoApp, addr(office), 22, "Tcp")
		return yes
	}
	if reached() {
		t.Error("by a name that resolves to nothing")
	}
	w.SetHost("App.contoso.example", "10.40.1.4")
	if !reached() {
		t.Error("not by a name")
	}
	w.SetHost("app.contoso.example", "10.40.1.5")
	if reached() {
		t.Error("by a name that leads elsewhere")
	}
	f.Collections[len(f.Collections)-1].Rules[0].TranslatedAddress = "10.40.1.4"
	if err := w.PutFirewall(f); err == nil || !strings.Contains(err.Error(), "cannot both be set") {
		t.Error(err)
	}
	err := w.PutRuleCollectionGroup(azuresim.RuleCollectionGroup{
		Policy: azuresim.DemoEdgePolicy, Name: "names", Priority: 400,
		Collections: []azuresim.RuleCollection{
			{Name: "by-name", Kind: azuresim.NAT, Priority: 500, Action: "DNAT", Rules: []azuresim.FirewallRule{{
				Name: "ssh", Protocols: []string{"TCP"}, Sources: []string{"*"}, Destinations: []string{azuresim.DemoEdgeIP}, Ports: []string{"2222"},
				TranslatedFqdn: "core.contoso.example", TranslatedPort: "22",
			}}},
		},
	})
	group := w.ask("GET", azuresim.DemoEdgePolicy+"/ruleCollectionGroups/names", "")
	if err != nil || !strings.Contains(group.text, `"translatedFqdn":"core.contoso.example"`) {
		t.Error(err, group.text)
	}
}

func TestDeallocatedFirewall(t *testing.T) {
	w := newHub(t, 0)
	site := func() bool {
		yes, _ := w.Path(azuresim.DemoApp, addr(office), 443, "Tcp")
		return yes
	}
	running, _ := w.Firewall(azuresim.DemoFirewall)
	if !site() {
		t.Fatal("closed")
	}
	if err := w.DeallocateFirewall(azuresim.DemoFirewall); err != nil {
		t.Fatal(err)
	}
	got := w.ask("GET", azuresim.DemoFirewall, "")
	if configs, given := got.body.Properties["ipConfigurations"].([]any); !given || len(configs) != 0 ||
		!strings.Contains(got.text, `"build-ssh"`) {
		t.Errorf("%s", got.text)
	}
	if site() {
		t.Error("a firewall that does not run lets in")
	}
	if again := w.ask("PUT", azuresim.DemoFirewall, got.text, "If-Match", got.body.Etag); again.status != 200 {
		t.Errorf("a write leaves it so: %d %s", again.status, again.text)
	}
	if err := w.PutFirewall(running); err != nil || !site() {
		t.Error("not started", err)
	}
	if w.DeallocateFirewall("/nothing") == nil {
		t.Error("no such firewall")
	}
}

func TestSeveralNextHops(t *testing.T) {
	w := newHub(t, 0)
	table := azuresim.DemoHubGroup + "/providers/Microsoft.Network/routeTables/core-routes"
	w.PutRouteTable(azuresim.RouteTable{ID: table, Location: azuresim.DemoLocation, Routes: []azuresim.Route{
		{Name: "spread", Prefix: "0.0.0.0/0", NextHopType: "VirtualApplianceEcmp", NextHops: []string{"10.50.0.9", "10.50.0.4"}},
		{Name: "head-office", Prefix: "10.60.0.0/16", NextHopType: "VirtualApplianceEcmp", NextHops: []string{"10.50.0.4", "10.50.0.9"}},
	}})
	got := w.ask("GET", table, "")
	if !strings.Contains(got.text, `"nextHop":{"nextHopIpAddresses":["10.50.0.9","10.50.0.4"]}`) ||
		strings.Contains(got.text, `"nextHopIpAddress"`) {
		t.Error(got.text)
	}
	if yes, why := w.Path(azuresim.DemoCore, addr("10.60.3.3"), 443, "Tcp"); !yes {
		t.Error(why)
	}
	if yes, why := w.Path(azuresim.DemoCore, addr(office), 443, "Tcp"); yes ||
		!strings.Contains(strings.Join(why, " "), "edge-fw no network rule") {
		t.Error(why)
	}
	w.PutRouteTable(azuresim.RouteTable{ID: table, Location: azuresim.DemoLocation, Routes: []azuresim.Route{
		{Name: "spread", Prefix: "0.0.0.0/0", NextHopType: "VirtualApplianceEcmp", NextHops: []string{"10.50.0.8", "10.50.0.9"}},
	}})
	if yes, why := w.Path(azuresim.DemoCore, addr(office), 443, "Tcp"); yes ||
		!strings.Contains(why[0], "an appliance that is not known: 10.50.0.8, 10.50.0.9") {
		t.Error(why)
	}
}
