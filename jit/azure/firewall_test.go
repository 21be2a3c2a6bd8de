package azure_test

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/resource"
	"jitbot/jit/rules"
)

const ourGroup = azuresim.DemoEdgePolicy + "/ruleCollectionGroups/jitbot-test"

// withFirewalls is a world with firewalls, and a client that may write them.
func withFirewalls(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		azuresim.SeedFirewalls(w.Sim)
		w.Configure(func(s *azuresim.Settings) { s.FirewallTime = time.Minute })
		f(t, w)
	})
}

func networkAllow(grant string) rules.Rule {
	r := allowRule()
	r.Name, r.Priority = "jitbot-test-"+grant+"-core-1", 110
	r.Sources, r.Destinations = []string{"10.60.1.9/32"}, []string{"10.50.1.4"}
	return r
}

func dnatAllow(grant, public string) rules.Rule {
	r := networkAllow(grant)
	r.Name += "-22"
	r.Sources, r.Destinations, r.Ports = []string{"203.0.113.7/32"}, []string{public}, []string{"50022"}
	r.To = netip.MustParseAddrPort("10.50.1.4:22")
	return r
}

func (w *world) dump() string {
	var b strings.Builder
	for _, id := range w.Firewalls() {
		b.WriteString(w.DumpFirewall(id, nil))
	}
	for _, id := range w.FirewallPolicies() {
		b.WriteString(w.DumpFirewallPolicy(id, nil))
	}
	return b.String()
}

// Both kinds: written by one request, read back as written, and taken out
// without a trace, whatever else stands in the document.
func TestApplyToFirewalls(t *testing.T) {
	for _, c := range []struct{ name, guard, public string }{
		{"classic", azuresim.DemoFirewall, azuresim.DemoFirewallIP}, {"policy", ourGroup, azuresim.DemoEdgeIP},
	} {
		t.Run(c.name, func(t *testing.T) {
			withFirewalls(t, func(t *testing.T, w *world) {
				before := w.dump()
				w.Reset()
				list := []rules.Rule{networkAllow("g-7k2qd"), networkAllow("g-22222"), dnatAllow("g-7k2qd", c.public)}
				var changes, back []rules.Change
				for _, r := range list {
					changes, back = append(changes, put(r)...), append(back, remove(r.Name)...)
				}
				for _, err := range w.Apply(t.Context(), c.guard, changes) {
					if err != nil {
						t.Fatal(err)
					}
				}
				table, err := w.Table(t.Context(), c.guard)
				if err != nil || !table.Settled || table.Failed {
					t.Fatalf("%+v, %v", table, err)
				}
				for _, want := range list {
					i := slices.IndexFunc(table.Rules, func(r rules.Rule) bool { return r.Name == want.Name })
					if i < 0 || !table.Rules[i].Equal(want) || !table.Rules[i].Settled {
						t.Errorf("%s is not read back: %+v", want.Name, table.Rules)
					}
				}
				all, err := w.Tables(t.Context(), azuresim.DemoSubscription)
				if !slices.ContainsFunc(all, func(t rules.Table) bool { return resource.Same(t.Guard, c.guard) }) || err != nil {
					t.Errorf("not among all tables: %v", err)
				}
				for _, err := range w.Apply(t.Context(), c.guard, back) {
					if err != nil {
						t.Fatal(err)
					}
				}
				if got := w.dump(); got != before {
					t.Errorf("not as before:\n%s\nwas\n%s", got, before)
				}
				if n := w.sent("PUT", "/") + w.sent("DELETE", "/"); n != 2 {
					t.Errorf("%d writes, want 2", n)
				}
				// What is not there is gone, without a write.
				if err := w.Apply(t.Context(), c.guard, back)[0]; err != nil || w.sent("PUT", "/")+w.sent("DELETE", "/") != 2 {
					t.Errorf("removing what is gone: %v", err)
				}
			})
		})
	}
}

// A policy's table has what the policy inherits before its own, and its groups
// in the order of their priorities.
func TestPolicyTable(t *testing.T) {
	withFirewalls(t, func(t *testing.T, w *world) {
		table, err := w.Table(t.Context(), ourGroup)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range table.Rules {
			got = append(got, r.Name)
		}
		want := []string{"corp-policy/DefaultNetworkRuleCollectionGroup/no-scanners/known", "DefaultNetworkRuleCollectionGroup/head-office/intranet"}
		if !slices.Equal(got, want) || table.Rules[0].Priority != 0 || table.Rules[1].Priority != 200 || table.Name != "edge-policy" {
			t.Errorf("%s %v", table.Name, got)
		}
		w.Configure(func(s *azuresim.Settings) { s.FirewallTime = time.Hour })
		if _, err := w.Table(t.Context(), strings.Replace(ourGroup, "edge-policy", "no-policy", 1)); !errors.Is(err, jit.ErrNotFound) {
			t.Errorf("a policy that is gone: %v", err)
		}
	})
}

