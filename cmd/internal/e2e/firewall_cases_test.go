package e2e_test

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
)

// stands reports whether a rule of the grant is in a firewall or a policy.
func (w *world) stands(id jit.ID) bool { return strings.Contains(w.allWalls(), string(id)) }

// So does the sweep without the bot.
func TestReapUnderAPolicyThatIsHidden(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		w.quick()
		w.Start()
		g := w.allowed(10*time.Minute, "10.60.1.9/32", "core-1")
		w.Pass(4 * time.Minute)
		g = w.Want(g.ID, jit.Open)
		w.Stop()
		w.Azure.AddFault(azuresim.Forbidden().On("GET", "/firewallPolicies/corp-policy"))
		time.Sleep(time.Until(g.Clock.Until))
		found, err := jit.Reap(t.Context(), w.Client, jit.Owner{Installation: "prod", Bands: w.Config.Bands}, false, time.Now())
		if w.stands(g.ID) {
			t.Errorf("the rule is left: %v, %v", found, err)
		}
	})
}

// A policy that may be written, while one that it inherits from may not be
// read: the door is shut all the same, and closed is said once it was read.
func TestClosingUnderAPolicyThatIsHidden(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		w.quick()
		w.Start()
		g := w.allowed(10*time.Minute, "10.60.1.9/32", "core-1")
		w.Pass(4 * time.Minute)
		g = w.Want(g.ID, jit.Open)
		hidden := w.Azure.AddFault(azuresim.Forbidden().On("GET", "/firewallPolicies/corp-policy"))
		w.Pass(time.Until(g.Clock.Deadline) + 5*time.Minute)
		if g = w.Want(g.ID, jit.Closing); !g.Stuck || w.stands(g.ID) {
			t.Errorf("stuck %t, and its rule is there: %t", g.Stuck, w.stands(g.ID))
		}
		hidden.Remove()
		w.Pass(2 * time.Minute)
		w.Want(g.ID, jit.Closed)
	})
}

// A policy that two firewalls use, one of them by a policy that inherits from
// it, holds doors for both. The sweep tells of each once, at its own policy.
func TestReapTellsOfEachRuleOnce(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		w.quick()
		if err := w.Azure.PutFirewall(azuresim.Firewall{
			ID: azuresim.DemoHubGroup + "/providers/Microsoft.Network/azureFirewalls/corp-fw", Location: azuresim.DemoLocation,
			Subnet: simulated.FirewallSubnet(), PublicIPs: simulated.FirewallIPs()[1:], Policy: azuresim.DemoCorpPolicy,
		}); err != nil {
			t.Fatal(err)
		}
		for policy, grant := range map[string]jit.ID{azuresim.DemoCorpPolicy: "g-22222", azuresim.DemoEdgePolicy: "g-33333"} {
			r := jit.Rule{
				Name: jit.RuleName{Installation: "prod", Grant: grant, Suffix: "core-1"}.String(), Priority: 140, Inbound: true, Allow: true,
				Protocol: jit.TCP, Sources: []string{"10.60.9.9/32"}, SourcePorts: []string{"*"}, Destinations: []string{"10.50.1.4"}, Ports: []string{"22"},
				Description: jit.Description{Grant: grant, User: ada, Until: time.Now().Add(time.Minute)}.String(),
			}
			if err := w.Client.Apply(t.Context(), policy+"/ruleCollectionGroups/jitbot-prod", []jit.Change{{Put: &r}})[0]; err != nil {
				t.Fatal(err)
			}
			w.Pass(time.Minute)
		}
		found, err := jit.Reap(t.Context(), w.Client, jit.Owner{Installation: "prod", Bands: w.Config.Bands}, false, time.Now())
		if len(found) != 2 || err != nil {
			t.Errorf("%v, %v", found, err)
		}
		for _, r := range found {
			if r.Outcome != jit.Removed {
				t.Errorf("%v", r)
			}
		}
	})
}

