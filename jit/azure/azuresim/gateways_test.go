package azuresim_test

import (
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"

	"jitbot/jit/azure/azuresim"
)

func TestGateways(t *testing.T) {
	w := newHub(t, 0)
	w.Configure(func(s *azuresim.Settings) { s.EnforceRBAC = false })
	ctx := t.Context()
	network := azuresim.DemoHubGroup + "/providers/Microsoft.Network/"
	gate := network + "virtualNetworkGateways/gate"
	vnet := azuresim.VNet{ID: network + "virtualNetworks/out", Location: "westeurope", Prefixes: []string{"10.80.0.0/16"}, Subnets: []azuresim.Subnet{{Name: "GatewaySubnet", Prefixes: []string{"10.80.0.0/27"}}}}
	w.PutVNet(vnet)
	w.PutNetworkGateway(azuresim.NetworkGateway{ID: gate, Location: "westeurope", Subnet: vnet.ID + "/subnets/GatewaySubnet", Clients: []string{"10.99.0.0/24"}, Translates: true})
	w.PutLocalGateway(azuresim.LocalGateway{ID: network + "localNetworkGateways/office", Location: "westeurope", Prefixes: []string{"192.168.0.0/24"}})
	for name, c := range map[string]azuresim.Connection{"s2s": {Site: network + "localNetworkGateways/office", BGP: true}, "er": {Circuit: network + "expressRouteCircuits/c"}, "v2v": {Other: gate}} {
		c.ID, c.Location, c.Gateway = network+"connections/"+name, "westeurope", gate
		w.PutConnection(c)
	}
	w.PutConnection(azuresim.Connection{ID: network + "connections/stray", Location: "westeurope", Gateway: network + "virtualNetworkGateways/other"})

	got, err := w.clients().NewVirtualNetworkGatewaysClient().Get(ctx, "hub", "GATE", nil)
	if err != nil || *got.Properties.GatewayType != armnetwork.VirtualNetworkGatewayTypeVPN || *got.Properties.VPNClientConfiguration.VPNClientAddressPool.AddressPrefixes[0] != "10.99.0.0/24" ||
		*got.Properties.NatRules[0].Properties.Mode != armnetwork.VPNNatRuleModeIngressSnat {
		t.Errorf("%+v %v", got.Properties, err)
	}
	subnet, err := w.clients().NewSubnetsClient().Get(ctx, "hub", "out", "GatewaySubnet", nil)
	if err != nil || len(subnet.Properties.IPConfigurations) != 1 || *subnet.Properties.IPConfigurations[0].ID != *got.Properties.IPConfigurations[0].ID {
		t.Errorf("%+v %v", subnet.Properties, err)
	}
	kinds := map[armnetwork.VirtualNetworkGatewayConnectionType]bool{}
	for p := w.clients().NewVirtualNetworkGatewaysClient().NewListConnectionsPager("hub", "gate", nil); p.More(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range page.Value {
			kinds[*c.Properties.ConnectionType] = *c.Properties.EnableBgp
		}
	}
	if len(kinds) != 3 || !kinds[armnetwork.VirtualNetworkGatewayConnectionTypeIPsec] || kinds[armnetwork.VirtualNetworkGatewayConnectionTypeVnet2Vnet] {
		t.Errorf("%v", kinds)
	}
	for path, want := range map[string]int{
		azuresim.DemoHubGroup + "/providers/Microsoft.Network/virtualNetworkGateways": 1, azuresim.DemoHubGroup + "/providers/Microsoft.Network/connections": 4,
		azuresim.DemoHubGroup + "/providers/Microsoft.Network/localNetworkGateways": 1, azuresim.DemoDevGroup + "/providers/Microsoft.Network/connections": 0,
	} {
		if got := w.ask("GET", path, ""); got.status != 200 || len(got.body.Value) != want {
			t.Errorf("%s: %d, %d values", path, got.status, len(got.body.Value))
		}
	}
	for _, path := range []string{azuresim.DemoSubscriptionScope + "/providers/Microsoft.Network/virtualNetworkGateways", network + "virtualNetworkGateways/gone/connections", network + "connections/gone", network + "localNetworkGateways/gone"} {
		if got := w.ask("GET", path, ""); got.status != 404 {
			t.Errorf("%s: %d", path, got.status)
		}
	}
}
