package e2e_test

import (
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/reach"
)

// toHost has the classic firewall lead a port to a host name, and the group behind
// it let in what comes from the firewall.
func (w *world) toHost(source, host string) {
	w.T.Helper()
	f, _ := w.Azure.Firewall(azuresim.DemoFirewall)
	f.Collections = append(f.Collections, azuresim.RuleCollection{
		Name: "by-name", Kind: azuresim.NAT, Priority: 500, Action: "Dnat",
		Rules: []azuresim.FirewallRule{{
			Name: "ssh", Protocols: []string{"TCP"}, Sources: []string{source}, Destinations: []string{azuresim.DemoFirewallIP},
			Ports: []string{"2222"}, TranslatedFqdn: host, TranslatedPort: "22",
		}},
	})
	if err := w.Azure.PutFirewall(f); err != nil {
		w.T.Fatal(err)
	}
	if err := w.Azure.PutRule(azuresim.DemoAppNSG, azuresim.Rule{
		Name: "from-firewall", Protocol: "Tcp", SourceAddressPrefix: azuresim.DemoFirewallSubnet, SourcePortRange: "*", DestinationAddressPrefix: "*",
		DestinationPortRange: "22", Access: "Allow", Direction: "Inbound", Priority: 1000,
	}); err != nil {
		w.T.Fatal(err)
	}
}

// subnet is that of a VM's first interface.
func (w *world) subnet(vm string) string {
	nic, _ := w.Azure.NIC(w.NIC(vm))
	return nic.IPs[0].Subnet
}

// dropDNAT takes out what leads to port 22 by addresses.
func (w *world) dropDNAT() {
	w.T.Helper()
	f, _ := w.Azure.Firewall(azuresim.DemoFirewall)
	f.Collections = nil
	if err := w.Azure.PutFirewall(f); err != nil {
		w.T.Fatal(err)
	}
}

// A DNAT rule that leads to a host name may lead to the VM: scan, explain and card
// say so, and nothing counts it as shut.
func TestDNATByHostName(t *testing.T) {
	const host = "app.contoso.example"
	firewalled(t, func(t *testing.T, w *world) {
		w.dropDNAT()
		w.Start()
		before, _ := w.Scan(carol)
		if p := before["app-1"]; p.Class != reach.ClassHealthy {
			t.Fatalf("before it is %s: %s", p.Class, p.Why)
		}
		w.toHost("198.51.100.10", host)
		w.Azure.SetHost(host, "10.40.1.4")
		if !w.Connects(azuresim.DemoApp, "198.51.100.10", 22) {
			t.Fatal("the rule leads nowhere")
		}
		w.Pass(time.Minute)
		after, _ := w.Scan(carol)
		if p := after["app-1"]; p.Class == reach.ClassHealthy || !strings.Contains(p.Why, host) {
			t.Errorf("the scan has it %s: %s", p.Class, p.Why)
		}
		e, err := w.Service.Explain(t.Context(), carol, "app-1", carol)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range e.Offers[0].Verdicts {
			if v.Source == "Internet" && v.Verdict.Decision != reach.AnswerUnknown {
				t.Errorf("explained as %s: %+v", v.Verdict.Decision, v.Verdict.Why)
			}
		}
		if !strings.Contains(strings.Join(e.Posture.Notes, "\n"), host) {
			t.Errorf("explain says %q", e.Posture.Notes)
		}
		g, err := w.AskFrom(ada, 15*time.Minute, "203.0.113.7/32", "app-1")
		if err != nil || !strings.Contains(strings.Join(g.Notes, "\n"), "host name "+host) {
			t.Errorf("the card says %q, %v", g.Notes, err)
		}
	})
}

// Whom a host name's rule may let in along is nobody whom the policy would not let
// ask: behind the firewall nothing tells them from the holder.
func TestDNATByHostNameLetsNobodyInAlong(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		w.dropDNAT()
		w.toHost("*", "app.contoso.example")
		w.Start()
		if _, err := w.AskFrom(ada, 15*time.Minute, "203.0.113.7/32", "app-1"); err == nil ||
			!strings.Contains(err.Error(), "app.contoso.example, which may be app-1") {
			t.Errorf("asked: %v", err)
		}
	})
}

