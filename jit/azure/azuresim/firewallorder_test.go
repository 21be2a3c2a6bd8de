package azuresim_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"jitbot/jit/azure/azuresim"
)

// asked is a line a collection: its generation, its group, its kind and name.
func asked(w *world, firewall string, now bool) string {
	var lines []string
	for _, a := range w.Asked(firewall, now) {
		where := a.Policy[strings.LastIndexByte(a.Policy, '/')+1:]
		if a.Group != "" {
			where += fmt.Sprintf(" %d %s ", a.GroupPriority, a.Group)
		}
		lines = append(lines, fmt.Sprintf("%d %s%s %d %s", a.Generation, where, a.Kind, a.Priority, a.Name))
	}
	return strings.Join(lines, "\n")
}

// What a firewall asks comes in the order in which it asks it.
func TestAskedInOrder(t *testing.T) {
	w := newHub(t, 0)
	if diff := cmp.Diff("0 nat 1000 site\n0 network 900 no-scanners\n0 network 1000 time-and-names\n0 application 1000 updates",
		asked(w, azuresim.DemoFirewall, false)); diff != "" {
		t.Error(diff)
	}
	err := w.PutRuleCollectionGroup(azuresim.RuleCollectionGroup{Policy: azuresim.DemoEdgePolicy, Name: "early", Priority: 150, Collections: []azuresim.RuleCollection{
		{Name: "second", Kind: azuresim.Network, Priority: 300, Action: "Allow"},
		{Name: "first", Kind: azuresim.Network, Priority: 200, Action: "Deny"},
		{Name: "door", Kind: azuresim.NAT, Priority: 400, Action: "Dnat"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Join([]string{
		"0 edge-policy 150 early nat 400 door",
		"1 corp-policy 200 DefaultNetworkRuleCollectionGroup network 100 no-scanners",
		"0 edge-policy 150 early network 200 first",
		"0 edge-policy 150 early network 300 second",
		"0 edge-policy 200 DefaultNetworkRuleCollectionGroup network 200 head-office",
		"0 edge-policy 300 DefaultApplicationRuleCollectionGroup application 100 updates",
	}, "\n"), asked(w, azuresim.DemoEdgeFirewall, true)); diff != "" {
		t.Error(diff)
	}
	if all := w.Asked("/nothing", false); all != nil {
		t.Errorf("nothing asks %v", all)
	}
}

// While a change is under way, what is written is not what filters.
func TestAskedWhileBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newHub(t, time.Minute)
		has := func(what string, now, want bool) {
			t.Helper()
			if got := strings.Contains(asked(w, azuresim.DemoEdgeFirewall, now), "jitbot network 100 jit"); got != want {
				t.Errorf("%s: %t, filters now %t", what, got, now)
			}
		}
		w.ask("PUT", jitGroup, groupJSON(500, nil))
		has("written", false, true)
		has("written", true, false)
		time.Sleep(2 * time.Minute)
		has("in force", true, true)
		w.ask("DELETE", jitGroup, "")
		has("being deleted", false, true)
		time.Sleep(time.Minute)
		has("deleted", false, false)
		has("deleted", true, false)
	})
}

func TestFirewallAsWritten(t *testing.T) {
	w := newHub(t, 0)
	if f, found := w.Firewall(azuresim.DemoFirewall); !found || f.PrivateAddress != "10.40.0.4" || len(f.PublicIPs) != 2 || len(f.Collections) != 4 {
		t.Errorf("%t %+v", found, f)
	}
	if f, found := w.Firewall(azuresim.DemoEdgeFirewall); !found || f.Policy != azuresim.DemoEdgePolicy {
		t.Errorf("%t %s", found, f.Policy)
	}
	if _, found := w.Firewall("/nothing"); found {
		t.Error("nothing is a firewall")
	}
}