// Whom a rule of another installation lets in beside the holder is said too.
func TestAnotherInstallationLetsInAlong(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		w.quick()
		r := jit.Rule{
			Name: "jitbot-other-g-22222-app-1-22", Priority: 140, Inbound: true, Allow: true, Protocol: jit.TCP, Sources: []string{"198.51.100.77/32"},
			SourcePorts: []string{"*"}, Destinations: []string{azuresim.DemoFirewallIP}, Ports: []string{"50001"}, To: netip.MustParseAddrPort("10.40.1.4:22"),
		}
		if err := w.Client.Apply(t.Context(), azuresim.DemoFirewall, []jit.Change{{Put: &r}})[0]; err != nil {
			t.Fatal(err)
		}
		w.Start()
		g, err := w.AskFrom(ada, 15*time.Minute, "203.0.113.7/32", "app-1")
		if notes := strings.Join(g.Notes, " "); err != nil || !strings.Contains(notes, r.Name+" of the firewall hub-fw lets 198.51.100.77/32 in as well") {
			t.Errorf("%s, %v", notes, err)
		}
	})
}

// A rule that cannot be removed where the VM was before is a rule of the grant:
// closed is not said while it stands, not by a jitbot that was started anew
// either, and it goes when it can.
func TestClosedAlsoWhereTheVMWas(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		w.quick()
		walls, foreign := w.allWalls(), w.Foreign()
		w.Start()
		g := w.allowed(20*time.Minute, "10.60.1.9/32", "core-1")
		w.Pass(4 * time.Minute)
		g = w.Want(g.ID, jit.Open)
		forbidden := w.Azure.AddFault(withoutReads(azuresim.Forbidden().On("", "/ruleCollectionGroups/")))
		if err := w.Azure.SetRouteTable(coreSubnet, ""); err != nil {
			t.Fatal(err)
		}
		w.Pass(2 * time.Minute)
		if g = w.Want(g.ID, jit.Open); len(g.Paths) != 1 || len(g.Left) != 1 {
			t.Errorf("paths %+v, left %+v", g.Paths, g.Left)
		}
		w.Stop()
		w.Start()
		w.Pass(time.Until(g.Clock.Deadline) + 2*time.Minute)
		if g = w.Want(g.ID, jit.Closing); !g.Stuck || !w.stands(g.ID) {
			t.Errorf("stuck %t, and its rule is there: %t", g.Stuck, w.stands(g.ID))
		}
		forbidden.Remove()
		w.Pass(4 * time.Minute)
		w.Want(g.ID, jit.Closed)
		if w.allWalls() != walls {
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
				w.quick()
				w.Start()
				g := w.allowed(15*time.Minute, "10.60.1.9/32", "core-1")
				w.Pass(4 * time.Minute)
				w.Want(g.ID, jit.Open)
				if gone {
					w.Azure.AddFault(withoutReads(azuresim.Forbidden().On("", "/ruleCollectionGroups/")))
				}
				if err := w.Azure.SetRouteTable(coreSubnet, ""); err != nil {
					t.Fatal(err)
				}
				w.Pass(time.Minute)
				if gone {
					w.Azure.AddFault(azuresim.Fault{
						Path: "/firewallPolicies/edge-policy", Status: 404, Code: "ResourceNotFound", Message: "The Resource was not found.",
					})
				}
				w.Pass(3 * time.Minute)
				if g = w.Want(g.ID, jit.Open); len(g.Paths) != 1 || len(g.Left) != 0 {
					t.Errorf("paths %+v, left %+v", g.Paths, g.Left)
				}
			})
		})
	}
}

const coreSubnet = azuresim.DemoHubGroup + "/providers/Microsoft.Network/virtualNetworks/edge-vnet/subnets/core"

