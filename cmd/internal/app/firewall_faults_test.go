package app_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

const hubPath = "/azureFirewalls/hub-fw"

// allowed asks and approves.
func (w *world) allowed(d time.Duration, source, vm string) jit.Grant {
	w.t.Helper()
	g, err := w.askFrom(ada, d, source, vm)
	if err != nil {
		w.t.Fatal(err)
	}
	if g, err = w.service.Approve(w.t.Context(), grace, g.ID); err != nil {
		w.t.Fatal(err)
	}
	return g
}

// quick makes firewalls fast enough to be tried twice in time.
func (w *world) quick() {
	w.sim.Configure(func(s *azuresim.Settings) { s.FirewallTime, s.PolicyLag = time.Minute, 15*time.Second })
}

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
					w.quick()
					foreign, walls := w.foreign(), w.allWalls()
					w.start()
					fault.Method, fault.Path, fault.Times = "PUT", c.path, 1
					w.sim.AddFault(fault)
					g := w.allowed(15*time.Minute, c.source+"/32", c.vm)
					w.pass(5 * time.Minute)
					g = w.want(g.ID, jit.Open)
					if !w.gets(c.id, c.source, 22) {
						t.Error("open, and the holder is not let in")
					}
					again := fault
					again.Method = "" // a group is deleted, a firewall is written
					again.Match = nil
					w.sim.AddFault(withoutReads(again))
					w.pass(time.Until(g.Clock.Deadline) + 6*time.Minute)
					w.want(g.ID, jit.Closed)
					if w.gets(c.id, c.source, 22) || w.allWalls() != walls {
						t.Error("not as before")
					}
					w.promises(foreign)
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
		w.start()
		first := w.allowed(time.Hour, "203.0.113.7/32", "app-1")
		w.pass(time.Minute)
		second := w.allowed(time.Hour, "203.0.113.8/32", "app-1")
		w.pass(30 * time.Second)
		if g := w.want(second.ID, jit.Opening); !g.Clock.Begun.IsZero() || !strings.Contains(g.Waiting, "the firewall hub-fw is being changed") {
			t.Errorf("begun %s, waits because %q", g.Clock.Begun, g.Waiting)
		}
		w.pass(5 * time.Minute)
		w.want(first.ID, jit.Open)
		w.pass(5 * time.Minute)
		w.want(second.ID, jit.Open)
		if n := w.told.count("progress to card"); n < 2 {
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
				w.quick()
				w.config.Policies[0].EndOnDrift = end
				w.start()
				g := w.allowed(15*time.Minute, "203.0.113.7/32", "app-1")
				w.pass(3 * time.Minute)
				doors := w.want(g.ID, jit.Open).Doors()
				f := azuresim.Firewall{
					ID: azuresim.DemoFirewall, Location: azuresim.DemoLocation, Subnet: strings.TrimSuffix(hubSubnet(), "/"),
					PublicIPs: hubPublics(), Collections: strangers(w.sim.FirewallCollections(azuresim.DemoFirewall)),
				}
				if err := w.sim.PutFirewall(f); err != nil {
					t.Fatal(err)
				}
				w.pass(4 * time.Minute)
				if end {
					closed := w.want(g.ID, jit.Closed)
					if closed.Decision.Ending != jit.Drifted || w.gets(azuresim.DemoApp, "203.0.113.7", 22) {
						t.Errorf("%+v", closed.Decision)
					}
					return
				}
				if now := w.want(g.ID, jit.Open).Doors(); len(now) != 1 || now[0] != doors[0] || !w.gets(azuresim.DemoApp, "203.0.113.7", 22) {
					t.Errorf("doors %v, were %v", now, doors)
				}
				if !w.told.has("drift to thread") {
					t.Error("not told")
				}
			})
		})
	}
}

func hubSubnet() string {
	return azuresim.DemoHubGroup + "/providers/Microsoft.Network/virtualNetworks/hub-vnet/subnets/AzureFirewallSubnet"
}

func hubPublics() []string {
	const outside = azuresim.DemoHubGroup + "/providers/Microsoft.Network/publicIPAddresses/"
	return []string{outside + "fw-ip-1", outside + "fw-ip-2"}
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
		w.quick()
		walls := w.allWalls()
		w.start()
		g := w.allowed(15*time.Minute, "10.60.1.9/32", "core-1")
		w.pass(3 * time.Minute)
		w.want(g.ID, jit.Open)
		if err := w.sim.SetRouteTable(azuresim.DemoHubGroup+"/providers/Microsoft.Network/virtualNetworks/edge-vnet/subnets/core", ""); err != nil {
			t.Fatal(err)
		}
		w.pass(4 * time.Minute)
		if !w.gets(azuresim.DemoCore, "10.60.1.9", 22) {
			t.Error("the holder is not let in any more")
		}
		if w.allWalls() != walls {
			t.Error("something is left in the firewall's policy")
		}
		if now := w.want(g.ID, jit.Open); len(now.Paths) != 1 {
			t.Errorf("paths %+v", now.Paths)
		}
	})
}

