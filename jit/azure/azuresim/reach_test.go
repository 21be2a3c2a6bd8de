package azuresim_test

import (
	"testing"
	"testing/synctest"
	"time"

	"jitbot/jit/azure/azuresim"
)

func TestReachable(t *testing.T) {
	w := newWorld(t)
	const internet, office, lb = "198.51.100.77", "203.0.113.7", "168.63.129.16"
	for _, c := range []struct {
		why, vm, from string
		port          int
		protocol      string
		want          bool
	}{
		{"public site passes both groups", azuresim.DemoWeb1, internet, 443, "Tcp", true},
		{"wrong protocol", azuresim.DemoWeb1, internet, 443, "Udp", false},
		{"nobody's port", azuresim.DemoWeb1, internet, 22, "Tcp", false},
		{"nic allows, subnet does not", azuresim.DemoWeb1, "198.51.100.10", 22, "Tcp", false},
		{"subnet allows by VNet default, nic too", azuresim.DemoWeb1, "10.10.9.4", 22, "Tcp", true},
		{"IPv6 from inside", azuresim.DemoWeb2, "fd00:10:10::9", 22, "Tcp", true},
		{"IPv6 from outside", azuresim.DemoWeb2, "2001:db8::1", 22, "Tcp", false},
		{"IPv6 site", azuresim.DemoWeb2, "2001:db8::1", 443, "Tcp", true},
		{"no IPv6 address", azuresim.DemoWeb1, "2001:db8::1", 443, "Tcp", false},
		{"one level only", azuresim.DemoJump, internet, 22, "Tcp", true},
		{"a lower number wins", azuresim.DemoJump, "192.0.2.9", 22, "Tcp", false},
		{"load balancer", azuresim.DemoWeb1, lb, 8080, "Tcp", true},
		{"peer, list of prefixes", azuresim.DemoDB1, "10.10.1.4", 5432, "Tcp", true},
		{"peer, denied by tag", azuresim.DemoDB2, "10.10.1.4", 22, "Tcp", false},
		{"the second interface lets it in", azuresim.DemoDB1, "10.10.1.4", 22, "Tcp", true},
		{"not a peer", azuresim.DemoDev1, "10.10.1.4", 22, "Tcp", false},
		{"office", azuresim.DemoDev2, office, 3389, "Tcp", true},
		{"ping", azuresim.DemoDev1, internet, 0, "Icmp", true},
		{"no group, inside", azuresim.DemoBare, "10.30.1.4", 22, "Tcp", true},
		{"no group, outside", azuresim.DemoBare, internet, 22, "Tcp", false},
		{"no machine", azuresim.DemoWeb1 + "x", internet, 22, "Tcp", false},
	} {
		if got, why := w.Reachable(c.vm, addr(c.from), c.port, c.protocol); got != c.want || why == "" {
			t.Errorf("%s: %t (%s)", c.why, got, why)
		}
	}
}

// TestEffectComesLate opens and closes: the rule filters only when its
// operation is over and the late effect has passed, both ways.
func TestEffectComesLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Configure(func(s *azuresim.Settings) { s.OperationTime, s.LateEffect = 10*time.Second, 7*time.Second })
		path := azuresim.DemoDevNSG + "/securityRules/jit"
		open := func() bool {
			yes, _ := w.Reachable(azuresim.DemoDev1, addr("198.51.100.77"), 22, "Tcp")
			return yes
		}
		steps := func(method string, before, after bool) {
			t.Helper()
			w.ask(method, path, ruleJSON(map[string]any{"sourceAddressPrefix": "198.51.100.77", "destinationAddressPrefix": "10.30.1.4"}))
			for _, at := range []struct {
				wait time.Duration
				open bool
			}{{0, before}, {16 * time.Second, before}, {time.Second, after}} {
				time.Sleep(at.wait)
				if open() != at.open {
					t.Errorf("%s, %s later: open is %t", method, at.wait, !at.open)
				}
			}
		}
		steps("PUT", false, true)
		steps("DELETE", true, false)
		w.AddFault(azuresim.Fault{Method: "PUT", OperationTime: time.Hour, Times: 1})
		w.ask("PUT", path, ruleJSON(map[string]any{"sourceAddressPrefix": "198.51.100.77", "destinationAddressPrefix": "10.30.1.4"}))
		time.Sleep(time.Hour)
		if open() || !w.Busy(azuresim.DemoDevNSG) {
			t.Error("a slow operation was quick")
		}
		// Somebody else's hand is quicker, and final.
		if err := w.DeleteRule(azuresim.DemoDevNSG, "jit"); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Hour)
		if open() {
			t.Error("a removed rule filters")
		}
	})
}

// TestForeignWriter changes the world behind the clients' backs.
func TestForeignWriter(t *testing.T) {
	w := newWorld(t)
	from := addr("198.51.100.77")
	if err := w.SetNSGOnSubnet("/subscriptions/"+azuresim.DemoSubscription+"/resourceGroups/DEV/providers/Microsoft.Network/virtualNetworks/dev-vnet/subnets/DEV", azuresim.DemoJumpNSG); err != nil {
		t.Error(err)
	}
	if yes, why := w.Reachable(azuresim.DemoDev1, from, 22, "Tcp"); !yes {
		t.Error(why)
	}
	if err := w.SetNSGOnNIC(azuresim.DemoDevGroup+"/providers/Microsoft.Network/networkInterfaces/dev-1-nic", azuresim.DemoDevNSG); err != nil {
		t.Error(err)
	}
	if yes, why := w.Reachable(azuresim.DemoDev1, from, 22, "Tcp"); yes {
		t.Error(why)
	}
	etag := w.ETag(azuresim.DemoDevNSG)
	rule := azuresim.Rule{
		Name: "hand", Priority: 200, Access: "allow", Direction: "inbound", Protocol: "tcp", SourceAddressPrefix: "Internet",
		SourcePortRange: "*", DestinationAddressPrefix: "10.30.1.0/24", DestinationPortRanges: []string{"20-23"},
	}
	if err := w.PutRule(azuresim.DemoDevNSG, rule); err != nil {
		t.Error(err)
	}
	if yes, why := w.Reachable(azuresim.DemoDev1, from, 22, "Tcp"); !yes || w.ETag(azuresim.DemoDevNSG) == etag {
		t.Error(why)
	}
	rule.Name = "other"
	if err := w.PutRule(azuresim.DemoDevNSG, rule); err == nil {
		t.Error("a conflicting rule was taken")
	}
	if err := w.SetAddress(azuresim.DemoDevGroup+"/providers/Microsoft.Network/networkInterfaces/dev-1-nic", "ipconfig1", "10.30.9.9"); err != nil {
		t.Error(err)
	}
	if yes, why := w.Reachable(azuresim.DemoDev1, from, 22, "Tcp"); yes {
		t.Error(why)
	}
	for _, err := range []error{
		w.SetPower("/nothing", "running"), w.SetTags("/nothing", nil), w.DeleteRule("/nothing", "x"), w.PutRule("/nothing", rule),
		w.SetNSGOnSubnet("/nothing", ""), w.SetMembers("/nothing"), w.SetDisabled("/nothing", true), w.SetNSGOnNIC("/nothing", ""),
	} {
		if err == nil {
			t.Error("changed nothing without saying so")
		}
	}
}
