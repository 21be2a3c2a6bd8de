package azure_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/reach"
)

// The hub lends its gateway to the spoke, where dev-1 is.
const (
	hubGroup = azuresim.DemoSubscriptionScope + "/resourceGroups/net"
	hubNet   = hubGroup + "/providers/Microsoft.Network/virtualNetworks/hub"
	spokeNet = azuresim.DemoDevGroup + "/providers/Microsoft.Network/virtualNetworks/dev-vnet"
	farNet   = hubGroup + "/providers/Microsoft.Network/virtualNetworks/far"
	hubGate  = hubGroup + "/providers/Microsoft.Network/virtualNetworkGateways/gate"
	farGate  = hubGroup + "/providers/Microsoft.Network/virtualNetworkGateways/far-gate"
)

func siteID(name string) string {
	return azuresim.DemoWebGroup + "/providers/Microsoft.Network/localNetworkGateways/" + name
}

func connectionID(name string) string {
	return azuresim.DemoDBGroup + "/providers/Microsoft.Network/connections/" + name
}

func gatewayNet(id, prefix string) azuresim.VNet {
	return azuresim.VNet{
		ID: id, Location: azuresim.DemoLocation, Prefixes: []string{prefix + ".0.0/16"},
		Subnets: []azuresim.Subnet{{Name: "GatewaySubnet", Prefixes: []string{prefix + ".0.0/27"}}},
	}
}

// addVNetGateway adds a gateway that joins two sites to a hub, of which dev-1's network
// is a spoke.
func (w *world) addVNetGateway() {
	w.PutResourceGroup(azuresim.ResourceGroup{Subscription: azuresim.DemoSubscription, Name: "net", Location: azuresim.DemoLocation})
	hub := gatewayNet(hubNet, "10.80")
	hub.Peers = []string{spokeNet}
	w.PutVNet(hub)
	w.PutVNet(gatewayNet(farNet, "10.90"))
	w.PutVNet(azuresim.VNet{
		ID: spokeNet, Location: azuresim.DemoLocation, Prefixes: []string{"10.30.0.0/16"}, Peers: []string{hubNet}, GatewayOf: hubNet,
		Subnets: []azuresim.Subnet{{Name: "dev", Prefixes: []string{"10.30.1.0/24"}, NSG: azuresim.DemoDevNSG}},
	})
	w.PutNetworkGateway(azuresim.NetworkGateway{ID: hubGate, Location: azuresim.DemoLocation, Subnet: hubNet + "/subnets/GatewaySubnet"})
	for name, prefixes := range map[string][]string{"office": {"192.168.0.0/24", "172.16.0.0/16"}, "plant": {"10.60.0.0/16"}, "unused": {"10.70.0.0/16"}} {
		w.PutLocalGateway(azuresim.LocalGateway{ID: siteID(name), Location: azuresim.DemoLocation, Prefixes: prefixes})
	}
	for _, name := range []string{"office", "plant"} {
		w.PutConnection(azuresim.Connection{ID: connectionID(name), Location: azuresim.DemoLocation, Gateway: hubGate, Site: siteID(name)})
	}
	const role = "c0000000-0000-4000-8000-0000000000c2"
	w.PutRoleDefinition(azuresim.RoleDefinition{ID: role, Custom: true, Actions: []string{
		"Microsoft.Network/virtualNetworkGateways/read", "Microsoft.Network/virtualNetworkGateways/connections/read", "Microsoft.Network/localNetworkGateways/read",
	}})
	w.Assign(azuresim.RoleAssignment{Scope: azuresim.DemoSubscriptionScope, Role: role, Principal: azuresim.DefaultPrincipalID})
}

