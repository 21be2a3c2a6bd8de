package firewall_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/policies"
)

const hubPath = "/azureFirewalls/hub-fw"

// Whatever goes wrong once with a change of a firewall, it is opened and
// closed in the end, and nothing of other people's changes.
func TestFirewallFaults(t *testing.T) {
	faulted := azuresim.Fault{OperationEnd: "Failed", OperationCode: "InternalServerError", OperationMessage: "An error occurred."}
	for name, fault := range map[string]azuresim.Fault{
		"busy": azuresim.Busy(), "conflict": azuresim.Conflict(), "stale": azuresim.Stale(), "throttled": azuresim.Throttled("7"),
		"broken": azuresim.Broken(503), "lost answer": azuresim.LostAnswer(), "lost request": azuresim.LostRequest(),
		"failed": faulted, "superseded": azuresim.Superseded(),
	} {
		for kind, c := range map[string]struct{ vm, id, source, path string }{
			"classic": {"app-1", azuresim.DemoApp, "203.0.113.7", hubPath},
			"policy":  {"core-1", azuresim.DemoCore, "10.60.1.9", "/ruleCollectionGroups/"},
		} {
			t.Run(name+", "+kind, func(t *testing.T) {
				firewalled(t, func(t *testing.T, w *world) {
					w.QuickFirewalls()
					foreign, firewalls := w.Foreign(), w.Firewalls()
					w.Start()
					first := fault
					first.Method, first.Path, first.Times = "PUT", c.path, 1
					w.Azure.AddFault(first)
					g := w.ApprovedFrom(15*time.Minute, c.source+"/32", c.vm)
					w.Pass(5 * time.Minute)
					g = w.Want(g.ID, jit.Open)
					if !w.Connects(c.id, c.source, 22) {
						t.Error("open, and the holder is not let in")
					}
					again := first
					again.Method = "" // a group is deleted, a firewall is written
					w.Azure.AddFault(withoutReads(again))
					w.Pass(time.Until(g.Clock.Deadline) + 6*time.Minute)
					w.Want(g.ID, jit.Closed)
					if w.Connects(c.id, c.source, 22) || w.Firewalls() != firewalls {
						t.Error("not as before")
					}
					w.CheckPromises(foreign)
				})
			})
		}
	}
}

// withoutReads leaves reads alone.
func withoutReads(f azuresim.Fault) azuresim.Fault {
	f.Match = isWrite
	return f
}

func isWrite(r *http.Request) bool { return r.Method != http.MethodGet }

// While somebody else changes the firewall an opening waits, says so, and
// begins its time only then.
func TestOpeningWaitsForAFirewall(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		w.Start()
		first := w.ApprovedFrom(time.Hour, "203.0.113.7/32", "app-1")
		w.Pass(time.Minute)
		second := w.ApprovedFrom(time.Hour, "203.0.113.8/32", "app-1")
		w.Pass(30 * time.Second)
		if g := w.Want(second.ID, jit.Opening); !g.Clock.Begun.IsZero() || !strings.Contains(g.Waiting, "the firewall hub-fw is being changed") {
			t.Errorf("begun %s, waits because %q", g.Clock.Begun, g.Waiting)
		}
		w.Pass(5 * time.Minute)
		w.Want(first.ID, jit.Open)
		w.Pass(5 * time.Minute)
		w.Want(second.ID, jit.Open)
		if n := w.Told.Count("progress to card"); n < 2 {
			t.Errorf("progress was shown %d times", n)
		}
	})
}

// Somebody takes our rules out of a firewall: they are put back, or the grant
// ends, as the policy says.
func TestFirewallDrift(t *testing.T) {
	for _, end := range []bool{false, true} {
		t.Run(map[bool]string{false: "repaired", true: "ended"}[end], func(t *testing.T) {
			firewalled(t, func(t *testing.T, w *world) {
				w.QuickFirewalls()
				w.Config.Policies[0].EndOnDrift = end
				w.Start()
				g := w.ApprovedFrom(15*time.Minute, "203.0.113.7/32", "app-1")
				w.Pass(3 * time.Minute)
				ends := w.Want(g.ID, jit.Open).PublicEnds()
				f := azuresim.Firewall{
					ID: azuresim.DemoFirewall, Location: azuresim.DemoLocation, Subnet: strings.TrimSuffix(simulated.FirewallSubnet(), "/"),
					PublicIPs: simulated.FirewallIPs(), Collections: strangers(w.Azure.FirewallCollections(azuresim.DemoFirewall)),
				}
				if err := w.Azure.PutFirewall(f); err != nil {
					t.Fatal(err)
				}
				w.Pass(4 * time.Minute)
				if end {
					closed := w.Want(g.ID, jit.Closed)
					if closed.Decision.Ending != jit.Drifted || w.Connects(azuresim.DemoApp, "203.0.113.7", 22) {
						t.Errorf("%+v", closed.Decision)
					}
					return
				}
				if now := w.Want(g.ID, jit.Open).PublicEnds(); len(now) != 1 || now[0] != ends[0] || !w.Connects(azuresim.DemoApp, "203.0.113.7", 22) {
					t.Errorf("public ends %v, were %v", now, ends)
				}
				if !w.Told.Has("drift to thread") {
					t.Error("not told")
				}
			})
		})
	}
}

func strangers(all []azuresim.RuleCollection) []azuresim.RuleCollection {
	var out []azuresim.RuleCollection
	for _, c := range all {
		if !strings.HasPrefix(c.Name, "jitbot-") {
			out = append(out, c)
		}
	}
	return out
}

