package e2e_test

import (
	"testing"
	"time"

	"jitbot/jit/azure/azuresim"
)

// A policy that lies in a subscription which does not answer delays nothing in that of
// the firewall: a deny that somebody removed is put back.
func TestPolicyOfASickSubscriptionDelaysNoDrift(t *testing.T) {
	for name, fall := range sicknesses() {
		t.Run(name, func(t *testing.T) {
			threefold(t, func(t *testing.T, w *world) {
				azuresim.SeedFirewalls(w.Azure)
				policy := azuresim.DemoStagingGroup + "/providers/Microsoft.Network/firewallPolicies/central"
				w.Azure.PutFirewallPolicy(azuresim.FirewallPolicy{ID: policy, Location: azuresim.DemoLocation})
				hub, ok := w.Azure.Firewall(azuresim.DemoFirewall)
				if !ok {
					t.Fatal("no firewall")
				}
				hub.ID, hub.Policy = hub.ID+"-2", policy
				hub.Collections, hub.PrivateAddress, hub.PublicIPs = nil, "", nil
				if err := w.Azure.PutFirewall(hub); err != nil {
					t.Fatal(err)
				}
				w.Start()
				w.Protect("jump-1")
				fall(w)
				w.Pass(5 * time.Minute)
				w.RemoveDenies(azuresim.DemoJumpNSG)
				w.Pass(time.Minute)
				if w.Reachable(azuresim.DemoJump, nobody) {
					t.Errorf("jump-1 is open to everybody for a minute and called protected %t", w.IsProtected(azuresim.DemoJump))
				}
				if why := w.Client.Fault(azuresim.DemoSubscription); why != "" {
					t.Errorf("the subscription of the firewall is called sick: %s", why)
				}
			})
		})
	}
}
