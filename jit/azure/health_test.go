package azure_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"jitbot/jit/azure"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/rules"
)

// What ails a subscription is told, and passes with it; the others are well.
func TestFaultOfASubscription(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	silent := azuresim.HangingRequest()
	silent.Path = azuresim.DemoStagingScope + "/"
	for name, c := range map[string]struct {
		fall func(w *world)
		want string
	}{
		"throttled": {func(w *world) { w.SetSubscriptionHealth(azuresim.DemoStaging, azuresim.OutOfRequests) }, "takes no requests there for another 59m"},
		"forbidden": {func(w *world) { w.SetSubscriptionHealth(azuresim.DemoStaging, azuresim.OutOfReach) }, "does not let jitbot read there"},
		"disabled":  {func(w *world) { w.SetSubscriptionHealth(azuresim.DemoStaging, azuresim.Disabled) }, "it is disabled"},
		"silent":    {func(w *world) { w.AddFault(silent) }, "does not answer there"},
		"broken":    {func(w *world) { w.AddFault(azuresim.Broken(500).On("GET", azuresim.DemoStagingScope+"/")) }, "does not answer there as it should"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, func(c *azure.Config) { c.Subscriptions = append(c.Subscriptions, azuresim.DemoStaging) })
				azuresim.SeedSubscriptions(w.Sim)
				ask := func() {
					for _, id := range w.Subscriptions() {
						_, _ = w.Tables(t.Context(), id)
						_, _ = w.Client.VMs(t.Context(), id)
					}
					w.Apply(t.Context(), azuresim.DemoStagingNICNSG, []rules.Change{{Remove: "jitbot-prod-g-99999-web-1-abcd-tcp"}})
				}
				ask()
				for _, id := range w.Subscriptions() {
					if why := w.Fault(id); why != "" {
						t.Fatalf("%s is not well: %s", id, why)
					}
				}
				c.fall(w)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				go func() {
					ask()
					cancel()
				}()
				time.Sleep(20 * time.Second)
				if why := w.Fault(strings.ToUpper(azuresim.DemoStaging)); !strings.Contains(why, c.want) {
					t.Errorf("it is said %q, not %q", why, c.want)
				}
				if why := w.Fault(azuresim.DemoSubscription); why != "" {
					t.Errorf("of the other it is said %q", why)
				}
				w.SetSubscriptionHealth(azuresim.DemoStaging, azuresim.Healthy)
				w.ClearFaults()
				<-ctx.Done()
				time.Sleep(time.Hour)
				ask()
				if why := w.Fault(azuresim.DemoStaging); why != "" {
					t.Errorf("afterwards it is said %q", why)
				}
			})
		})
	}
}

// A firewall in a subscription that cannot be read is as it was last seen; one that
// was never seen leaves those blind whose networks are connected with it.
func TestFirewallsOfASickSubscription(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(c *azure.Config) { c.Subscriptions = append(c.Subscriptions, azuresim.DemoStaging) })
		w.Configure(func(s *azuresim.Settings) { s.EnforceRBAC = false }) // the role shows no firewalls
		azuresim.SeedSubscriptions(w.Sim)
		w.SetSubscriptionHealth(azuresim.DemoStaging, azuresim.OutOfReach)
		vms, err := w.Client.VMs(t.Context(), azuresim.DemoSubscription)
		if err != nil || len(vms) != 10 {
			t.Fatalf("%d machines, %v", len(vms), err)
		}
		for _, vm := range vms {
			if vm.Blind {
				t.Errorf("%s is blind for a network that it is not connected with", vm.Name)
			}
		}
		begin := time.Now()
		if _, err := w.VM(t.Context(), azuresim.DemoWeb1); err != nil || time.Since(begin) > 3*time.Second {
			t.Errorf("after %s: %v", time.Since(begin), err)
		}
	})
}
