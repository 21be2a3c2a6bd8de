package azuresim_test

import (
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"

	"jitbot/jit/azure/azuresim"
)

func TestPools(t *testing.T) {
	w := newHub(t, 0)
	root := azuresim.DemoHubGroup + "/providers/Microsoft.Network/"
	config, vnet := root+"networkInterfaces/app-1-nic/ipConfigurations/ipconfig1", root+"virtualNetworks/edge-vnet"
	w.PutLoadBalancer(azuresim.LoadBalancer{
		ID: root + "loadBalancers/lb", Location: "westeurope",
		Frontends: []azuresim.Frontend{{Name: "f", PublicIP: root + "publicIPAddresses/lb-ip"}},
		Pools: []azuresim.BackendPool{
			{Name: "addresses", VNet: vnet, Addresses: []string{"10.50.1.4", "10.50.1.5"}}, {Name: "interfaces", IPConfigs: []string{config}},
		},
		NATRules: []azuresim.InboundNATRule{
			{Name: "ssh", Frontend: "f", Protocol: "Tcp", FrontendStart: 50000, FrontendEnd: 50100, BackendPort: 22, Pool: "addresses"},
			{Name: "rdp", Frontend: "f", Protocol: "Tcp", FrontendStart: 60000, FrontendEnd: 60000, BackendPort: 3389, Pool: "interfaces"},
		},
	})
	lb, err := w.clients().NewLoadBalancersClient().Get(t.Context(), "hub", "lb", nil)
	if err != nil {
		t.Fatal(err)
	}
	byAddress, byInterface := lb.Properties.BackendAddressPools[0].Properties, lb.Properties.BackendAddressPools[1].Properties
	for i, a := range byAddress.LoadBalancerBackendAddresses {
		p := a.Properties
		if want := []string{"10.50.1.4", "10.50.1.5"}[i]; *p.IPAddress != want || *p.VirtualNetwork.ID != vnet ||
			!mapped(p, "ssh", int32(50000+i), 22) {
			t.Errorf("%d: %+v", i, p)
		}
	}
	if len(byAddress.LoadBalancerBackendAddresses) != 2 || len(byAddress.BackendIPConfigurations) != 0 || len(byAddress.InboundNatRules) != 1 {
		t.Errorf("%+v", byAddress)
	}
	if p := byInterface.LoadBalancerBackendAddresses[0].Properties; *p.NetworkInterfaceIPConfiguration.ID != config ||
		!mapped(p, "rdp", 60000, 3389) {
		t.Errorf("%+v", p)
	}
	nat := lb.Properties.InboundNatRules[0].Properties
	if *nat.FrontendPortRangeStart != 50000 || *nat.FrontendPortRangeEnd != 50100 || *nat.BackendPort != 22 || nat.FrontendPort != nil ||
		nat.BackendIPConfiguration != nil || *nat.BackendAddressPool.ID != *lb.Properties.BackendAddressPools[0].ID {
		t.Errorf("%+v", nat)
	}
	nic, err := w.clients().NewInterfacesClient().Get(t.Context(), "hub", "core-1-nic", nil)
	if err != nil || nic.Properties.IPConfigurations[0].Properties.LoadBalancerBackendAddressPools != nil {
		t.Errorf("an interface does not show a pool by address: %+v %v", nic.Properties, err)
	}
}

func mapped(p *armnetwork.LoadBalancerBackendAddressPropertiesFormat, name string, frontend, backend int32) bool {
	m := p.InboundNatRulesPortMapping
	return len(m) == 1 && *m[0].InboundNatRuleName == name && *m[0].FrontendPort == frontend && *m[0].BackendPort == backend
}

// TestPoolPastFirewall: a pool by address is a way past the firewall.
func TestPoolPastFirewall(t *testing.T) {
	w := newHub(t, 0)
	root := azuresim.DemoHubGroup + "/providers/Microsoft.Network/"
	if err := w.SetRouteTable(root+"virtualNetworks/hub-vnet/subnets/apps", ""); err != nil {
		t.Fatal(err)
	}
	if err := w.PutRule(azuresim.DemoAppNSG, allow("ssh", 200, office, "22")); err != nil {
		t.Fatal(err)
	}
	if yes, why := w.Path(azuresim.DemoApp, addr(office), 22, "Tcp"); yes {
		t.Fatal(why)
	}
	w.PutLoadBalancer(azuresim.LoadBalancer{ID: root + "loadBalancers/lb", Location: "westeurope", Pools: []azuresim.BackendPool{
		{Name: "p", VNet: root + "virtualNetworks/hub-vnet", Addresses: []string{"10.40.1.4"}},
	}})
	if yes, why := w.Path(azuresim.DemoApp, addr(office), 22, "Tcp"); !yes {
		t.Error(why)
	}
}
