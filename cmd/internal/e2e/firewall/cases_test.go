package firewall_test

import (
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/rules"
)

// A policy that may be written, while one that it inherits from may not be
// read: the access is closed all the same, and closed is said once it was read.
func TestClosingUnderAPolicyThatIsHidden(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		w.QuickFirewalls()
		w.Start()
		g := w.ApprovedFrom(10*time.Minute, "10.60.1.9/32", "core-1")
		w.Pass(4 * time.Minute)
		g = w.Want(g.ID, jit.Open)
		hidden := w.Azure.AddFault(azuresim.Forbidden().On("GET", "/firewallPolicies/corp-policy"))
		w.Pass(time.Until(g.Clock.Deadline) + 5*time.Minute)
		if g = w.Want(g.ID, jit.Closing); !g.Stuck || w.InFirewalls(g.ID) {
			t.Errorf("stuck %t, and its rule is there: %t", g.Stuck, w.InFirewalls(g.ID))
		}
		hidden.Remove()
		w.Pass(2 * time.Minute)
		w.Want(g.ID, jit.Closed)
	})
}

// Whom a rule of another installation lets in beside the holder is said too.
func TestAnotherInstallationLetsInAlong(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		w.QuickFirewalls()
		r := rules.Rule{
			Name: "jitbot-other-g-22222-app-1-22", Priority: 140, Inbound: true, Allow: true, Protocol: jit.TCP, Sources: []string{"198.51.100.77/32"},
			SourcePorts: []string{"*"}, Destinations: []string{azuresim.DemoFirewallIP}, Ports: []string{"50001"}, To: netip.MustParseAddrPort("10.40.1.4:22"),
		}
		if err := w.Client.Apply(t.Context(), azuresim.DemoFirewall, []rules.Change{{Put: &r}})[0]; err != nil {
			t.Fatal(err)
		}
		w.Start()
		g, err := w.AskFrom(ada, 15*time.Minute, "203.0.113.7/32", "app-1")
		if notes := strings.Join(g.Warnings, " "); err != nil || !strings.Contains(notes, r.Name+" of the firewall hub-fw") {
			t.Errorf("%s, %v", notes, err)
		}
	})
}

// A rule that cannot be removed where the VM was before is a rule of the grant:
// closed is not said while it stands, not by a jitbot that was started anew
// either, and it goes when it can.
func TestClosedAlsoWhereTheVMWas(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		w.QuickFirewalls()
		firewalls, foreign := w.Firewalls(), w.Foreign()
		w.Start()
		g := w.ApprovedFrom(20*time.Minute, "10.60.1.9/32", "core-1")
		w.Pass(4 * time.Minute)
		g = w.Want(g.ID, jit.Open)
		forbidden := w.Azure.AddFault(withoutReads(azuresim.Forbidden().On("", "/ruleCollectionGroups/")))
		if err := w.Azure.SetRouteTable(simulated.CoreSubnet, ""); err != nil {
			t.Fatal(err)
		}
		w.Pass(2 * time.Minute)
		if g = w.Want(g.ID, jit.Open); len(g.Paths) != 1 || len(g.Left) != 1 {
			t.Errorf("paths %+v, left %+v", g.Paths, g.Left)
		}
		w.Stop()
		w.Start()
		w.Pass(time.Until(g.Clock.Deadline) + 2*time.Minute)
		if g = w.Want(g.ID, jit.Closing); !g.Stuck || !w.InFirewalls(g.ID) {
			t.Errorf("stuck %t, and its rule is there: %t", g.Stuck, w.InFirewalls(g.ID))
		}
		forbidden.Remove()
		w.Pass(4 * time.Minute)
		w.Want(g.ID, jit.Closed)
		if w.Firewalls() != firewalls {
			t.Error("the firewalls are not as before")
		}
		w.CheckPromises(foreign)
	})
}

// What the VM left is forgotten once it was read back gone, and a firewall that
// is gone altogether ends no grant that has left it.
func TestWhatTheVMLeftIsForgotten(t *testing.T) {
	for name, gone := range map[string]bool{"removed": false, "with its policy": true} {
		t.Run(name, func(t *testing.T) {
			firewalled(t, func(t *testing.T, w *world) {
				w.QuickFirewalls()
				w.Start()
				g := w.ApprovedFrom(15*time.Minute, "10.60.1.9/32", "core-1")
				w.Pass(4 * time.Minute)
				w.Want(g.ID, jit.Open)
				if gone {
					w.Azure.AddFault(withoutReads(azuresim.Forbidden().On("", "/ruleCollectionGroups/")))
				}
				if err := w.Azure.SetRouteTable(simulated.CoreSubnet, ""); err != nil {
					t.Fatal(err)
				}
				w.Pass(time.Minute)
				if gone {
					w.Azure.AddFault(azuresim.Fault{
						Path: "/firewallPolicies/edge-policy", Status: 404, Code: "ResourceNotFound", Message: "The Resource was not found.",
					})
					w.Azure.DeleteFirewall(azuresim.DemoEdgeFirewall)
				}
				w.Pass(3 * time.Minute)
				if g = w.Want(g.ID, jit.Open); len(g.Paths) != 1 || len(g.Left) != 0 {
					t.Errorf("paths %+v, left %+v", g.Paths, g.Left)
				}
			})
		})
	}
}

