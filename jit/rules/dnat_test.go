package rules_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"jitbot/jit"
	"jitbot/jit/jittest"
	"jitbot/jit/rules"
)

// translation is a DNAT rule of ours as a grant wants it: without a port, and
// with the addresses at which the firewall may be reached.
func translation(suffix string, public ...string) rules.Rule {
	r := jittest.OursNamed(suffix)
	r.Destinations, r.Ports, r.To = public, nil, netip.MustParseAddrPort("10.0.0.4:22")
	return r
}

// placedDNAT is a DNAT rule with its public side.
func placedDNAT(r rules.Rule, priority int, public, port string) rules.Rule {
	r.Priority, r.Destinations, r.Ports = priority, []string{public}, []string{port}
	return r
}

func told(r rules.Rule, port string) rules.Rule {
	r.Ports = []string{port}
	return r
}

func strangersDNAT(name string, priority int, public, port string) rules.Rule {
	r := placedDNAT(jittest.Foreign(name, priority), priority, public, port)
	r.Protocol, r.To = jit.TCP, netip.MustParseAddrPort("10.0.0.9:443")
	return r
}

func TestPlanInAFirewall(t *testing.T) {
	network, dnat := jittest.OursNamed("a"), translation("a-22", "20.0.0.1", "20.0.0.2")
	deny := jittest.Foreign("no/known", 90)
	deny.Allow, deny.Sources = false, []string{"192.0.2.0/24"}
	mine := func(priority int, dnat bool) rules.Collection {
		return rules.Collection{Name: rules.CollectionName("prod", dnat), Priority: priority, DNAT: dnat}
	}
	for _, c := range []struct {
		name        string
		policy      bool
		rules       []rules.Rule
		collections []rules.Collection
		wanted      []rules.Rule
		want        []string // changes; or what blocks
	}{
		{"the first rule", false, nil, nil, []rules.Rule{network}, []string{"put jitbot-prod-g-7k2qd-a 100"}},
		{
			"beside other collections", false, nil,
			[]rules.Collection{{Name: "x", Priority: 100}, {Name: "y", Priority: 102}, {Name: "z", Priority: 101, DNAT: true}},
			[]rules.Rule{network},
			[]string{"put jitbot-prod-g-7k2qd-a 101"},
		},
		{
			"the two kinds are numbered apart", false, nil,
			[]rules.Collection{{Name: "x", Priority: 100, DNAT: true}},
			[]rules.Rule{network, dnat},
			[]string{"put jitbot-prod-g-7k2qd-a 100", "put jitbot-prod-g-7k2qd-a-22 101 20.0.0.1:port"},
		},
		{"into our collection", false, nil, []rules.Collection{mine(117, false)}, []rules.Rule{network}, []string{"put jitbot-prod-g-7k2qd-a 117"}},
		{"all agrees", false, []rules.Rule{jittest.Placed(network, 117)}, []rules.Collection{mine(117, false)}, []rules.Rule{network}, nil},
		{"a port that it has", false, []rules.Rule{placedDNAT(dnat, 117, "20.0.0.2", "50007")}, []rules.Collection{mine(117, true)}, []rules.Rule{dnat}, nil},
		{
			"a port that the holder was told", false,
			[]rules.Rule{placedDNAT(dnat, 117, "20.0.0.2", "50007")},
			[]rules.Collection{mine(117, true)},
			[]rules.Rule{told(translation("a-22", "20.0.0.1"), "50001")},
			[]string{"put jitbot-prod-g-7k2qd-a-22 117 20.0.0.1:50001"},
		},
		{
			"a port that the holder was told, and a stranger has", false,
			[]rules.Rule{strangersDNAT("s/a", 500, "20.0.0.1", "50001")},
			[]rules.Collection{mine(117, true)},
			[]rules.Rule{told(translation("a-22", "20.0.0.1"), "50001")},
			[]string{"put jitbot-prod-g-7k2qd-a-22 117 20.0.0.1:port"},
		},
		{
			"led elsewhere", false, []rules.Rule{func() rules.Rule {
				r := placedDNAT(dnat, 117, "20.0.0.1", "50001")
				r.To = netip.MustParseAddrPort("10.0.0.5:22")
				return r
			}()}, []rules.Collection{mine(117, true)}, []rules.Rule{dnat}, []string{"put jitbot-prod-g-7k2qd-a-22 117 20.0.0.1:50001"},
		},
		{
			"a stranger's collection of our name", false, nil,
			[]rules.Collection{{Name: "JITBOT-prod-network", Priority: 500}},
			[]rules.Rule{network},
			[]string{"blocked: Somebody else's JITBOT-prod-network (priority 500)"},
		},
		{
			"a stranger's collection of our name in another case", false, nil,
			[]rules.Collection{{Name: "JITBOT-prod-network", Priority: 117}},
			[]rules.Rule{network},
			[]string{"blocked: Somebody else's JITBOT-prod-network (priority 117)"},
		},
		{
			"a collection of our name that denies", false, nil,
			[]rules.Collection{{Name: "jitbot-prod-network", Priority: 117, Deny: true}},
			[]rules.Rule{network},
			[]string{"blocked: Somebody else's jitbot-prod-network"},
		},
		{
			"the band is full", false, nil, func() (all []rules.Collection) {
				for p := 100; p <= 249; p++ {
					all = append(all, rules.Collection{Name: fmt.Sprint("c", p), Priority: p})
				}
				return all
			}(), []rules.Rule{network}, []string{"blocked: Every priority from 100 to 249 in fw is taken"},
		},
		{
			"a policy numbers its groups", true, nil,
			[]rules.Collection{{Name: "DefaultDnatRuleCollectionGroup", Priority: 100}, {Name: "DefaultNetworkRuleCollectionGroup", Priority: 200}},
			[]rules.Rule{network, dnat},
			[]string{"put jitbot-prod-g-7k2qd-a 101", "put jitbot-prod-g-7k2qd-a-22 101 20.0.0.1:port"},
		},
		{
			"our group", true,
			[]rules.Rule{jittest.Placed(network, 117), deny},
			[]rules.Collection{{Name: "jitbot-prod", Priority: 117}},
			nil,
			[]string{"remove jitbot-prod-g-7k2qd-a"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			table := rules.Table{Guard: jittest.HubID, Name: "fw", Rules: c.rules, Collections: c.collections}
			if c.policy {
				table.Guard = jittest.PolicyID + "/ruleCollectionGroups/jitbot-prod"
			}
			plan := jittest.Owner.MakePlan(table, c.wanted)
			var got []string
			for _, change := range plan.Changes {
				if change.Put == nil {
					got = append(got, "remove "+change.Remove)
					continue
				}
				line := fmt.Sprintf("put %s %d", change.Put.Name, change.Put.Priority)
				if r := change.Put; r.To.IsValid() {
					port := r.Ports[0]
					if port > "50010" {
						port = "port" // by the name's hash
					}
					line += fmt.Sprintf(" %s:%s", strings.Join(r.Destinations, "+"), port)
				}
				got = append(got, line)
			}
			for _, b := range plan.Blocked {
				got = append(got, "blocked: "+b.Err.Error())
			}
			same := len(got) == len(c.want)
			for i := range min(len(got), len(c.want)) {
				same = same && strings.HasPrefix(got[i], c.want[i])
			}
			if !same {
				t.Errorf("plan (-want +got):\n%s", cmp.Diff(c.want, got))
			}
		})
	}
}