// Where a closing is due before each change of a firewall is done, an opening
// gets into the change after the one that it found.
func TestOpeningsAmongSteadyClosings(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		w.Start()
		for i := range 10 {
			w.allowed(time.Duration(20+i*4)*time.Minute, fmt.Sprintf("203.0.113.%d/32", i+1), "app-1")
		}
		w.Pass(28 * time.Minute)
		g := w.allowed(time.Hour, "203.0.113.99/32", "app-1")
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
		r := jit.Rule{
			Name: "jitbot-other-g-22222-core-1", Priority: 140, Inbound: true, Allow: true, Protocol: jit.TCP, Sources: []string{"10.60.9.9/32"},
			SourcePorts: []string{"*"}, Destinations: []string{"10.50.1.4"}, Ports: []string{"22"},
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			w.Connect().Apply(t.Context(), azuresim.DemoEdgePolicy+"/ruleCollectionGroups/jitbot-other", []jit.Change{{Put: &r}})
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
		w.quick()
		if err := w.Azure.SetRouteTable(coreSubnet, ""); err != nil {
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
		g := w.allowed(time.Hour, "203.0.113.7/32", "core-1")
		w.Pass(4 * time.Minute)
		if g = w.Want(g.ID, jit.Open); len(g.Doors()) != 1 {
			t.Fatalf("%+v", g.Paths)
		}
		w.Azure.AddFault(azuresim.Forbidden().On("GET", "/firewallPolicies/"))
		w.Pass(2 * time.Minute)
		if now := w.Want(g.ID, jit.Open); len(now.Doors()) != 1 || len(now.Left) != 0 {
			t.Errorf("paths %+v, left %+v", now.Paths, now.Left)
		}
	})
}

// thief has somebody's DNAT rule take the door, in place of ours or before it.
func (w *world) thief(d jit.Door, keep bool) {
	w.T.Helper()
	all := w.Azure.FirewallCollections(azuresim.DemoFirewall)
	if !keep {
		all = strangers(all)
	}
	if err := w.Azure.PutFirewall(azuresim.Firewall{
		ID: azuresim.DemoFirewall, Location: azuresim.DemoLocation, Subnet: simulated.FirewallSubnet(), PublicIPs: simulated.FirewallIPs(),
		Collections: append(all, azuresim.RuleCollection{Name: "thief", Kind: azuresim.NAT, Priority: 1100, Action: "Dnat", Rules: []azuresim.FirewallRule{{
			Name: "x", Protocols: []string{"TCP"}, Sources: []string{"*"}, Destinations: []string{d.Public.Addr().String()},
			Ports: []string{fmt.Sprint(d.Public.Port())}, TranslatedAddress: "10.40.1.9", TranslatedPort: "22",
		}}}),
	}); err != nil {
		w.T.Fatal(err)
	}
}

// A door that somebody took leads elsewhere: the holder gets another one and is
// told, also by a jitbot that is started anew meanwhile.
func TestADoorThatSomebodyTook(t *testing.T) {
	for name, c := range map[string]struct{ keep, restart bool }{
		"in place of ours": {}, "beside ours": {keep: true}, "and jitbot is started anew": {restart: true},
	} {
		t.Run(name, func(t *testing.T) {
			firewalled(t, func(t *testing.T, w *world) {
				w.quick()
				w.Start()
				g := w.allowed(15*time.Minute, "203.0.113.7/32", "app-1")
				w.Pass(4 * time.Minute)
				old := w.Want(g.ID, jit.Open).Doors()[0]
				w.thief(old, c.keep)
				if c.restart {
					w.Pass(50 * time.Second) // the new door is written, and not yet in force
					w.Stop()
					w.Pass(time.Minute)
					w.Start()
				}
				w.Pass(4 * time.Minute)
				g = w.Want(g.ID, jit.Open)
				if doors := g.Doors(); len(doors) != 1 || doors[0].Public == old.Public {
					t.Errorf("doors %v, were %v", doors, old)
				}
				if !w.gets(azuresim.DemoApp, "203.0.113.7", 22) || w.Told.Count("moved to requester") != 1 {
					t.Errorf("told %d times", w.Told.Count("moved to requester"))
				}
				w.Pass(time.Until(g.Clock.Deadline) + 4*time.Minute)
				w.Want(g.ID, jit.Closed)
				if w.stands(g.ID) {
					t.Error("a rule of it is left")
				}
			})
		})
	}
}