// What a load balancer leads to by address, or to each member of a pool at ports of
// its own, is named; a member that is no address is not taken for nobody.
func TestLoadBalancerPools(t *testing.T) {
	const dev = azuresim.DemoDevGroup + "/providers/Microsoft.Network/"
	for name, c := range map[string]struct {
		pool azuresim.BackendPool
		nat  []azuresim.InboundNATRule
		rule []azuresim.BalancingRule
		want string
	}{
		"by address": {
			azuresim.BackendPool{Addresses: []string{"10.30.1.4"}},
			nil,
			[]azuresim.BalancingRule{{Name: "ssh", Frontend: "f", Pool: "p", Protocol: "Tcp", FrontendPort: 2222, BackendPort: 22}},
			"leads from 20.50.10.77 port 2222 to port 22 of 10.30.1.4",
		},
		"a port for each of a pool by address": {
			azuresim.BackendPool{Addresses: []string{"10.30.1.9", "10.30.1.4"}},
			[]azuresim.InboundNATRule{{Name: "ssh", Frontend: "f", Protocol: "Tcp", FrontendStart: 50000, FrontendEnd: 50100, BackendPort: 22, Pool: "p"}},
			nil, "leads from 20.50.10.77 port 50001 to port 22 of 10.30.1.4",
		},
		"a port for each of a pool by interface": {
			azuresim.BackendPool{IPConfigs: []string{dev + "networkInterfaces/dev-1-nic/ipConfigurations/ipconfig1"}},
			[]azuresim.InboundNATRule{{Name: "ssh", Frontend: "f", Protocol: "Tcp", FrontendStart: 50000, FrontendEnd: 50100, BackendPort: 22, Pool: "p"}},
			nil, "leads from 20.50.10.77 port 50000 to port 22 of 10.30.1.4",
		},
		"a member that is no address": {
			azuresim.BackendPool{Addresses: []string{"host.example"}},
			nil,
			[]azuresim.BalancingRule{{Name: "ssh", Frontend: "f", Pool: "p", Protocol: "Tcp", FrontendPort: 2222, BackendPort: 22}},
			`whose address "host.example" is none that jitbot can read`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.Azure.PutPublicIP(azuresim.PublicIP{ID: dev + "publicIPAddresses/lb-ip", Location: azuresim.DemoLocation, Address: "20.50.10.77"})
				c.pool.Name = "p"
				if len(c.pool.Addresses) > 0 {
					c.pool.VNet, _, _ = strings.Cut(w.subnet(azuresim.DemoDev1), "/subnets/")
				}
				w.Azure.PutLoadBalancer(azuresim.LoadBalancer{
					ID: dev + "loadBalancers/lb", Location: azuresim.DemoLocation,
					Frontends: []azuresim.Frontend{{Name: "f", PublicIP: dev + "publicIPAddresses/lb-ip"}},
					Pools:     []azuresim.BackendPool{c.pool}, NATRules: c.nat, Rules: c.rule,
				})
				w.Start()
				e, err := w.Service.Explain(t.Context(), carol, "dev-1", carol)
				if err != nil {
					t.Fatal(err)
				}
				texts := e.Posture.Notes
				for _, why := range e.Offers[0].Verdicts[0].Verdict.Why {
					texts = append(texts, why.Text)
				}
				if all := strings.Join(texts, "\n"); !strings.Contains(all, c.want) {
					t.Errorf("explain does not say %q: %q", c.want, all)
				}
			})
		})
	}
}

// A next hop of a new kind, or several at once, is named, and what it lets through
// is not known.
func TestNextHopsOfANewKind(t *testing.T) {
	for name, route := range map[string]azuresim.Route{
		"several":  {NextHopType: "VirtualApplianceEcmp", NextHops: []string{"10.30.9.4", "10.30.9.5"}},
		"new kind": {NextHopType: "VirtualWormhole"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				const table = azuresim.DemoDevGroup + "/providers/Microsoft.Network/routeTables/spread"
				route.Name, route.Prefix = "spread", "0.0.0.0/0"
				w.Azure.PutRouteTable(azuresim.RouteTable{ID: table, Location: azuresim.DemoLocation, Routes: []azuresim.Route{route}})
				for _, vm := range []string{azuresim.DemoDev1, azuresim.DemoBare} {
					if err := w.Azure.SetRouteTable(w.subnet(vm), table); err != nil {
						t.Fatal(err)
					}
				}
				w.Start()
				named := func(what string, texts []string) {
					t.Helper()
					all := strings.Join(texts, "\n")
					for _, text := range append(route.NextHops, route.NextHopType) {
						if !strings.Contains(all, text) {
							t.Errorf("%s does not name %s: %q", what, text, all)
						}
					}
				}
				postures, _ := w.Scan(carol)
				bare := postures["bare-1"]
				if !bare.Undetermined || bare.Class != reach.ClassNotApplicable || !strings.Contains(bare.Why, "cannot be told") {
					t.Errorf("bare-1 is %s: %s", bare.Class, bare.Why)
				}
				named("the scan", bare.Notes)
				e, err := w.Service.Explain(t.Context(), carol, "dev-1", carol)
				if err != nil {
					t.Fatal(err)
				}
				named("explain", e.Posture.Notes)
				g, err := w.Ask(ada, time.Hour, "dev-1")
				if err != nil || g.State != jit.Pending {
					t.Fatal(g.State, err)
				}
				named("the card", g.Notes)
			})
		})
	}
}