// Any public ends of any rules: none of ours shares a public side with another rule,
// and the plan converges.
func TestPublicEndsAreApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		publics := []string{"20.0.0.1", "20.0.0.2"}
		table := rules.Table{Guard: jittest.HubID, Name: "fw"}
		for i := range rapid.IntRange(0, 5).Draw(t, "strangers") {
			r := strangersDNAT(fmt.Sprint("s/", i), 500, rapid.SampledFrom(publics).Draw(t, "address"), fmt.Sprint(rapid.IntRange(49990, 60010).Draw(t, "port")))
			r.Protocol = rapid.SampledFrom([]jit.Protocol{jit.TCP, jit.UDP, jit.AnyProtocol}).Draw(t, "protocol")
			table.Rules = append(table.Rules, r)
		}
		var wanted []rules.Rule
		for i := range rapid.IntRange(0, 8).Draw(t, "ours") {
			r := translation(fmt.Sprint("r", i), publics...)
			r.Protocol = rapid.SampledFrom([]jit.Protocol{jit.TCP, jit.UDP, jit.AnyProtocol}).Draw(t, "our protocol")
			wanted = append(wanted, r)
		}
		plan := jittest.Owner.MakePlan(table, wanted)
		if len(plan.Blocked) > 0 {
			t.Fatalf("blocked: %v", plan.Blocked)
		}
		for _, change := range plan.Changes {
			table.Rules = append(table.Rules, *change.Put)
		}
		table.Collections = []rules.Collection{{Name: rules.CollectionName("prod", true), Priority: 100, DNAT: true}}
		if again := jittest.Owner.MakePlan(table, wanted); len(again.Changes)+len(again.Blocked) > 0 {
			t.Fatalf("does not converge: %+v", again)
		}
		taken := map[string]string{}
		for _, r := range table.Rules {
			for _, p := range []jit.Protocol{jit.TCP, jit.UDP} {
				key := fmt.Sprint(p, r.Destinations, r.Ports)
				if other := taken[key]; r.Protocol.Covers(p) && other != "" && slices.ContainsFunc(wanted, func(w rules.Rule) bool { return w.Name == r.Name || w.Name == other }) {
					t.Fatalf("%s and %s share %s", r.Name, other, key)
				} else if r.Protocol.Covers(p) {
					taken[key] = r.Name
				}
			}
		}
	})
}

