package azuresim_test

import (
	"testing"

	"jitbot/jit/azure/azuresim"
)

func TestBlocksOfAddresses(t *testing.T) {
	w := newWorld(t)
	vm, _ := w.Machine(azuresim.DemoWeb1)
	nic, _ := w.NIC(vm.NICs[0])
	subnet := nic.IPs[0].Subnet
	nic.IPs = append(nic.IPs[:1:1], azuresim.IPConfig{Name: "block", Address: "10.10.1.32/28", Subnet: subnet},
		azuresim.IPConfig{Name: "block6", Address: "fd00:10:10:1:8::/80", Subnet: subnet})
	w.PutNIC(nic)
	configs := w.ask("GET", nic.ID, "").body.Properties["ipConfigurations"].([]any)
	for i, want := range []struct {
		address, version string
		length           any
	}{{"10.10.1.4", "IPv4", nil}, {"10.10.1.32/28", "IPv4", 28.0}, {"fd00:10:10:1:8::/80", "IPv6", 80.0}} {
		p := configs[i].(map[string]any)["properties"].(map[string]any)
		if p["privateIPAddress"] != want.address || p["privateIPAddressVersion"] != want.version ||
			p["privateIPAddressPrefixLength"] != want.length {
			t.Errorf("%v", p)
		}
	}
	open := func(to, from string) bool {
		t.Helper()
		for _, nsg := range []string{azuresim.DemoWebSubnetNSG, azuresim.DemoWebNICNSG} {
			r := allow("block", 200, from, "22")
			r.DestinationAddressPrefix = to
			if err := w.PutRule(nsg, r); err != nil {
				t.Fatal(err)
			}
		}
		yes, why := w.Reachable(azuresim.DemoWeb1, addr(from), 22, "Tcp")
		if path, _ := w.Path(azuresim.DemoWeb1, addr(from), 22, "Tcp"); path != yes {
			t.Errorf("path %t, reachable %t: %s", path, yes, why)
		}
		return yes
	}
	for to, want := range map[string]bool{
		"10.10.1.32": true, "10.10.1.40": true, "10.10.1.47/32": true, "10.10.1.0/24": true, "10.10.1.48": false, "10.10.1.31": false,
	} {
		if got := open(to, office); got != want {
			t.Errorf("%s: %t", to, got)
		}
	}
	for to, want := range map[string]bool{"fd00:10:10:1:8::77": true, "fd00:10:10:1:8::/96": true, "fd00:10:10:1:9::1": false} {
		if got := open(to, "2001:db8::1"); got != want {
			t.Errorf("%s: %t", to, got)
		}
	}
	// A block of which the whole but one address is denied is open.
	for _, nsg := range []string{azuresim.DemoWebSubnetNSG, azuresim.DemoWebNICNSG} {
		all, but := allow("all", 210, "2001:db8::1", "23"), allow("but", 205, "2001:db8::1", "23")
		all.DestinationAddressPrefix, all.Access = "fd00:10:10:1:8::/81", "Deny"
		but.DestinationAddressPrefix, but.Access = "fd00:10:10:1:8:8000::/81", "Deny"
		for i, r := range []azuresim.Rule{all, but, allow("rest", 220, "2001:db8::1", "23")} {
			if err := w.PutRule(nsg, r); err != nil {
				t.Fatal(err)
			}
			if yes, why := w.Reachable(azuresim.DemoWeb1, addr("2001:db8::1"), 23, "Tcp"); yes {
				t.Errorf("%d: %s", i, why)
			}
		}
		if err := w.DeleteRule(nsg, "but"); err != nil {
			t.Fatal(err)
		}
	}
	if yes, why := w.Reachable(azuresim.DemoWeb1, addr("2001:db8::1"), 23, "Tcp"); !yes {
		t.Error(why)
	}
}
