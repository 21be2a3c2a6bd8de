package firewall_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/reach"
)

const (
	hubPlaces   = azuresim.DemoHubGroup + "/providers/Microsoft.Network/"
	edgeNetwork = hubPlaces + "virtualNetworks/edge-vnet"
)

// dualStack gives the edge firewall, its subnet, and the VM behind it both families;
// the firewall's subnet has two prefixes of each.
func (w *world) dualStack(inside6, core6 string) {
	w.T.Helper()
	w.Azure.PutRouteTable(azuresim.RouteTable{ID: hubPlaces + "routeTables/core-routes", Location: azuresim.DemoLocation, Routes: []azuresim.Route{
		{Name: "all", Prefix: "0.0.0.0/0", NextHopType: "VirtualAppliance", NextHop: "10.50.0.4"},
		{Name: "head-office", Prefix: "10.60.0.0/16", NextHopType: "VirtualAppliance", NextHop: "10.50.0.4"},
		{Name: "head-office-6", Prefix: inside6, NextHopType: "VirtualAppliance", NextHop: "fd00:50:1::4"},
	}})
	w.Azure.PutVNet(azuresim.VNet{
		ID: edgeNetwork, Location: azuresim.DemoLocation, Prefixes: []string{"10.50.0.0/16", "fd00:50::/32", "2001:db8:50::/48"}, OnPremises: []string{"10.60.0.0/16", inside6},
		Subnets: []azuresim.Subnet{
			{Name: "AzureFirewallSubnet", Prefixes: []string{azuresim.DemoEdgeSubnet, "10.50.2.0/26", "fd00:50:1::/64", "fd00:50:2::/64"}},
			{Name: "core", Prefixes: []string{"10.50.1.0/24", "fd00:50:9::/64", "2001:db8:50:9::/64"}, NSG: azuresim.DemoCoreNSG, RouteTable: hubPlaces + "routeTables/core-routes"},
		},
	})
	nic := hubPlaces + "networkInterfaces/core-1-nic"
	w.Azure.PutNIC(azuresim.NIC{ID: nic, Location: azuresim.DemoLocation, IPs: []azuresim.IPConfig{
		{Name: "ipconfig1", Address: "10.50.1.4", Subnet: edgeNetwork + "/subnets/core"}, {Name: "ipconfig2", Address: core6, Subnet: edgeNetwork + "/subnets/core"},
	}})
	f, _ := w.Azure.Firewall(azuresim.DemoEdgeFirewall)
	f.PrivateAddress6, f.Properties = "fd00:50:1::4", nil
	f.PublicIPs = f.PublicIPs[:1]
	if err := w.Azure.PutFirewall(f); err != nil {
		w.T.Fatal(err)
	}
}

// A VM with an address of each family behind a firewall of both: by IPv6 the network
// rules let in exactly the holder, whom unique local addresses see and others do not;
// each group then has all prefixes of the source's family, and no rule has two families.
func TestDualStackFirewall(t *testing.T) {
	for _, c := range []struct{ name, inside, core, source, other string }{
		{"unique local", "fd00:60::/32", "fd00:50:9::4", "fd00:60::9", "fd00:60::a"},
		{"to a global address, which sees the firewall", "fd00:60::/32", "2001:db8:50:9::4", "fd00:60::9", "fd00:60::a"},
		{"IPv4", "fd00:60::/32", "fd00:50:9::4", "10.60.1.9", "10.60.1.10"},
		{"IPv4 by DNAT", "fd00:60::/32", "fd00:50:9::4", "203.0.113.7", "203.0.113.8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			firewalled(t, func(t *testing.T, w *world) {
				w.dualStack(c.inside, c.core)
				foreign := w.Foreign()
				w.Start()
				from := netip.PrefixFrom(netip.MustParseAddr(c.source), netip.MustParseAddr(c.source).BitLen())
				g, err := w.AskFrom(ada, 20*time.Minute, from.String(), "core-1")
				if err != nil {
					t.Fatal(err)
				}
				if _, err := w.Service.Approve(t.Context(), grace, g.ID); err != nil {
					t.Fatal(err)
				}
				w.Pass(9 * time.Minute)
				g = w.Want(g.ID, jit.Open)
				if !w.Connects(azuresim.DemoCore, c.source, 22) || w.Connects(azuresim.DemoCore, c.other, 22) {
					_, why := w.Azure.Path(azuresim.DemoCore, from.Addr(), 22, "Tcp")
					t.Errorf("open to the wrong people: %v", why)
				}
				w.Pass(time.Until(g.Clock.Deadline) + 8*time.Minute)
				w.Want(g.ID, jit.Closed)
				if w.Connects(azuresim.DemoCore, c.source, 22) {
					t.Error("in after the end")
				}
				w.CheckPromises(foreign)
			})
		})
	}
}

