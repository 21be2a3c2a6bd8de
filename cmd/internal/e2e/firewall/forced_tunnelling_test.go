package firewall_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// Under forced tunnelling no DNAT rule of a firewall works, so nothing is opened by
// one, and the cause is said; what comes from inside needs none. Where the firewall's
// subnet may learn such a route, whoever decides is told that it is not known.
func TestForcedTunnelling(t *testing.T) {
	const (
		outside = "203.0.113.7/32"
		inside  = "10.99.0.9/32"
		forced  = "whose own subnet routes the internet elsewhere (forced tunnelling), so none of its DNAT rules can work; ask from an address inside"
		unknown = "whether the DNAT rules of the firewall hub-fw work is not known"
	)
	home := azuresim.DemoHubGroup + "/providers/Microsoft.Network/"
	learns := func(w *world) {
		w.Azure.PutVNet(azuresim.VNet{
			ID: home + "virtualNetworks/hub-vnet", Location: azuresim.DemoLocation, Prefixes: []string{"10.40.0.0/16"},
			Subnets: []azuresim.Subnet{
				{Name: "AzureFirewallSubnet", Prefixes: []string{azuresim.DemoFirewallSubnet}},
				{Name: "apps", Prefixes: []string{"10.40.1.0/24"}, NSG: azuresim.DemoAppNSG, RouteTable: home + "routeTables/apps-routes"},
				{Name: "GatewaySubnet", Prefixes: []string{"10.40.9.0/27"}},
			},
		})
	}
	routed := func(routes ...azuresim.Route) func(*world) {
		return func(w *world) {
			w.Azure.PutRouteTable(azuresim.RouteTable{ID: home + "routeTables/fw-routes", Location: azuresim.DemoLocation, Routes: routes})
			if err := w.Azure.SetRouteTable(simulated.FirewallSubnet(), home+"routeTables/fw-routes"); err != nil {
				w.T.Fatal(err)
			}
		}
	}
	routes := func(to string) func(*world) {
		return routed(azuresim.Route{Name: "default", Prefix: "0.0.0.0/0", NextHopType: to})
	}
	half := func(name, prefix string) azuresim.Route {
		return azuresim.Route{Name: name, Prefix: prefix, NextHopType: "VirtualAppliance", NextHop: "10.40.1.250"}
	}
	internet := azuresim.Route{Name: "default", Prefix: "0.0.0.0/0", NextHopType: "Internet"}
	for _, c := range []struct {
		name, source  string
		change        []func(*world)
		refused, note string
	}{
		{"none", outside, nil, "", ""},
		{"to the internet", outside, []func(*world){learns, routes("Internet")}, "", ""},
		{"to a gateway", outside, []func(*world){routes("VirtualNetworkGateway")}, forced, ""},
		{"into nothing", outside, []func(*world){routes("None")}, forced, ""},
		{"by halves", outside, []func(*world){routed(half("low", "0.0.0.0/1"), half("high", "128.0.0.0/1"))}, forced, ""},
		{"by halves, before the internet", outside, []func(*world){routed(internet, half("low", "0.0.0.0/1"), half("high", "128.0.0.0/1"))}, forced, ""},
		{"in part", outside, []func(*world){routed(internet, half("some", "128.0.0.0/1"))}, "", unknown},
		{"within", outside, []func(*world){routed(internet, half("private", "10.0.0.0/8"))}, "", ""},
		{"from inside", inside, []func(*world){routes("VirtualNetworkGateway")}, "", ""},
		{"learned, perhaps", outside, []func(*world){learns}, "", unknown},
		{"learned, perhaps, from inside", inside, []func(*world){learns}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			firewalled(t, func(t *testing.T, w *world) {
				for _, change := range c.change {
					change(w)
				}
				w.Start()
				before := w.Firewalls()
				g, err := w.AskFrom(ada, 15*time.Minute, c.source, "app-1")
				no := (*jit.Refusal)(nil)
				switch {
				case c.refused == "" && err != nil:
					t.Errorf("refused: %v", err)
				case c.refused != "" && (!errors.As(err, &no) || !strings.Contains(no.Error(), c.refused)):
					t.Errorf("it says %v", err)
				case err == nil && strings.Contains(strings.Join(g.Notes, " "), unknown) != (c.note != ""):
					t.Errorf("the notes are %q", g.Notes)
				}
				w.Pass(time.Minute)
				if w.Firewalls() != before {
					t.Error("a firewall was changed")
				}
			})
		})
	}
}
