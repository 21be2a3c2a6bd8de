package protect_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/reach"
)

const (
	devNetwork   = azuresim.DemoDevGroup + "/providers/Microsoft.Network/virtualNetworks/dev-vnet"
	adminRuleURL = "/listNetworkManagerEffectiveSecurityAdminRules"
)

func denySSH() azuresim.AdminRule {
	return azuresim.AdminRule{Name: "no-ssh", Access: "Deny", Priority: 10, Protocol: "Tcp", Sources: []string{"*"}, Ports: []string{"22"}}
}

// Under a deny of Virtual Network Manager nothing is asked for in vain: the refusal
// names the rule. One for others than who asks, or that leaves it to the groups,
// hinders nobody.
func TestAdminRuleDeniesAnAsk(t *testing.T) {
	other, leaves := denySSH(), denySSH()
	other.Sources, leaves.Access, leaves.Priority = []string{"198.51.100.0/24"}, "Allow", 5
	for name, c := range map[string]struct {
		rules   []azuresim.AdminRule
		refused bool
	}{
		"denied":  {[]azuresim.AdminRule{denySSH()}, true},
		"another": {[]azuresim.AdminRule{other}, false},
		"left":    {[]azuresim.AdminRule{denySSH(), leaves}, false},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.Azure.SetAdminRules(devNetwork, c.rules...)
				w.Start()
				g, err := w.AskFrom(ada, time.Hour, "203.0.113.7/32", "dev-1")
				if refused := errors.As(err, new(*jit.Refusal)); refused != c.refused {
					t.Fatalf("asked: %v", err)
				}
				if c.refused {
					if !strings.Contains(err.Error(), "no-ssh (priority 10)") {
						t.Errorf("it says %q", err)
					}
					return
				}
				if _, err := w.Service.Approve(t.Context(), grace, g.ID); err != nil {
					t.Fatal(err)
				}
				w.Pass(10 * time.Second)
				w.Want(g.ID, jit.Open) // the notifier has checked that it is
			})
		})
	}
}

// A deny that comes before the approval is done opens nothing; one that comes while an
// access is open is told to its holder, and that it is over.
func TestAdminRuleAppears(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		late, err := w.AskFrom(ada, time.Hour, "203.0.113.7/32", "dev-2")
		if err != nil {
			t.Fatal(err)
		}
		g := w.Open(2*time.Hour, "dev-1")
		w.Azure.SetAdminRules(devNetwork, denySSH())
		w.Pass(3 * time.Minute)
		if !w.Told.Has(string(g.ID) + " hindered to requester") {
			t.Errorf("its holder is shut out and was told %v", w.Told.Said())
		}
		if _, err := w.Service.Approve(t.Context(), grace, late.ID); err != nil && !errors.As(err, new(*jit.Refusal)) {
			t.Fatal(err)
		}
		w.Pass(time.Minute)
		if got := w.Grant(late.ID); !got.Clock.Opened.IsZero() || !strings.Contains(got.Decision.Reason, "no-ssh") {
			t.Errorf("%s: %q", got.State, got.Decision.Reason)
		}
		said := w.Told.Count("hindered to card")
		w.Azure.SetAdminRules(devNetwork)
		w.Pass(3 * time.Minute)
		if g = w.Want(g.ID, jit.Open); w.Told.Count("hindered to card") != said+1 || g.Paths[0].Hindrance != "" {
			t.Errorf("it is not told that nothing hinders it any more: %v, %+v", w.Told.Said(), g.Paths)
		}
	})
}

// What an AlwaysAllow opens is said by scan and explain, and where a VM is protected.
func TestAdminRuleAlwaysAllows(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Azure.SetAdminRules(devNetwork, azuresim.AdminRule{
			Name: "monitoring", Access: "AlwaysAllow", Priority: 10, Sources: []string{"*"}, Ports: []string{"22"}, Default: true,
		})
		w.Start()
		if f := w.scanned("dev-1"); f.Class != reach.ClassUnhealthy || !strings.Contains(f.Why, "monitoring (priority 10) of Virtual Network Manager") {
			t.Errorf("the scan says %s: %s", f.Class, f.Why)
		}
		w.Protect("dev-1")
		if told := w.Texts(jit.EventProtected); !strings.Contains(strings.Join(told, " "), "monitoring") {
			t.Errorf("called protected, and it was said %q", told)
		}
	})
}

// Of two network managers that of the wider scope comes first, whatever the priorities
// are, and the rules do not say which it is: nothing is opened in vain, and nothing that
// may be open is called shut. So it is where a rule lets in a service tag.
func TestAdminRulesOfTwoManagers(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		always := azuresim.AdminRule{Name: "monitoring", Access: "AlwaysAllow", Priority: 10, Sources: []string{"*"}, Ports: []string{"22"}}
		first, second := denySSH(), always
		first.Priority, second.Lower = 50, true
		w.Azure.SetAdminRules(devNetwork, first, second)
		w.Start()
		if w.Reachable(azuresim.DemoDev1, "203.0.113.7") {
			t.Fatal("in the simulator the first manager's deny does not come first")
		}
		if g, err := w.AskFrom(ada, time.Hour, "203.0.113.7/32", "dev-1"); !errors.As(err, new(*jit.Refusal)) || !strings.Contains(err.Error(), "may deny") {
			t.Errorf("asked: %s, %v", g.State, err)
		}
		first.Lower, second.Lower = true, false
		w.Azure.SetAdminRules(devNetwork, first, second)
		w.Pass(2 * time.Minute)
		if !w.Reachable(azuresim.DemoDev1, "203.0.113.7") {
			t.Fatal("in the simulator the first manager's allow does not come first")
		}
		if f := w.scanned("dev-1"); f.Class == reach.ClassHealthy || !strings.Contains(f.Why, "monitoring") {
			t.Errorf("the scan says %s: %s", f.Class, f.Why)
		}
		w.Protect("dev-1")
		if told := w.Texts(jit.EventProtected); !strings.Contains(strings.Join(told, " "), "monitoring") {
			t.Errorf("called protected, and it was said %q", told)
		}
		always.Sources = []string{"AzureCloud"}
		w.Azure.SetAdminRules(devNetwork, always)
		w.Pass(2 * time.Minute)
		w.Protect("dev-2")
		if told := w.Texts(jit.EventProtected); len(told) != 2 || !strings.Contains(told[1], "monitoring") {
			t.Errorf("called protected, and it was said %q", told)
		}
	})
}

// Without the right, or while Azure does not answer, admin rules are not known, which
// is said, and hinders nobody.
func TestAdminRulesNotKnown(t *testing.T) {
	for name, fault := range map[string]azuresim.Fault{"forbidden": azuresim.Forbidden(), "broken": azuresim.Broken(500)} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				here := fault
				here.Path = adminRuleURL
				w.Azure.AddFault(here)
				w.Start()
				g := w.Open(time.Hour, "dev-1")
				if !slices.ContainsFunc(g.Notes, func(s string) bool { return strings.Contains(s, "Admin rules of Virtual Network Manager") }) {
					t.Errorf("the card says %q", g.Notes)
				}
				e, err := w.Service.Explain(t.Context(), ada, "dev-1", ada)
				if err != nil {
					t.Fatal(err)
				}
				if got := strings.Join(e.Posture.Notes, "\n"); strings.Count(got, "Admin rules of Virtual Network Manager") != 1 {
					t.Errorf("explained with %s", got)
				}
			})
		})
	}
}

func (w *world) scanned(vm string) reach.Posture {
	w.T.Helper()
	postures, _ := w.Scan(carol)
	return postures[vm]
}
