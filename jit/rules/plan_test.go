package rules_test

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/jittest"
	"jitbot/jit/rules"
)

func TestPlan(t *testing.T) {
	a, b := jittest.OursNamed("a"), jittest.OursNamed("b")
	wider := jittest.Placed(a, 100)
	wider.Sources = []string{"*"}
	tests := []struct {
		name   string
		rules  []rules.Rule
		wanted []rules.Rule
		want   []string // changes
	}{
		{"nothing and nothing", nil, nil, nil},
		{"a new rule", nil, []rules.Rule{a}, []string{"put jitbot-prod-g-7k2qd-a 100"}},
		{"two new rules", nil, []rules.Rule{a, b}, []string{"put jitbot-prod-g-7k2qd-a 100", "put jitbot-prod-g-7k2qd-b 101"}},
		{"all agrees", []rules.Rule{jittest.Placed(a, 117)}, []rules.Rule{a}, nil},
		{"behind a stranger's priority", []rules.Rule{jittest.Foreign("SSH", 100), jittest.Foreign("RDP", 102)}, []rules.Rule{a, b}, []string{"put jitbot-prod-g-7k2qd-a 101", "put jitbot-prod-g-7k2qd-b 103"}},
		{"the other direction has its own priorities", []rules.Rule{jittest.Outbound(jittest.Foreign("out", 100))}, []rules.Rule{a}, []string{"put jitbot-prod-g-7k2qd-a 100"}},
		{"one that somebody widened", []rules.Rule{wider}, []rules.Rule{a}, []string{"put jitbot-prod-g-7k2qd-a 100"}},
		{"one that nobody wants", []rules.Rule{jittest.Placed(a, 100)}, nil, []string{"remove jitbot-prod-g-7k2qd-a"}},
		{"one goes, one comes, in a place of its own", []rules.Rule{jittest.Placed(a, 100)}, []rules.Rule{b}, []string{"remove jitbot-prod-g-7k2qd-a", "put jitbot-prod-g-7k2qd-b 101"}},
		{"another installation's", []rules.Rule{jittest.Foreign("jitbot-test-g-7k2qd-a", 100)}, nil, nil},
		{"ours by name, outside the band", []rules.Rule{jittest.Placed(a, 300)}, nil, nil},
		{"ours in another case", []rules.Rule{jittest.Foreign("JITBOT-PROD-G-7K2QD-A", 100)}, nil, nil},
		{"a deny that no protection wants", []rules.Rule{jittest.Foreign("jitbot-prod-deny-a", 250)}, nil, []string{"remove jitbot-prod-deny-a"}},
		{"a deny of ours outside its bands", []rules.Rule{jittest.Foreign("jitbot-prod-deny-a", 200)}, nil, nil},
		{"turned outbound", []rules.Rule{jittest.Outbound(jittest.Placed(a, 100))}, []rules.Rule{a}, []string{"put jitbot-prod-g-7k2qd-a 100"}},
		{"turned outbound, its place taken since", []rules.Rule{jittest.Outbound(jittest.Placed(a, 100)), jittest.Foreign("SSH", 100)}, []rules.Rule{a}, []string{"put jitbot-prod-g-7k2qd-a 101"}},
		{"turned outbound, a new one beside it", []rules.Rule{jittest.Outbound(jittest.Placed(b, 100))}, []rules.Rule{a, b}, []string{"put jitbot-prod-g-7k2qd-a 100", "put jitbot-prod-g-7k2qd-b 101"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			table := rules.Table{Name: "nsg", Rules: tt.rules}
			plan := jittest.Owner.MakePlan(table, tt.wanted)
			var got []string
			for _, c := range plan.Changes {
				if c.Put != nil {
					got = append(got, fmt.Sprintf("put %s %d", c.Put.Name, c.Put.Priority))
				} else {
					got = append(got, "remove "+c.Remove)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || len(plan.Blocked) > 0 {
				t.Errorf("changes (-want +got):\n%s\nblocked: %v", diff, plan.Blocked)
			}
			if again := jittest.Owner.MakePlan(jittest.Put(t, jittest.Owner, table, plan.Changes), tt.wanted); len(again.Changes) > 0 {
				t.Errorf("the second plan still has %d changes", len(again.Changes))
			}
		})
	}
}

func TestPlanIsBlocked(t *testing.T) {
	var full, nearly, thousand []rules.Rule
	for p := 100; p <= 249; p++ {
		full = append(full, jittest.Foreign(fmt.Sprint("r", p), p))
	}
	nearly = slices.Delete(slices.Clone(full), 77, 78)
	for i := range 999 {
		thousand = append(thousand, jittest.Foreign(fmt.Sprint("r", i), 1000+i))
	}
	crowded := jittest.Outbound(jittest.Foreign("crowd", 500)) // each side is counted over all rules
	crowded.Sources, crowded.Destinations = nil, []string{"Storage.WestEurope", "VirtualNetwork"}
	for i := range 3999 {
		crowded.Sources = append(crowded.Sources, fmt.Sprintf("10.1.%d.%d", i/256, i%256))
	}
	elsewhere := crowded
	elsewhere.Sources, elsewhere.Destinations = []string{"*"}, crowded.Sources
	tests := []struct {
		name    string
		rules   []rules.Rule
		wanted  []rules.Rule
		puts    int
		blocked string // what the sentence names; empty: nothing is blocked
	}{
		{"band full", full, []rules.Rule{jittest.OursNamed("a")}, 0, "100"},
		{"one place left, for the first of two", nearly, []rules.Rule{jittest.OursNamed("a"), jittest.OursNamed("b")}, 1, "249"},
		{"one place left, for one", nearly, []rules.Rule{jittest.OursNamed("a")}, 1, ""},
		{"1,000 rules and a change of our own", append(slices.Clone(thousand), jittest.Placed(jittest.OursNamed("b"), 100)), []rules.Rule{jittest.Placed(jittest.OursNamed("b"), 0)}, 0, ""},
		{"one rule left", thousand, []rules.Rule{jittest.OursNamed("a")}, 1, ""},
		{"one rule left, for the first of two", thousand, []rules.Rule{jittest.OursNamed("a"), jittest.OursNamed("b")}, 1, "1000"},
		{"one address left", []rules.Rule{crowded}, []rules.Rule{jittest.OursNamed("a")}, 1, ""},
		{"one address left, for the first of two", []rules.Rule{crowded}, []rules.Rule{jittest.OursNamed("a"), jittest.OursNamed("b")}, 1, "4000 source addresses"},
		{"one destination left, for the first of two", []rules.Rule{elsewhere}, []rules.Rule{jittest.OursNamed("a"), jittest.OursNamed("b")}, 1, "4000 destination addresses"},
		{
			"4,000 addresses and what is there already",
			[]rules.Rule{crowded, jittest.Placed(jittest.OursNamed("a"), 100), jittest.Foreign("more", 700)},
			[]rules.Rule{jittest.OursNamed("a")},
			0, "",
		},
		{"the name outside the band", []rules.Rule{jittest.Placed(jittest.OursNamed("a"), 4000)}, []rules.Rule{jittest.OursNamed("a")}, 0, "jitbot-prod-g-7k2qd-a"},
		{"the name in another case", []rules.Rule{jittest.Foreign("Jitbot-prod-g-7k2qd-a", 100)}, []rules.Rule{jittest.OursNamed("a")}, 0, "Jitbot-prod-g-7k2qd-a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			table := rules.Table{Name: "nsg-web", Rules: tt.rules}
			plan := jittest.Owner.MakePlan(table, tt.wanted)
			jittest.Put(t, jittest.Owner, table, plan.Changes)
			if len(plan.Changes) != tt.puts || (len(plan.Blocked) > 0) != (tt.blocked != "") {
				t.Fatalf("%d changes, blocked %v", len(plan.Changes), plan.Blocked)
			}
			for _, b := range plan.Blocked {
				var no *jit.Refusal
				if !errors.As(b.Err, &no) || !errors.Is(b.Err, jit.ErrPolicy) || !strings.Contains(no.Error(), tt.blocked) ||
					!strings.Contains(no.Error(), "nsg-web") || !strings.HasSuffix(no.Error(), ".") {
					t.Errorf("%s: %v", b.Name, b.Err)
				}
			}
		})
	}
}

// noisy draws a guard with rules of strangers and of ours: wanted, edited,
// turned, orphaned and astray.
func noisy(t *rapid.T) rules.Table {
	names := rapid.SampledFrom([]string{
		"SSH", "jitbot", "jitbot-prod", "jitbot-prod-ssh", "jitbot-prod2-g-7k2qd-a", "jitbot-test-g-7k2qd-a", "JITBOT-PROD-G-7K2QD-A",
		"jitbot-prod-deny-a", "jitbot-prod-g-7k2qd-a", "jitbot-prod-g-7k2qd-b", "jitbot-prod-g-7k2qd-c", "jitbot-prod-g-7k2qd-d",
		"jitbot-prod-g-zzzzz-a", "jitbot-prod-g-zzzzz-b", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9",
	})
	table := rules.Table{Name: "nsg"}
	for range rapid.IntRange(0, 20).Draw(t, "rules") {
		r := jittest.Foreign(names.Draw(t, "name"), rapid.IntRange(98, 117).Draw(t, "priority"))
		if rapid.Bool().Draw(t, "plain") {
			r = jittest.OursNamed("x")
			r.Name, r.Priority = names.Draw(t, "name"), rapid.IntRange(98, 117).Draw(t, "priority")
		}
		r.Inbound = rapid.IntRange(0, 4).Draw(t, "inbound") > 0
		r.Allow = rapid.Bool().Draw(t, "allow")
		if !slices.ContainsFunc(table.Rules, func(o rules.Rule) bool {
			return strings.EqualFold(o.Name, r.Name) || o.Priority == r.Priority && o.Inbound == r.Inbound
		}) {
			table.Rules = append(table.Rules, r)
		}
	}
	return table
}

func TestPlansConverge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table := noisy(t)
		var wanted []rules.Rule
		for _, suffix := range []string{"a", "b", "c", "d"} {
			if rapid.Bool().Draw(t, suffix) {
				wanted = append(wanted, jittest.OursNamed(suffix))
			}
		}
		for _, suffix := range []string{"over-1", "under-1"} {
			if rapid.Bool().Draw(t, suffix) {
				wanted = append(wanted, jittest.DenyNamed(suffix))
			}
		}
		plan := jittest.Narrow.MakePlan(table, wanted)
		after := jittest.Put(t, jittest.Narrow, table, plan.Changes)
		if got, want := strangers(after), strangers(table); !reflect.DeepEqual(got, want) {
			t.Fatalf("rules that are not ours, before %v, after %v", want, got)
		}
		if len(plan.Final)+len(plan.Blocked) != len(wanted) {
			t.Fatalf("%d final and %d blocked of %d", len(plan.Final), len(plan.Blocked), len(wanted))
		}
		var held, want []string
		for _, r := range after.Rules {
			if _, ours := jittest.Narrow.Ours(r); ours {
				held = append(held, r.Name)
			}
		}
		for _, r := range plan.Final {
			want = append(want, r.Name)
			if n, ours := jittest.Narrow.Ours(r); !ours || strings.HasPrefix(n.Suffix, "under-") != jittest.Narrow.Bands.DenyRespect.Contains(r.Priority) {
				t.Fatalf("%s has priority %d, outside the band", r.Name, r.Priority)
			}
			if !slices.ContainsFunc(after.Rules, r.Equal) {
				t.Fatalf("%s is not there as planned", r.Name)
			}
		}
		slices.Sort(held)
		slices.Sort(want)
		if !slices.Equal(held, want) {
			t.Fatalf("rules of ours %q, want %q", held, want)
		}
		again := jittest.Narrow.MakePlan(after, wanted)
		if len(plan.Blocked) == 0 && len(again.Changes)+len(again.Blocked) > 0 {
			t.Fatalf("the second plan: %d changes, %v", len(again.Changes), again.Blocked)
		}
		// What was blocked by a full band may fit in after the removals.
		last := jittest.Put(t, jittest.Narrow, after, again.Changes)
		if third := jittest.Narrow.MakePlan(last, wanted); len(third.Changes) > 0 {
			t.Fatalf("the third plan: %d changes", len(third.Changes))
		}
	})
}

func strangers(table rules.Table) []rules.Rule {
	out := []rules.Rule{}
	for _, r := range table.Rules {
		if _, ours := jittest.Narrow.Ours(r); !ours {
			out = append(out, r)
		}
	}
	return out
}

// Many machines whose long names begin alike still get a rule each.
func TestEveryMachineHasItsRule(t *testing.T) {
	g := jittest.NewGrant()
	for i := range 1000 {
		g.Paths = append(g.Paths, guardpath.Path{
			VM:    fmt.Sprintf("%s/providers/Microsoft.Compute/virtualMachines/production-web-server-frontend-%04d", jittest.VMGroup, i),
			Guard: jittest.NICGuard, Addresses: []netip.Addr{netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})},
		})
	}
	seen := map[string]bool{}
	for _, r := range rules.ForGrant("abcdefghijklmnop", strings.ToUpper(jittest.NICGuard), g) {
		if n, ok := rules.ParseRuleName(r.Name); !ok || n.Grant != g.ID {
			t.Fatalf("%q is no name of ours", r.Name)
		}
		seen[r.Name] = true
	}
	if len(seen) != 1000 {
		t.Errorf("1000 machines have %d names of rules", len(seen))
	}
}
