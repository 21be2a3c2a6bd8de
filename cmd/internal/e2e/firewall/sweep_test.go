package firewall_test

import (
	"testing"
	"time"

	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/rules"
	"jitbot/jit/sweep"
)

// Without the bot and its store, what is past its until is closed in firewalls
// too.
func TestSweepOfFirewalls(t *testing.T) {
	for _, c := range []struct{ vm, id, source string }{{"app-1", azuresim.DemoApp, "203.0.113.7"}, {"core-1", azuresim.DemoCore, "10.60.1.9"}} {
		t.Run(c.vm, func(t *testing.T) {
			firewalled(t, func(t *testing.T, w *world) {
				firewalls := w.Firewalls()
				w.Start()
				g := w.ApprovedFrom(15*time.Minute, c.source+"/32", c.vm)
				w.Pass(6 * time.Minute)
				g = w.Want(g.ID, jit.Open)
				w.Stop()
				owner := rules.Owner{Installation: "prod", Bands: w.Config.Bands}
				found, err := sweep.Overdue(t.Context(), w.Client, owner, false, time.Now())
				for _, r := range found {
					if r.Outcome != sweep.Kept || r.Until != g.Clock.Until || r.Grant != g.ID {
						t.Errorf("%v", r)
					}
				}
				if err != nil || len(found) < 2 {
					t.Fatalf("%v, %v", found, err)
				}
				time.Sleep(time.Until(g.Clock.Until))
				found, err = sweep.Overdue(t.Context(), w.Client, owner, false, time.Now())
				for _, r := range found {
					if r.Outcome != sweep.Removed {
						t.Errorf("%v", r)
					}
				}
				if err != nil || w.Connects(c.id, c.source, 22) || w.Firewalls() != firewalls || w.Ours() != 0 {
					t.Errorf("not as before, %v", err)
				}
			})
		})
	}
}

// So does the sweep without the bot.
func TestSweepUnderAPolicyThatIsHidden(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		w.QuickFirewalls()
		w.Start()
		g := w.ApprovedFrom(10*time.Minute, "10.60.1.9/32", "core-1")
		w.Pass(4 * time.Minute)
		g = w.Want(g.ID, jit.Open)
		w.Stop()
		w.Azure.AddFault(azuresim.Forbidden().On("GET", "/firewallPolicies/corp-policy"))
		time.Sleep(time.Until(g.Clock.Until))
		found, err := sweep.Overdue(t.Context(), w.Client, rules.Owner{Installation: "prod", Bands: w.Config.Bands}, false, time.Now())
		if w.InFirewalls(g.ID) {
			t.Errorf("the rule is left: %v, %v", found, err)
		}
	})
}

// A policy that two firewalls use, one of them by a policy that inherits from
// it, holds DNAT rules for both. The sweep tells of each once, at its own policy.
func TestSweepTellsOfEachRuleOnce(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		w.QuickFirewalls()
		if err := w.Azure.PutFirewall(azuresim.Firewall{
			ID: azuresim.DemoHubGroup + "/providers/Microsoft.Network/azureFirewalls/corp-fw", Location: azuresim.DemoLocation,
			Subnet: simulated.FirewallSubnet(), PublicIPs: simulated.FirewallIPs()[1:], Policy: azuresim.DemoCorpPolicy,
		}); err != nil {
			t.Fatal(err)
		}
		for policy, grant := range map[string]jit.ID{azuresim.DemoCorpPolicy: "g-22222", azuresim.DemoEdgePolicy: "g-33333"} {
			r := rules.Rule{
				Name: rules.RuleName{Installation: "prod", Grant: grant, Suffix: "core-1"}.String(), Priority: 140, Inbound: true, Allow: true,
				Protocol: jit.TCP, Sources: []string{"10.60.9.9/32"}, SourcePorts: []string{"*"}, Destinations: []string{"10.50.1.4"}, Ports: []string{"22"},
				Description: rules.Description{Grant: grant, User: ada, Until: time.Now().Add(time.Minute)}.String(),
			}
			if err := w.Client.Apply(t.Context(), policy+"/ruleCollectionGroups/jitbot-prod", []rules.Change{{Put: &r}})[0]; err != nil {
				t.Fatal(err)
			}
			w.Pass(time.Minute)
		}
		found, err := sweep.Overdue(t.Context(), w.Client, rules.Owner{Installation: "prod", Bands: w.Config.Bands}, false, time.Now())
		if len(found) != 2 || err != nil {
			t.Errorf("%v, %v", found, err)
		}
		for _, r := range found {
			if r.Outcome != sweep.Removed {
				t.Errorf("%v", r)
			}
		}
	})
}