// A route that no longer leads through the firewall: the rules follow.
func TestGrantFollowsItsRoutes(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		w.QuickFirewalls()
		firewalls := w.Firewalls()
		w.Start()
		g := w.ApprovedFrom(15*time.Minute, "10.60.1.9/32", "core-1")
		w.Pass(3 * time.Minute)
		w.Want(g.ID, jit.Open)
		if err := w.Azure.SetRouteTable(azuresim.DemoHubGroup+"/providers/Microsoft.Network/virtualNetworks/edge-vnet/subnets/core", ""); err != nil {
			t.Fatal(err)
		}
		w.Pass(4 * time.Minute)
		if !w.Connects(azuresim.DemoCore, "10.60.1.9", 22) {
			t.Error("the holder is not let in any more")
		}
		if w.Firewalls() != firewalls {
			t.Error("something is left in the firewall's policy")
		}
		if now := w.Want(g.ID, jit.Open); len(now.Paths) != 1 {
			t.Errorf("paths %+v", now.Paths)
		}
	})
}

// What a firewall cannot do, or would make idle, is refused before anybody is
// asked, with what to do.
func TestFirewallRefusals(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		w.With(func(c *policies.Config) {
			c.Policies[0].Ports = append(c.Policies[0].Ports, jit.PortPolicy{
				Ports: jit.Ports{From: 8000, To: 8010, Protocol: jit.TCP}, Any: true, Shortest: time.Minute, Longest: time.Hour,
			})
		})
		w.Start()
		firewalls := w.Firewalls()
		ask := func(source string, ports ...jit.Ports) error {
			grants, err := w.Service.Ask(t.Context(), ada, w.Key(), jit.Ask{
				VMs: []string{"app-1"}, Ports: ports, Duration: time.Hour, Sources: []netip.Prefix{netip.MustParsePrefix(source)}, Reason: "mend the index",
			})
			if err == nil {
				_, err = w.Service.Check(t.Context(), grants[0].ID)
			}
			return err
		}
		ssh := jit.Ports{From: 22, To: 22}
		if err := ask("203.0.113.7/32", jit.Ports{From: 8000, To: 8010}); err == nil || !strings.Contains(err.Error(), "translates single ports only") {
			t.Errorf("a range of ports: %v", err)
		}
		if err := ask("2001:db8::7/128", ssh); err == nil || !strings.Contains(err.Error(), "no IPv6 address") {
			t.Errorf("IPv6: %v", err)
		}
		f := azuresim.Firewall{
			ID: azuresim.DemoFirewall, Location: azuresim.DemoLocation, Subnet: simulated.FirewallSubnet(), PublicIPs: simulated.FirewallIPs(),
			Collections: append(strangers(w.Azure.FirewallCollections(azuresim.DemoFirewall)), azuresim.RuleCollection{
				Name: "first-of-all", Kind: azuresim.Network, Priority: 100, Action: "Deny", Rules: []azuresim.FirewallRule{
					{Name: "nobody", Protocols: []string{"Any"}, Sources: []string{"203.0.113.0/24"}, Destinations: []string{"*"}, Ports: []string{"*"}},
				},
			}),
		}
		if err := w.Azure.PutFirewall(f); err != nil {
			t.Fatal(err)
		}
		if err := ask("203.0.113.7/32", ssh); err == nil || !strings.Contains(err.Error(), "first-of-all/nobody of the firewall hub-fw is asked before any of ours") {
			t.Errorf("a deny before ours: %v", err)
		}
		if err := ask("198.51.100.77/32", ssh); err != nil {
			t.Errorf("one whom it does not concern: %v", err)
		}
		f.Collections = append(strangers(w.Azure.FirewallCollections(azuresim.DemoFirewall)), azuresim.RuleCollection{
			Name: "everybody", Kind: azuresim.NAT, Priority: 5000, Action: "Dnat", Rules: []azuresim.FirewallRule{{
				Name: "ssh", Protocols: []string{"TCP"}, Sources: []string{"*"}, Destinations: []string{azuresim.DemoFirewallIP2}, Ports: []string{"2222"},
				TranslatedAddress: "10.40.1.4", TranslatedPort: "22",
			}},
		})
		if err := w.Azure.PutFirewall(f); err != nil {
			t.Fatal(err)
		}
		if err := ask("198.51.100.78/32", ssh); err == nil || !strings.Contains(err.Error(), "The rule everybody/ssh of the firewall hub-fw leads * to the same port of app-1") {
			t.Errorf("everybody would come along: %v", err)
		}
		if w.Ours() != 0 || w.Told.Has("waiting to card") && w.Told.Count("waiting to card") > 1 || w.ForeignFirewalls() == firewalls {
			t.Error("something was written, or asked about")
		}
	})
}

// A lock that lets nothing be deleted, set while a grant is open: the rule is
// turned into a deny, so that the access is closed, and it goes with the lock.
func TestALockAgainstDeleting(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Start()
		g := w.Open(10*time.Minute, "dev-2")
		w.Azure.AddLock(azuresim.Lock{Scope: azuresim.DemoDevGroup, Name: "keep", Level: "CanNotDelete"})
		w.Pass(time.Until(g.Clock.Deadline) + 20*time.Second)
		g = w.Want(g.ID, jit.Closing)
		if !g.Stuck || !strings.Contains(g.Paths[0].Fault, "turned into a deny") {
			t.Errorf("stuck %t: %s", g.Stuck, g.Paths[0].Fault)
		}
		for _, r := range w.Azure.Rules(azuresim.DemoDevNSG) {
			if simulated.IsOurs(r.Name) && r.Access != "Deny" {
				t.Errorf("%s still allows", r.Name)
			}
		}
		w.Azure.RemoveLock(azuresim.DemoDevGroup, "keep")
		w.Pass(2 * time.Minute)
		w.Want(g.ID, jit.Closed)
		w.CheckPromises(foreign)
	})
}