// Where a closing is due before each change of a firewall is done, an opening
// gets into the change after the one that it found.
func TestOpeningsAmongSteadyClosings(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		w.Start()
		for i := range 10 {
			w.ApprovedFrom(time.Duration(20+i*4)*time.Minute, fmt.Sprintf("203.0.113.%d/32", i+1), "app-1")
		}
		w.Pass(28 * time.Minute)
		g := w.ApprovedFrom(time.Hour, "203.0.113.99/32", "app-1")
		w.Pass(12 * time.Minute)
		w.Want(g.ID, jit.Open)
	})
}

// However many openings wait for somebody else's change of a firewall, Azure is
// asked about it no more often than for one.
func TestWaitingOpeningsAskOnce(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		w.Start()
		var ids []jit.ID
		for i := range 40 {
			g, err := w.AskFrom(ada, time.Hour, fmt.Sprintf("10.60.1.%d/32", i+1), "core-1")
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, g.ID)
			time.Sleep(time.Second)
		}
		w.Azure.Configure(func(s *azuresim.Settings) { s.FirewallTime = 10 * time.Minute })
		r := rules.Rule{
			Name: "jitbot-other-g-22222-core-1", Priority: 140, Inbound: true, Allow: true, Protocol: jit.TCP, Sources: []string{"10.60.9.9/32"},
			SourcePorts: []string{"*"}, Destinations: []string{"10.50.1.4"}, Ports: []string{"22"},
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			w.Connect().Apply(t.Context(), azuresim.DemoEdgePolicy+"/ruleCollectionGroups/jitbot-other", []rules.Change{{Put: &r}})
		})
		for _, id := range ids {
			time.Sleep(5 * time.Second)
			if _, err := w.Service.Approve(t.Context(), grace, id); err != nil {
				t.Fatal(err)
			}
		}
		w.Pass(10 * time.Second)
		before := len(w.Azure.Requests())
		w.Pass(time.Minute)
		if n := len(w.Azure.Requests()) - before; n > 300 {
			t.Errorf("%d requests in a minute", n)
		}
		wg.Wait()
		w.Azure.Configure(func(s *azuresim.Settings) { s.FirewallTime = time.Minute })
		w.Pass(4 * time.Minute)
		for _, id := range ids {
			w.Want(id, jit.Open)
		}
	})
}

// While a policy cannot be read, nobody knows whether its DNAT rules still lead
// to a VM: the grants behind it stay as they are.
func TestNothingFollowsAHiddenPolicy(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		w.QuickFirewalls()
		if err := w.Azure.SetRouteTable(simulated.CoreSubnet, ""); err != nil {
			t.Fatal(err)
		}
		if err := w.Azure.PutRuleCollectionGroup(azuresim.RuleCollectionGroup{
			Policy: azuresim.DemoEdgePolicy, Name: "site", Priority: 500, Collections: []azuresim.RuleCollection{{
				Name: "web", Kind: azuresim.NAT, Priority: 100, Action: "DNAT", Rules: []azuresim.FirewallRule{{
					Name: "https", Protocols: []string{"TCP"}, Sources: []string{"*"}, Destinations: []string{azuresim.DemoEdgeIP}, Ports: []string{"443"},
					TranslatedAddress: "10.50.1.4", TranslatedPort: "443",
				}},
			}},
		}); err != nil {
			t.Fatal(err)
		}
		w.Start()
		g := w.ApprovedFrom(time.Hour, "203.0.113.7/32", "core-1")
		w.Pass(4 * time.Minute)
		if g = w.Want(g.ID, jit.Open); len(g.PublicEnds()) != 1 {
			t.Fatalf("%+v", g.Paths)
		}
		w.Azure.AddFault(azuresim.Forbidden().On("GET", "/firewallPolicies/"))
		w.Pass(2 * time.Minute)
		if now := w.Want(g.ID, jit.Open); len(now.PublicEnds()) != 1 || len(now.Left) != 0 {
			t.Errorf("paths %+v, left %+v", now.Paths, now.Left)
		}
	})
}