// A holder whose door is gone because the firewall is not on the way any more is
// told to come straight.
func TestADoorThatIsGone(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		w.quick()
		w.Start()
		g := w.allowed(time.Hour, "203.0.113.7/32", "core-1")
		w.Pass(4 * time.Minute)
		if g = w.Want(g.ID, jit.Open); len(g.Doors()) != 1 {
			t.Fatalf("%+v", g.Paths)
		}
		if err := w.Azure.SetRouteTable(coreSubnet, ""); err != nil {
			t.Fatal(err)
		}
		w.Pass(4 * time.Minute)
		if g = w.Want(g.ID, jit.Open); len(g.Doors()) != 0 || w.Told.Count("moved to requester") != 1 {
			t.Errorf("doors %v, told %d times", g.Doors(), w.Told.Count("moved to requester"))
		}
	})
}

// A grant that ends while its rules follow a VM behind a firewall: that they
// were written does not count as gone.
func TestEndingWhileItFollows(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		walls := w.allWalls()
		routes := azuresim.DemoHubGroup + "/providers/Microsoft.Network/routeTables/core-routes"
		if err := w.Azure.SetRouteTable(coreSubnet, ""); err != nil {
			t.Fatal(err)
		}
		w.Start()
		g := w.allowed(10*time.Minute, "10.60.1.9/32", "core-1")
		w.Pass(20 * time.Second)
		g = w.Want(g.ID, jit.Open)
		w.Pass(time.Until(g.Clock.Deadline) - 2*time.Minute)
		if err := w.Azure.SetRouteTable(coreSubnet, routes); err != nil {
			t.Fatal(err)
		}
		for range 40 {
			w.Pass(20 * time.Second)
			if w.Grant(g.ID).State == jit.Closed && w.stands(g.ID) {
				t.Fatal("closed, and its rule is in the firewall's policy")
			}
		}
		w.Want(g.ID, jit.Closed)
		if w.allWalls() != walls {
			t.Error("the firewalls are not as before")
		}
	})
}

// What was forbidden to a repair is not said of the closing of a grant that
// ended meanwhile: that was not tried yet.
func TestARepairThatIsForbiddenIsNoStuckClosing(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		w.Start()
		g := w.allowed(10*time.Minute, "203.0.113.7/32", "app-1")
		w.Pass(6 * time.Minute)
		g = w.Want(g.ID, jit.Open)
		w.Pass(time.Until(g.Clock.Deadline) - 2*time.Minute)
		w.Azure.AddFault(azuresim.Fault{Method: "PUT", Path: hubPath, Times: 1, OperationEnd: "Failed", OperationCode: "AuthorizationFailed", OperationMessage: "No."})
		if err := w.Azure.PutFirewall(azuresim.Firewall{
			ID: azuresim.DemoFirewall, Location: azuresim.DemoLocation, Subnet: simulated.FirewallSubnet(), PublicIPs: simulated.FirewallIPs(),
			Collections: strangers(w.Azure.FirewallCollections(azuresim.DemoFirewall)),
		}); err != nil {
			t.Fatal(err)
		}
		w.Pass(9 * time.Minute)
		if g = w.Grant(g.ID); g.Stuck || w.Told.Has("stuck to thread") {
			t.Errorf("%s is %s, stuck %t", g.ID, g.State, g.Stuck)
		}
		w.Pass(4 * time.Minute)
		w.Want(g.ID, jit.Closed)
	})
}