// What a firewall asks before our rule makes it idle, and what it asks later
// does not.
func TestShadowInAFirewall(t *testing.T) {
	mine, dnat := jittest.Placed(jittest.OursNamed("a"), 110), placedDNAT(translation("a-22"), 110, "20.0.0.1", "50001")
	deny := func(name string, priority int, sources ...string) rules.Rule {
		r := jittest.Foreign(name, priority)
		r.Allow, r.Sources = false, sources
		return r
	}
	taken := strangersDNAT("s/a", 105, "20.0.0.1", "50001")
	taken.Sources = []string{"203.0.113.0/24"}
	for _, c := range []struct {
		name  string
		rule  rules.Rule
		other rules.Rule
		want  bool
	}{
		{"a deny before", mine, deny("c/no", 105, "203.0.113.0/24"), true},
		{"a deny of a parent policy", mine, deny("corp/c/no", 0, "203.0.113.0/24"), true},
		{"a deny of an IP group", mine, deny("c/no", 105, "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/ipGroups/x"), true},
		{"a deny of others", mine, deny("c/no", 105, "192.0.2.0/24"), false},
		{"a deny behind", mine, deny("c/no", 300, "*"), false},
		{"an allow before", mine, jittest.Foreign("c/yes", 105), false},
		{"a deny does not stop a translation by itself", dnat, deny("c/no", 105, "*"), false},
		{"a translation of the same public end before", dnat, taken, true},
		{"of another port", dnat, strangersDNAT("s/a", 105, "20.0.0.1", "50002"), false},
		{"of another address", dnat, strangersDNAT("s/a", 105, "20.0.0.2", "50001"), false},
		{"behind", dnat, strangersDNAT("s/a", 300, "20.0.0.1", "50001"), false},
		{"a translation does not stop a network rule", mine, strangersDNAT("s/a", 105, "10.0.0.4", "22"), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			table := rules.Table{Guard: jittest.HubID, Name: "fw", Rules: []rules.Rule{c.other, c.rule}}
			if by, got := table.Shadow(c.rule); got != c.want {
				t.Errorf("shadowed %t by %s", got, by.Name)
			}
		})
	}
}

// A firewall takes 250 of its public addresses and the public sides of DNAT rules
// together, a rule of any protocol being two; what is there stays.
func TestPlanWithinTheTranslationsOfAFirewall(t *testing.T) {
	for _, c := range []struct {
		name    string
		theirs  int
		change  func(*rules.Rule) // of the last of theirs
		blocked string
	}{
		{"one fits", 247, nil, ""},
		{"none fits", 248, nil, "The firewall fw has 248 DNAT rules, and its public addresses and DNAT rules together may be 250 at most"},
		{"one counts twice", 247, func(r *rules.Rule) { r.Protocol = jit.AnyProtocol }, "has 248 DNAT rules"},
		{"one leads to a name", 248, func(r *rules.Rule) { r.To, r.Host = netip.AddrPort{}, "app.example" }, "has 248 DNAT rules"},
		{"one is the same", 248, func(r *rules.Rule) { r.Ports = []string{"1000"} }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			table := rules.Table{Guard: "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/azureFirewalls/fw", Name: "fw"}
			for i := range c.theirs {
				table.Rules = append(table.Rules, strangersDNAT(fmt.Sprint("s/", i), 105, "20.0.0.1", fmt.Sprint(1000+i)))
			}
			if c.change != nil {
				c.change(&table.Rules[c.theirs-1])
			}
			wanted := []rules.Rule{translation("a-22", "20.0.0.1", "20.0.0.2")}
			plan := jittest.Owner.MakePlan(table, wanted)
			said := ""
			for _, b := range plan.Blocked {
				said += b.Err.Error()
			}
			if !strings.Contains(said, c.blocked) || (said == "") != (c.blocked == "") {
				t.Errorf("blocked: %q", said)
			}
			if c.blocked != "" {
				return
			}
			there := jittest.Put(t, jittest.Owner, table, plan.Changes)
			if again := jittest.Owner.MakePlan(there, wanted); len(again.Blocked)+len(again.Changes) > 0 {
				t.Errorf("a second time: %+v", again)
			}
		})
	}
}
