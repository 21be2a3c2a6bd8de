package firewall_test

import (
	"fmt"
	"testing"
	"time"

	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/guardpath"
)

// takePublicEnd has somebody's DNAT rule take the public address and port, in
// place of ours or before it.
func (w *world) takePublicEnd(d guardpath.PublicEnd, keep bool) {
	w.T.Helper()
	all := w.Azure.FirewallCollections(azuresim.DemoFirewall)
	if !keep {
		all = strangers(all)
	}
	if err := w.Azure.PutFirewall(azuresim.Firewall{
		ID: azuresim.DemoFirewall, Location: azuresim.DemoLocation, Subnet: simulated.FirewallSubnet(), PublicIPs: simulated.FirewallIPs(),
		Collections: append(all, azuresim.RuleCollection{Name: "other", Kind: azuresim.NAT, Priority: 1100, Action: "Dnat", Rules: []azuresim.FirewallRule{{
			Name: "x", Protocols: []string{"TCP"}, Sources: []string{"*"}, Destinations: []string{d.Public.Addr().String()},
			Ports: []string{fmt.Sprint(d.Public.Port())}, TranslatedAddress: "10.40.1.9", TranslatedPort: "22",
		}}}),
	}); err != nil {
		w.T.Fatal(err)
	}
}

// A public end that somebody took leads elsewhere: the holder gets another one and is
// told, also by a jitbot that is started anew meanwhile.
func TestPublicEndThatSomebodyTook(t *testing.T) {
	for name, c := range map[string]struct{ keep, restart bool }{
		"in place of ours": {}, "beside ours": {keep: true}, "and jitbot is started anew": {restart: true},
	} {
		t.Run(name, func(t *testing.T) {
			firewalled(t, func(t *testing.T, w *world) {
				w.QuickFirewalls()
				w.Start()
				g := w.ApprovedFrom(15*time.Minute, "203.0.113.7/32", "app-1")
				w.Pass(4 * time.Minute)
				old := w.Want(g.ID, jit.Open).PublicEnds()[0]
				w.takePublicEnd(old, c.keep)
				if c.restart {
					w.Pass(50 * time.Second) // the new rule is written, and not yet in force
					w.Stop()
					w.Pass(time.Minute)
					w.Start()
				}
				w.Pass(4 * time.Minute)
				g = w.Want(g.ID, jit.Open)
				if ends := g.PublicEnds(); len(ends) != 1 || ends[0].Public == old.Public {
					t.Errorf("public ends %v, were %v", ends, old)
				}
				if !w.Connects(azuresim.DemoApp, "203.0.113.7", 22) || w.Told.Count("moved to requester") != 1 {
					t.Errorf("told %d times", w.Told.Count("moved to requester"))
				}
				w.Pass(time.Until(g.Clock.Deadline) + 4*time.Minute)
				w.Want(g.ID, jit.Closed)
				if w.InFirewalls(g.ID) {
					t.Error("a rule of it is left")
				}
			})
		})
	}
}

// A holder whose public end is gone because the firewall is not on the way any more is
// told to come straight.
func TestPublicEndThatIsGone(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		w.QuickFirewalls()
		w.Start()
		g := w.ApprovedFrom(time.Hour, "203.0.113.7/32", "core-1")
		w.Pass(4 * time.Minute)
		if g = w.Want(g.ID, jit.Open); len(g.PublicEnds()) != 1 {
			t.Fatalf("%+v", g.Paths)
		}
		if err := w.Azure.SetRouteTable(simulated.CoreSubnet, ""); err != nil {
			t.Fatal(err)
		}
		w.Pass(4 * time.Minute)
		if g = w.Want(g.ID, jit.Open); len(g.PublicEnds()) != 0 || w.Told.Count("moved to requester") != 1 {
			t.Errorf("public ends %v, told %d times", g.PublicEnds(), w.Told.Count("moved to requester"))
		}
	})
}

// A grant that ends while its rules follow a VM behind a firewall: that they
// were written does not count as gone.
func TestEndingWhileItFollows(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		firewalls := w.Firewalls()
		routes := azuresim.DemoHubGroup + "/providers/Microsoft.Network/routeTables/core-routes"
		if err := w.Azure.SetRouteTable(simulated.CoreSubnet, ""); err != nil {
			t.Fatal(err)
		}
		w.Start()
		g := w.ApprovedFrom(10*time.Minute, "10.60.1.9/32", "core-1")
		w.Pass(20 * time.Second)
		g = w.Want(g.ID, jit.Open)
		w.Pass(time.Until(g.Clock.Deadline) - 2*time.Minute)
		if err := w.Azure.SetRouteTable(simulated.CoreSubnet, routes); err != nil {
			t.Fatal(err)
		}
		for range 40 {
			w.Pass(20 * time.Second)
			if w.Grant(g.ID).State == jit.Closed && w.InFirewalls(g.ID) {
				t.Fatal("closed, and its rule is in the firewall's policy")
			}
		}
		w.Want(g.ID, jit.Closed)
		if w.Firewalls() != firewalls {
			t.Error("the firewalls are not as before")
		}
	})
}

// What was forbidden to a repair is not said of the closing of a grant that
// ended meanwhile: that was not tried yet.
func TestARepairThatIsForbiddenIsNoStuckClosing(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		w.Start()
		g := w.ApprovedFrom(10*time.Minute, "203.0.113.7/32", "app-1")
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
