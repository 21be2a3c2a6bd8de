package firewall_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/rules"
)

// letsAllIn has another installation write a DNAT rule that leads everybody to
// port 22 of app-1, whose security group could not tell them from a holder.
func (w *world) letsAllIn() {
	w.T.Helper()
	r := rules.Rule{
		Name: "jitbot-other-g-22222-app-1-22", Priority: 140, Inbound: true, Allow: true, Protocol: jit.TCP, Sources: []string{"0.0.0.0/0"},
		SourcePorts: []string{"*"}, Destinations: []string{azuresim.DemoFirewallIP}, Ports: []string{"50001"}, To: netip.MustParseAddrPort("10.40.1.4:22"),
	}
	if err := w.Client.Apply(w.T.Context(), azuresim.DemoFirewall, []rules.Change{{Put: &r}})[0]; err != nil {
		w.T.Fatal(err)
	}
}

// A DNAT rule that comes after the ask, and leads too many to the same port, has
// the request denied at the last approval.
func TestLedAlongSinceTheAsk(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		w.QuickFirewalls()
		w.Start()
		g, err := w.AskFrom(ada, 15*time.Minute, "203.0.113.7/32", "app-1")
		if err != nil {
			t.Fatal(err)
		}
		w.letsAllIn()
		_, err = w.Service.Approve(t.Context(), grace, g.ID)
		if err == nil || !strings.Contains(err.Error(), "narrow that rule first") {
			t.Errorf("approved: %v", err)
		}
		w.Pass(4 * time.Minute)
		if w.Want(g.ID, jit.Denied); w.Connects(azuresim.DemoApp, "203.0.113.99", 22) {
			t.Error("everybody gets in")
		}
	})
}

// One that comes while a grant is open has it end, and says why.
func TestLedAlongWhileOpen(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		w.QuickFirewalls()
		w.Start()
		g := w.ApprovedFrom(30*time.Minute, "203.0.113.7/32", "app-1")
		w.Pass(4 * time.Minute)
		w.Want(g.ID, jit.Open)
		w.letsAllIn()
		w.Pass(4 * time.Minute)
		if g = w.Want(g.ID, jit.Closed); !strings.Contains(g.Decision.Reason, "narrow that rule first") {
			t.Errorf("ended, because %s", g.Decision.Reason)
		}
		if w.Connects(azuresim.DemoApp, "203.0.113.99", 22) {
			t.Error("everybody gets in still")
		}
	})
}

// A network rule of a firewall that takes its clients' places lets in along as a
// DNAT rule does.
func TestLetAlongByANetworkRule(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		w.QuickFirewalls()
		w.Azure.PutFirewallPolicy(azuresim.FirewallPolicy{
			ID: azuresim.DemoEdgePolicy, Location: azuresim.DemoLocation, Base: azuresim.DemoCorpPolicy, PrivateRanges: []string{"255.255.255.255/32"},
		})
		office := azuresim.RuleCollectionGroup{Policy: azuresim.DemoEdgePolicy, Name: "office", Priority: 350, Collections: []azuresim.RuleCollection{
			{Name: "ssh", Kind: azuresim.Network, Priority: 300, Action: "Allow", Rules: []azuresim.FirewallRule{
				{Name: "all", Protocols: []string{"TCP"}, Sources: []string{"10.60.0.0/16"}, Destinations: []string{"10.50.1.0/24"}, Ports: []string{"20-30"}},
			}},
		}}
		if err := w.Azure.PutRuleCollectionGroup(office); err != nil {
			t.Fatal(err)
		}
		w.Start()
		g, err := w.AskFrom(ada, 15*time.Minute, "10.60.1.9/32", "core-1")
		if err == nil {
			_, _ = w.Service.Approve(t.Context(), grace, g.ID)
			w.Pass(4 * time.Minute)
		}
		if err == nil || !strings.Contains(err.Error(), "office/ssh/all") || w.Connects(azuresim.DemoCore, "10.60.1.77", 22) {
			t.Errorf("asked: %v; everybody of the office gets in: %t", err, w.Connects(azuresim.DemoCore, "10.60.1.77", 22))
		}
		w.Azure.DeleteRuleCollectionGroup(office.Policy, office.Name)
		w.Pass(time.Minute)
		g = w.ApprovedFrom(30*time.Minute, "10.60.1.9/32", "core-1")
		w.Pass(4 * time.Minute)
		if w.Want(g.ID, jit.Open); !w.Connects(azuresim.DemoCore, "10.60.1.9", 22) || w.Connects(azuresim.DemoCore, "10.60.1.77", 22) {
			t.Error("not the holder alone gets in")
		}
	})
}