func TestWhatLiesBehindAGateway(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	connect := func(c azuresim.Connection) func(*world) {
		return func(w *world) {
			c.ID, c.Location, c.Gateway = connectionID("more"), azuresim.DemoLocation, hubGate
			w.PutConnection(c)
		}
	}
	gateway := func(change func(*azuresim.NetworkGateway)) func(*world) {
		return func(w *world) {
			v := azuresim.NetworkGateway{ID: hubGate, Location: azuresim.DemoLocation, Subnet: hubNet + "/subnets/GatewaySubnet"}
			change(&v)
			w.PutNetworkGateway(v)
		}
	}
	far := func(w *world) {
		w.PutNetworkGateway(azuresim.NetworkGateway{ID: farGate, Location: azuresim.DemoLocation, Subnet: farNet + "/subnets/GatewaySubnet"})
		connect(azuresim.Connection{Other: farGate})(w)
	}
	static := []string{"10.60.0.0/16", "172.16.0.0/16", "192.168.0.0/24"}
	for _, tt := range []struct {
		name    string
		change  func(*world)
		want    []string
		learned bool
	}{
		{"static connections", nil, static, false},
		{"a connection with BGP", connect(azuresim.Connection{Site: siteID("unused"), BGP: true}), append([]string{"10.70.0.0/16"}, static...), true},
		{"a gateway with BGP", gateway(func(g *azuresim.NetworkGateway) { g.BGP = true }), static, true},
		{"clients that dial in", gateway(func(g *azuresim.NetworkGateway) { g.Clients = []string{"10.99.0.0/24"} }), static, true},
		{"addresses that are translated", gateway(func(g *azuresim.NetworkGateway) { g.Translates = true }), static, true},
		{"ExpressRoute", gateway(func(g *azuresim.NetworkGateway) { g.Kind = "ExpressRoute" }), static, true},
		{"a circuit", connect(azuresim.Connection{Circuit: hubGroup + "/providers/Microsoft.Network/expressRouteCircuits/c"}), static, true},
		{"another network", far, append([]string{"10.90.0.0/16"}, static...), false},
		{"another network that is not seen", connect(azuresim.Connection{Other: farGate}), static, true},
		{"a site that is gone", connect(azuresim.Connection{Site: siteID("gone")}), static, true},
		{"a range that cannot be read", func(w *world) {
			w.PutLocalGateway(azuresim.LocalGateway{ID: siteID("plant"), Location: azuresim.DemoLocation, Prefixes: []string{"10.60.0.0/16", "plant"}})
		}, static, true},
		{"the network of the gateway is not seen", func(w *world) { w.DeleteVNet(hubNet) }, nil, true},
		{"no right to read gateways", func(w *world) {
			w.Configure(func(s *azuresim.Settings) {
				s.DeniedActions = []string{"Microsoft.Network/virtualNetworkGateways/read"}
			})
		}, nil, true},
		{"no right to read connections", func(w *world) {
			w.Configure(func(s *azuresim.Settings) {
				s.DeniedActions = []string{"Microsoft.Network/virtualNetworkGateways/connections/read"}
			})
		}, nil, true},
		{"no right to read sites", func(w *world) {
			w.Configure(func(s *azuresim.Settings) { s.DeniedActions = []string{"Microsoft.Network/localNetworkGateways/read"} })
		}, nil, true},
		{"gateways cannot be read", func(w *world) { w.AddFault(azuresim.Fault{Path: "/virtualNetworkGateways/", Status: 500}) }, nil, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.addVNetGateway()
				w.Configure(func(s *azuresim.Settings) { s.PageSize = 1 })
				if tt.change != nil {
					tt.change(w)
				}
				got := w.around(t, azuresim.DemoDev1)[strings.ToLower(azuresim.DemoDev1)]
				want := prefixes(tt.want...)
				slices.SortFunc(want, netip.Prefix.Compare)
				slices.SortFunc(got.OnPremises, netip.Prefix.Compare)
				if !slices.Equal(got.OnPremises, want) || got.Learned != tt.learned {
					t.Errorf("%v, learned %t; want %v, %t", got.OnPremises, got.Learned, want, tt.learned)
				}
			})
		})
	}
}

// What a rule for the tag VirtualNetwork lets in is what the simulator lets in.
func TestSitesAreInside(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.addVNetGateway()
		vm := w.mustVM(t, azuresim.DemoDev1)
		tables, err := w.Tables(t.Context(), azuresim.DemoSubscription)
		if err != nil {
			t.Fatal(err)
		}
		around := w.around(t, azuresim.DemoDev1)[strings.ToLower(azuresim.DemoDev1)]
		for source, want := range map[string]reach.Answer{
			"10.60.1.1": reach.AnswerAllow, "192.168.0.9": reach.AnswerAllow, "10.80.0.9": reach.AnswerAllow, "10.70.0.1": reach.AnswerDeny, "192.168.1.1": reach.AnswerDeny,
		} {
			v := reach.VerifyFlow(vm, tables, around, reach.Flow{Source: source, Ports: jit.Ports{From: 22, To: 22, Protocol: jit.TCP}})
			there, why := w.Reachable(azuresim.DemoDev1, netip.MustParseAddr(source), 22, "Tcp")
			if v.Decision != want || there != (want == reach.AnswerAllow) {
				t.Errorf("%s: %s, in Azure %t (%s)", source, v.Decision, there, why)
			}
		}
	})
}

// A question about VMs without a gateway costs nothing more, and one about
// many gateways has a bound.
func TestGatewaysCost(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.addVNetGateway()
		w.around(t, azuresim.DemoDev1)
		w.Reset()
		w.around(t, azuresim.DemoDev1)
		if n := w.sent("GET", "Gateways"); n != 3 {
			t.Errorf("%d requests for one gateway, want itself, its connections and the sites", n)
		}
		w.Reset()
		w.around(t, azuresim.DemoWeb1)
		if n := w.sent("GET", "Gateways"); n != 0 {
			t.Errorf("%d requests without a gateway", n)
		}
		for n := range 20 {
			w.PutNetworkGateway(azuresim.NetworkGateway{ID: hubGate + fmt.Sprint(n), Location: azuresim.DemoLocation, Subnet: hubNet + "/subnets/GatewaySubnet"})
		}
		w.Reset()
		if s := w.around(t, azuresim.DemoDev1)[strings.ToLower(azuresim.DemoDev1)]; !s.Learned || w.sent("GET", "Gateways") != 0 {
			t.Errorf("learned %t after %d requests", s.Learned, w.sent("GET", "Gateways"))
		}
	})
}

// A gateway subnet in which no gateway is seen, and a route server, leave it
// open what is behind.
func TestNetworksThatMayLearn(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		for _, subnet := range []string{"GatewaySubnet", "RouteServerSubnet", "AzureBastionSubnet"} {
			w := newWorld(t)
			w.PutVNet(azuresim.VNet{
				ID: spokeNet, Location: azuresim.DemoLocation, Prefixes: []string{"10.30.0.0/16"},
				Subnets: []azuresim.Subnet{{Name: "dev", Prefixes: []string{"10.30.1.0/24"}}, {Name: subnet, Prefixes: []string{"10.30.2.0/24"}}},
			})
			got := w.around(t, azuresim.DemoDev1)[strings.ToLower(azuresim.DemoDev1)]
			if got.Learned != (subnet != "AzureBastionSubnet") || len(got.OnPremises) > 0 {
				t.Errorf("%s: %+v", subnet, got)
			}
		}
	})
}