// Rules of ours in other groups, such as that of a policy above, which another
// firewall uses itself, are strangers here: they belong to another guard. Around
// a VM they are what they are.
func TestOurRulesInOtherGroups(t *testing.T) {
	withFirewalls(t, func(t *testing.T, w *world) {
		corp := strings.Replace(ourGroup, "edge-policy", "corp-policy", 1)
		copied := networkAllow("g-44444")
		for guard, r := range map[string]rules.Rule{ourGroup: networkAllow("g-7k2qd"), corp: networkAllow("g-7k2qd")} {
			if err := w.Apply(t.Context(), guard, put(r))[0]; err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute) // the policy is busy for a while
		}
		if err := w.PutRuleCollectionGroup(azuresim.RuleCollectionGroup{
			Policy: azuresim.DemoEdgePolicy, Name: "a-copy", Priority: 112, Collections: []azuresim.RuleCollection{{
				Name: "jitbot-test-network", Kind: azuresim.Network, Priority: 100, Action: "Allow", Rules: []azuresim.FirewallRule{{
					Name: copied.Name, Protocols: []string{"TCP"}, Sources: copied.Sources, Destinations: copied.Destinations, Ports: copied.Ports,
				}},
			}},
		}); err != nil {
			t.Fatal(err)
		}
		table, err := w.Table(t.Context(), ourGroup)
		if err != nil {
			t.Fatal(err)
		}
		var ours []string
		for _, r := range table.Rules {
			if _, ok := rules.ParseRuleName(r.Name); ok {
				ours = append(ours, fmt.Sprint(r.Name, " ", r.Priority))
			}
		}
		if want := []string{networkAllow("g-7k2qd").Name + " 110"}; !slices.Equal(ours, want) {
			t.Errorf("ours are %v, want %v", ours, want)
		}
		around, err := w.Topology(t.Context(), []jit.VM{w.mustVM(t, azuresim.DemoCore)})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, r := range around[strings.ToLower(azuresim.DemoCore)].Firewalls[0].NetworkRules {
			if r.Name == networkAllow("g-7k2qd").Name && r.Priority == 110 {
				n++
			}
		}
		if n != 2 {
			t.Errorf("%d rules of ours are around the VM, want that of each policy", n)
		}
	})
}

// Without the right to see firewalls everything else works, and the VM says so.
func TestFirewallsUnseen(t *testing.T) {
	withFirewalls(t, func(t *testing.T, w *world) {
		vm := w.mustVM(t, azuresim.DemoApp)
		if vm.Blind || len(vm.Interfaces[0].Addresses[0].FirewallHops) != 1 {
			t.Fatalf("%+v", vm)
		}
		g := vm.Interfaces[0].Addresses[0].FirewallHops[0]
		if !resource.Same(g.Firewall, azuresim.DemoFirewall) || len(g.Subnets) != 1 || g.Subnets[0].String() != azuresim.DemoFirewallSubnet || g.HidesSource || !g.Translates ||
			len(g.Public) != 2 || g.Public[0].String() != azuresim.DemoFirewallIP || len(g.Routed) == 0 {
			t.Errorf("%+v", g)
		}
		w.Configure(func(s *azuresim.Settings) { s.DeniedActions = []string{"Microsoft.Network/azureFirewalls/*"} })
		time.Sleep(11 * time.Second)
		vm = w.mustVM(t, azuresim.DemoApp)
		if !vm.Blind || len(vm.Interfaces[0].Addresses[0].FirewallHops) != 0 {
			t.Errorf("%+v", vm)
		}
		if tables, err := w.Tables(t.Context(), azuresim.DemoSubscription); err != nil || len(tables) == 0 {
			t.Errorf("%d tables, %v", len(tables), err)
		}
	})
}

// What the VM sees behind a network rule is the client, unless the firewall's
// private ranges leave its address out.
func TestFirewallHidesClients(t *testing.T) {
	for ranges, want := range map[string]bool{"": false, "IANAPrivateRanges": false, "10.50.0.0/16": false, "192.168.0.0/16": true, "255.255.255.255/32": true, "0.0.0.0/0": false} {
		withFirewalls(t, func(t *testing.T, w *world) {
			policy := azuresim.FirewallPolicy{ID: azuresim.DemoEdgePolicy, Location: azuresim.DemoLocation, Base: azuresim.DemoCorpPolicy}
			if ranges != "" {
				policy.PrivateRanges = []string{ranges}
			}
			w.PutFirewallPolicy(policy)
			g := w.mustVM(t, azuresim.DemoCore).Interfaces[0].Addresses[0].FirewallHops
			if len(g) != 1 || g[0].HidesSource != want || g[0].Policy == "" {
				t.Errorf("%q: %+v", ranges, g)
			}
		})
	}
}

// A firewall whose policy may not be read is on the way all the same: what it
// lets through is not known, and is not taken for nothing.
func TestFirewallOfAHiddenPolicy(t *testing.T) {
	withFirewalls(t, func(t *testing.T, w *world) {
		w.Configure(func(s *azuresim.Settings) { s.DeniedActions = []string{"Microsoft.Network/firewallPolicies/*"} })
		vm := w.mustVM(t, azuresim.DemoCore)
		around, err := w.Topology(t.Context(), []jit.VM{vm})
		if err != nil {
			t.Fatal(err)
		}
		s := around[strings.ToLower(azuresim.DemoCore)]
		if len(s.Firewalls) != 0 || len(s.Appliances) != 1 || s.Appliances[0].String() != "10.50.0.4" || !vm.Blind {
			t.Errorf("firewalls %+v, appliances %v, blind %t", s.Firewalls, s.Appliances, vm.Blind)
		}
	})
}