// What a firewall cannot do, or would make idle, is refused before anybody is
// asked, with what to do.
func TestFirewallRefusals(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		w.with(func(c *jit.Config) {
			c.Policies[0].Ports = append(c.Policies[0].Ports, jit.PortPolicy{
				Ports: jit.Ports{From: 8000, To: 8010, Protocol: jit.TCP}, Any: true, Shortest: time.Minute, Longest: time.Hour,
			})
		})
		w.start()
		walls := w.allWalls()
		ask := func(source string, ports ...jit.Ports) error {
			w.asked++
			grants, err := w.service.Ask(t.Context(), ada, source+strings.Repeat("x", w.asked), jit.Ask{
				VMs: []string{"app-1"}, Ports: ports, Duration: time.Hour, Sources: []netip.Prefix{netip.MustParsePrefix(source)}, Reason: "mend the index",
			})
			if err == nil {
				_, err = w.service.Check(t.Context(), grants[0].ID)
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
			ID: azuresim.DemoFirewall, Location: azuresim.DemoLocation, Subnet: hubSubnet(), PublicIPs: hubPublics(),
			Collections: append(strangers(w.sim.FirewallCollections(azuresim.DemoFirewall)), azuresim.RuleCollection{
				Name: "first-of-all", Kind: azuresim.Network, Priority: 100, Action: "Deny", Rules: []azuresim.FirewallRule{
					{Name: "nobody", Protocols: []string{"Any"}, Sources: []string{"203.0.113.0/24"}, Destinations: []string{"*"}, Ports: []string{"*"}},
				},
			}),
		}
		if err := w.sim.PutFirewall(f); err != nil {
			t.Fatal(err)
		}
		if err := ask("203.0.113.7/32", ssh); err == nil || !strings.Contains(err.Error(), "first-of-all/nobody of the firewall hub-fw is asked before any of ours") {
			t.Errorf("a deny before ours: %v", err)
		}
		if err := ask("198.51.100.77/32", ssh); err != nil {
			t.Errorf("one whom it does not concern: %v", err)
		}
		f.Collections = append(strangers(w.sim.FirewallCollections(azuresim.DemoFirewall)), azuresim.RuleCollection{
			Name: "everybody", Kind: azuresim.NAT, Priority: 5000, Action: "Dnat", Rules: []azuresim.FirewallRule{{
				Name: "ssh", Protocols: []string{"TCP"}, Sources: []string{"*"}, Destinations: []string{azuresim.DemoFirewallIP2}, Ports: []string{"2222"},
				TranslatedAddress: "10.40.1.4", TranslatedPort: "22",
			}},
		})
		if err := w.sim.PutFirewall(f); err != nil {
			t.Fatal(err)
		}
		if err := ask("198.51.100.77/32", ssh); err == nil || !strings.Contains(err.Error(), "The rule everybody/ssh of the firewall hub-fw leads * to the same port of app-1") {
			t.Errorf("everybody would come along: %v", err)
		}
		if w.ours() != 0 || w.told.has("waiting to card") && w.told.count("waiting to card") > 1 || w.walls() == walls {
			t.Error("something was written, or asked about")
		}
	})
}

// Without the bot and its store, what is past its until is closed in firewalls
// too.
func TestReapFirewalls(t *testing.T) {
	for _, c := range []struct{ vm, id, source string }{{"app-1", azuresim.DemoApp, "203.0.113.7"}, {"core-1", azuresim.DemoCore, "10.60.1.9"}} {
		t.Run(c.vm, func(t *testing.T) {
			firewalled(t, func(t *testing.T, w *world) {
				walls := w.allWalls()
				w.start()
				g := w.allowed(15*time.Minute, c.source+"/32", c.vm)
				w.pass(6 * time.Minute)
				g = w.want(g.ID, jit.Open)
				w.stop()
				owner := jit.Owner{Installation: "prod", Bands: w.config.Bands}
				found, err := jit.SweepOverdue(t.Context(), w.client, owner, false, time.Now())
				for _, r := range found {
					if r.Outcome != jit.Kept || r.Until != g.Clock.Until || r.Grant != g.ID {
						t.Errorf("%v", r)
					}
				}
				if err != nil || len(found) < 2 {
					t.Fatalf("%v, %v", found, err)
				}
				time.Sleep(time.Until(g.Clock.Until))
				found, err = jit.SweepOverdue(t.Context(), w.client, owner, false, time.Now())
				for _, r := range found {
					if r.Outcome != jit.Removed {
						t.Errorf("%v", r)
					}
				}
				if err != nil || w.gets(c.id, c.source, 22) || w.allWalls() != walls || w.ours() != 0 {
					t.Errorf("not as before, %v", err)
				}
			})
		})
	}
}

// A lock that lets nothing be deleted, set while a grant is open: the rule is
// turned into a deny, so that the door is shut, and it goes with the lock.
func TestALockAgainstDeleting(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.foreign()
		w.start()
		g := w.open(10*time.Minute, "dev-2")
		w.sim.AddLock(azuresim.Lock{Scope: azuresim.DemoDevGroup, Name: "keep", Level: "CanNotDelete"})
		w.pass(time.Until(g.Clock.Deadline) + 20*time.Second)
		g = w.want(g.ID, jit.Closing)
		if !g.Stuck || !strings.Contains(g.Paths[0].Fault, "turned into a deny") {
			t.Errorf("stuck %t: %s", g.Stuck, g.Paths[0].Fault)
		}
		for _, r := range w.sim.Rules(azuresim.DemoDevNSG) {
			if isOurs(r.Name) && r.Access != "Deny" {
				t.Errorf("%s still allows", r.Name)
			}
		}
		w.sim.RemoveLock(azuresim.DemoDevGroup, "keep")
		w.pass(2 * time.Minute)
		w.want(g.ID, jit.Closed)
		w.promises(foreign)
	})
}
