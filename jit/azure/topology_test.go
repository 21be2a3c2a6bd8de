package azure_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/reach"
)

func (w *world) around(t *testing.T, vms ...string) map[string]reach.Topology {
	t.Helper()
	var all []jit.VM
	for _, id := range vms {
		all = append(all, w.mustVM(t, id))
	}
	out, err := w.Topology(t.Context(), all)
	if err != nil || len(out) != len(vms) {
		t.Fatalf("%v, %v", out, err)
	}
	return out
}

func prefixes(texts ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range texts {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func TestSurroundings(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Reset()
		all := w.around(t, azuresim.DemoJump, azuresim.DemoDev1)
		got := all[strings.ToLower(azuresim.DemoJump)]
		want := reach.Topology{
			VirtualNetwork: prefixes("10.10.0.0/16", "fd00:10:10::/48"), Peers: prefixes("10.20.0.0/16"), Interfaces: []jit.Interface{},
			Frontends: []reach.Frontend{{Name: "jump-ip", Public: "20.50.10.1", To: netip.MustParseAddr("10.10.9.4")}},
		}
		comparers := cmp.Options{cmp.Comparer(sameAddr), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })}
		if diff := cmp.Diff(want, got, comparers); diff != "" {
			t.Error(diff)
		}
		if dev := all[strings.ToLower(azuresim.DemoDev1)]; len(dev.Frontends) > 0 || !slices.Equal(dev.VirtualNetwork, prefixes("10.30.0.0/16")) {
			t.Errorf("dev-1: %+v", dev)
		}
		for _, list := range []string{"virtualNetworks", "routeTables", "loadBalancers", "publicIPAddresses"} {
			n := 0
			for _, r := range w.Requests() {
				if strings.HasSuffix(r.Path, "/"+list) {
					n++
				}
			}
			if n != 1 {
				t.Errorf("%d requests for the list of %s", n, list)
			}
		}
	})
}

func TestSurroundingsOfGroupsRoutesAndBalancers(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		const network = azuresim.DemoWebGroup + "/providers/Microsoft.Network/"
		vm := w.mustVM(t, azuresim.DemoWeb1)
		nic, _ := w.NIC(vm.Interfaces[0].ID)
		nic.IPs = slices.Clone(nic.IPs)
		nic.IPs[0].ASGs = []string{network + "applicationSecurityGroups/admin"}
		w.PutNIC(nic)
		config := nic.ID + "/ipConfigurations/" + nic.IPs[0].Name
		w.PutPublicIP(azuresim.PublicIP{ID: network + "publicIPAddresses/lb-ip", Location: azuresim.DemoLocation, Address: "20.50.10.9"})
		subnet := network + "virtualNetworks/prod-vnet/subnets/web"
		w.PutLoadBalancer(azuresim.LoadBalancer{
			ID: network + "loadBalancers/lb", Location: azuresim.DemoLocation,
			Frontends: []azuresim.Frontend{{Name: "out", PublicIP: network + "publicIPAddresses/lb-ip"}, {Name: "in", Subnet: subnet, Address: "10.10.1.100"}},
			Pools:     []azuresim.BackendPool{{Name: "pool", IPConfigs: []string{config}}},
			NATRules:  []azuresim.InboundNATRule{{Name: "ssh", Frontend: "out", Protocol: "Tcp", FrontendPort: 50022, BackendPort: 22, IPConfig: config}},
			Rules: []azuresim.BalancingRule{
				{Name: "web", Frontend: "out", Pool: "pool", Protocol: "All", FrontendPort: 80, BackendPort: 8080},
				{Name: "inside", Frontend: "in", Pool: "pool", Protocol: "Udp", FrontendPort: 53, BackendPort: 53},
			},
		})
		w.PutRouteTable(azuresim.RouteTable{ID: network + "routeTables/rt", Location: azuresim.DemoLocation, Routes: []azuresim.Route{
			{Name: "all", Prefix: "0.0.0.0/0", NextHopType: "VirtualAppliance", NextHop: "10.10.200.4"},
			{Name: "tag", Prefix: "AzureMonitor", NextHopType: "Internet"},
		}})
		if err := w.SetRouteTable(subnet, network+"routeTables/rt"); err != nil {
			t.Fatal(err)
		}
		got := w.around(t, azuresim.DemoWeb1)[strings.ToLower(azuresim.DemoWeb1)]
		to := netip.MustParseAddr("10.10.1.4")
		front := func(outer, inner uint16, p jit.Protocol) reach.Frontend {
			return reach.Frontend{Name: "lb", Public: "20.50.10.9", To: to, Ports: []reach.PortMapping{{FrontendPort: outer, BackendPorts: jit.Ports{From: inner, To: inner, Protocol: p}}}}
		}
		if diff := cmp.Diff([]reach.Frontend{front(50022, 22, jit.TCP), front(80, 8080, jit.AnyProtocol)}, got.Frontends, cmp.Comparer(sameAddr)); diff != "" {
			t.Error(diff)
		}
		if !slices.Equal(got.Routed, prefixes("0.0.0.0/0")) || len(got.Appliances) != 1 || got.Appliances[0] != netip.MustParseAddr("10.10.200.4") {
			t.Errorf("routed %v, appliances %v", got.Routed, got.Appliances)
		}
		if len(got.Interfaces) != 1 || got.Interfaces[0].Addresses[0].Addr != to {
			t.Errorf("interfaces %+v", got.Interfaces)
		}
		w.AddFault(azuresim.Fault{Path: "loadBalancers", Status: 403, Code: "AuthorizationFailed"})
		_, err := w.Topology(t.Context(), []jit.VM{vm})
		checkKind(t, err, jit.ErrForbidden)
	})
}