// By IPv6 nothing is translated, and classic rules know none of it: refused with the
// cause, before anything is written.
func TestDualStackRefusals(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		w.dualStack("::/0", "fd00:50:9::4")
		w.Start()
		before := w.Firewalls()
		_, err := w.AskFrom(ada, 20*time.Minute, "2001:db8:77::9/128", "core-1")
		if !errors.As(err, new(*jit.Refusal)) || !strings.Contains(err.Error(), "translates no IPv6 address") {
			t.Errorf("from outside: %v", err)
		}
		w.Pass(time.Minute)
		if w.Firewalls() != before {
			t.Error("a firewall was changed")
		}
	})
}

// Where a firewall learns whose address it hides, whom the groups see is not known:
// nothing is opened that hangs on it, and reach says that it is not known.
func TestFirewallLearnsPrivateRanges(t *testing.T) {
	const cause = "snat.autoLearnPrivateRanges"
	for _, c := range []struct {
		name, source string
		ranges       []string
		learned      []string
		refused      bool
	}{
		{"of the default ranges", "10.60.1.9", nil, nil, false},
		{"of other ranges, not learned", "10.60.1.9", []string{"192.168.0.0/16"}, nil, true},
		{"of other ranges, learned", "10.60.1.9", []string{"192.168.0.0/16"}, []string{"10.50.0.0/16"}, true},
		{"by DNAT", "203.0.113.7", []string{"192.168.0.0/16"}, nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			firewalled(t, func(t *testing.T, w *world) {
				w.Azure.PutFirewallPolicy(azuresim.FirewallPolicy{
					ID: azuresim.DemoEdgePolicy, Location: azuresim.DemoLocation, Base: azuresim.DemoCorpPolicy,
					PrivateRanges: c.ranges, AutoLearn: true, Learned: c.learned,
				})
				w.Start()
				g, err := w.AskFrom(ada, 20*time.Minute, c.source+"/32", "core-1")
				if c.refused {
					if !errors.As(err, new(*jit.Refusal)) || !strings.Contains(err.Error(), cause) {
						t.Fatalf("it says %v", err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if _, err := w.Service.Approve(t.Context(), grace, g.ID); err != nil {
					t.Fatal(err)
				}
				w.Pass(9 * time.Minute)
				w.Want(g.ID, jit.Open)
				if !w.Connects(azuresim.DemoCore, c.source, 22) {
					t.Error("open, and not in")
				}
			})
		})
	}
}

// A DNAT rule of others at a private address of the firewall lets in who is inside,
// and nobody from the internet.
func TestDNATAtAPrivateAddress(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		f, _ := w.Azure.Firewall(azuresim.DemoFirewall)
		for i, c := range f.Collections {
			if c.Kind == azuresim.NAT {
				f.Collections[i].Rules = append(f.Collections[i].Rules, azuresim.FirewallRule{
					Name: "inner-rdp", Protocols: []string{"TCP"}, Sources: []string{"*"}, Destinations: []string{"10.40.0.4"}, Ports: []string{"3389"},
					TranslatedAddress: "10.40.1.4", TranslatedPort: "3389",
				})
			}
		}
		if err := w.Azure.PutFirewall(f); err != nil {
			t.Fatal(err)
		}
		if err := w.Azure.PutRule(azuresim.DemoAppNSG, azuresim.Rule{
			Name: "rdp-from-firewall", Protocol: "Tcp", SourceAddressPrefix: azuresim.DemoFirewallSubnet, SourcePortRange: "*", DestinationAddressPrefix: "*",
			DestinationPortRange: "3389", Access: "Allow", Direction: "Inbound", Priority: 900,
		}); err != nil {
			t.Fatal(err)
		}
		w.Start()
		for source, want := range map[string]bool{"10.40.2.9": true, "203.0.113.7": false} {
			if w.Connects(azuresim.DemoApp, source, 3389) != want {
				t.Errorf("the simulator lets %s in: %t", source, !want)
			}
		}
		e, err := w.Service.Explain(t.Context(), ada, "app-1", ada)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range e.Offers[1].Verdicts {
			if shut := v.Verdict.Decision == reach.AnswerDeny; shut != (v.Source == "Internet") {
				t.Errorf("from %s it is %s: %+v", v.Source, v.Verdict.Decision, v.Verdict.Why)
			}
		}
	})
}
