package route_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"jitbot/jit"
	"jitbot/jit/jittest"
	"jitbot/jit/route"
	"jitbot/jit/rules"
)

func TestPathsTo(t *testing.T) {
	tests := []struct {
		name       string
		interfaces []jit.Interface
		sources    []string
		want       []string // guard: addresses; empty: refused
	}{
		{
			"both levels",
			[]jit.Interface{{Guard: "/g/nic", Addresses: []jit.Address{jittest.Address("10.0.0.4", "/g/subnet")}}},
			[]string{"203.0.113.7/32"},
			[]string{"/g/nic: 10.0.0.4", "/g/subnet: 10.0.0.4"},
		},
		{
			"the interface only",
			[]jit.Interface{{Guard: "/g/nic", Addresses: []jit.Address{jittest.Address("10.0.0.4", "")}}},
			[]string{"203.0.113.7/32"},
			[]string{"/g/nic: 10.0.0.4"},
		},
		{
			"the subnet only",
			[]jit.Interface{{Addresses: []jit.Address{jittest.Address("10.0.0.4", "/g/subnet")}}},
			[]string{"203.0.113.7/32"},
			[]string{"/g/subnet: 10.0.0.4"},
		},
		{
			"one group on both levels",
			[]jit.Interface{{Guard: "/g/one", Addresses: []jit.Address{jittest.Address("10.0.0.4", "/G/ONE")}}},
			[]string{"203.0.113.7/32"},
			[]string{"/g/one: 10.0.0.4"},
		},
		{
			"two interfaces behind one subnet's",
			[]jit.Interface{
				{Guard: "/g/b", Addresses: []jit.Address{jittest.Address("10.0.0.4", "/g/subnet")}},
				{Guard: "/g/a", Addresses: []jit.Address{jittest.Address("10.0.0.5", "/g/SUBNET")}},
			},
			[]string{"203.0.113.7/32"},
			[]string{"/g/a: 10.0.0.5", "/g/b: 10.0.0.4", "/g/subnet: 10.0.0.4 10.0.0.5"},
		},
		{
			"two addresses of one interface",
			[]jit.Interface{{Guard: "/g/nic", Addresses: []jit.Address{jittest.Address("10.0.0.4", ""), jittest.Address("10.0.0.5", "")}}},
			[]string{"203.0.113.7/32"},
			[]string{"/g/nic: 10.0.0.4 10.0.0.5"},
		},
		{
			"the source's family only",
			[]jit.Interface{{Guard: "/g/nic", Addresses: []jit.Address{jittest.Address("10.0.0.4", ""), jittest.Address("fd00::4", "")}}},
			[]string{"2001:db8::7/128"},
			[]string{"/g/nic: fd00::4"},
		},
		{
			"both families",
			[]jit.Interface{{Guard: "/g/nic", Addresses: []jit.Address{jittest.Address("fd00::4", ""), jittest.Address("10.0.0.4", "")}}},
			[]string{"2001:db8::7/128", "203.0.113.7/32"},
			[]string{"/g/nic: 10.0.0.4 fd00::4"},
		},
		{
			"no address of the family",
			[]jit.Interface{{Guard: "/g/nic", Addresses: []jit.Address{jittest.Address("10.0.0.4", "")}}},
			[]string{"2001:db8::7/128"},
			nil,
		},
		{
			"one family of two has no address",
			[]jit.Interface{{Guard: "/g/nic", Addresses: []jit.Address{jittest.Address("10.0.0.4", "")}}},
			[]string{"203.0.113.7/32", "2001:db8::7/128"},
			nil,
		},
		{
			"no network security group",
			[]jit.Interface{{Addresses: []jit.Address{jittest.Address("10.0.0.4", "")}}},
			[]string{"203.0.113.7/32"},
			nil,
		},
		{"no interface", nil, []string{"203.0.113.7/32"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			paths, err := route.Paths("prod", jit.VM{ID: jittest.VMID, Name: "web-01", Interfaces: tt.interfaces}, []jit.Ports{jittest.TCP(22, 22)}, jittest.Prefixes(tt.sources...))
			var got []string
			for _, p := range paths {
				if p.VM != jittest.VMID || p.Confirmed {
					t.Errorf("path %+v", p)
				}
				got = append(got, p.Guard+": "+strings.Trim(fmt.Sprint(p.Addresses), "[]"))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("paths (-want +got):\n%s", diff)
			}
			if (err != nil) != (tt.want == nil) || err != nil && (!errors.Is(err, jit.ErrPolicy) || !strings.Contains(err.Error(), "web-01")) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestRulesOfAGrant(t *testing.T) {
	g := jittest.NewGrant()
	g.Request.Ports = []jit.Ports{jittest.TCP(22, 22), jittest.TCP(8000, 8010), {From: 53, To: 53, Protocol: jit.UDP}, {From: 7, To: 7, Protocol: jit.AnyProtocol}}
	g.Request.Sources = jittest.Prefixes("203.0.113.7/32", "2001:db8::/64", "198.51.100.0/24")
	g.Request.By.Name = "ann\u202e@example.com\n"
	g.Clock.Until = jittest.Start
	g.Paths = []jit.Path{
		{VM: jittest.VMGroup + "/x/Web_01.", Guard: "/g/nic", Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.4"), netip.MustParseAddr("fd00::4")}},
		{VM: jittest.VMID, Guard: "/g/other", Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.4")}},
	}
	var got []string
	for _, r := range rules.ForGrant("prod", "/G/NIC", g) {
		n, ok := rules.ParseRuleName(r.Name)
		if !ok || n.Grant != g.ID || n.Installation != "prod" || !r.Inbound || !r.Allow || r.Priority != 0 {
			t.Errorf("rule %+v", r)
		}
		if d, ok := rules.ParseDescription(r.Description); !ok || d.Grant != g.ID || d.User != jittest.Asker.ID || !d.Until.Equal(jittest.Start) || d.Name != "ann@example.com" {
			t.Errorf("description %q", r.Description)
		}
		parts := strings.Split(n.Suffix, "-")
		got = append(got, fmt.Sprint(parts[0], " ", parts[len(parts)-1], " ", r.Protocol, " ", r.Sources, r.SourcePorts, r.Destinations, r.Ports))
	}
	want := []string{
		"web any * [203.0.113.7/32 198.51.100.0/24] [*] [10.0.0.4] [7]",
		"web any6 * [2001:db8::/64] [*] [fd00::4] [7]",
		"web tcp tcp [203.0.113.7/32 198.51.100.0/24] [*] [10.0.0.4] [22 8000-8010]",
		"web tcp6 tcp [2001:db8::/64] [*] [fd00::4] [22 8000-8010]",
		"web udp udp [203.0.113.7/32 198.51.100.0/24] [*] [10.0.0.4] [53]",
		"web udp6 udp [2001:db8::/64] [*] [fd00::4] [53]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	if again := rules.ForGrant("prod", "/g/nic", g); !again[0].Equal(rules.ForGrant("prod", "/g/nic", g)[0]) {
		t.Error("the rules of a grant differ from one look to the next")
	}
}

func TestOpens(t *testing.T) {
	defaults := []rules.Rule{
		func() rules.Rule {
			r := jittest.Foreign("AllowVnetInBound", 65000)
			r.Sources, r.Destinations = []string{"VirtualNetwork"}, []string{"VirtualNetwork"}
			return r
		}(),
		func() rules.Rule { r := jittest.Foreign("DenyAllInBound", 65500); r.Allow = false; return r }(),
	}
	rule := func(name string, priority int, change func(*rules.Rule)) rules.Rule {
		r := jittest.Foreign(name, priority)
		change(&r)
		return r
	}
	all := func(*rules.Rule) {}
	deny := func(r *rules.Rule) { r.Allow = false }
	tests := []struct {
		name  string
		rules []rules.Rule
		want  string // the rule; empty: not known to be open
	}{
		{"nothing but the defaults", nil, ""},
		{"everything", []rules.Rule{rule("open", 300, all)}, "open"},
		{"the first of two", []rules.Rule{rule("second", 400, all), rule("first", 300, all)}, "first"},
		{"behind a deny", []rules.Rule{rule("no", 200, deny), rule("open", 300, all)}, ""},
		{"before a deny", []rules.Rule{rule("no", 400, deny), rule("open", 300, all)}, "open"},
		{"behind a deny of something else", []rules.Rule{rule("no", 200, func(r *rules.Rule) { r.Allow, r.Ports = false, []string{"80"} }), rule("open", 300, all)}, "open"},
		{"the Internet", []rules.Rule{rule("open", 300, func(r *rules.Rule) { r.Sources = []string{"Internet"} })}, "open"},
		{"its range", []rules.Rule{rule("open", 300, func(r *rules.Rule) { r.Sources = []string{"203.0.113.0/24"} })}, "open"},
		{"a part of the source", []rules.Rule{rule("open", 300, func(r *rules.Rule) { r.Sources = []string{"203.0.113.9/32"} })}, ""},
		{"another source", []rules.Rule{rule("open", 300, func(r *rules.Rule) { r.Sources = []string{"198.51.100.0/24"} })}, ""},
		{"a tag that may hold it", []rules.Rule{rule("open", 300, func(r *rules.Rule) { r.Sources = []string{"AzureCloud"} })}, ""},
		{"behind a tag that may hold it", []rules.Rule{rule("maybe", 200, func(r *rules.Rule) { r.Allow, r.Sources = false, []string{"AzureCloud"} }), rule("open", 300, all)}, ""},
		{"one port of the range", []rules.Rule{rule("open", 300, func(r *rules.Rule) { r.Ports = []string{"22"} })}, ""},
		{"another protocol", []rules.Rule{rule("open", 300, func(r *rules.Rule) { r.Protocol = jit.UDP })}, ""},
		{"some source ports only", []rules.Rule{rule("open", 300, func(r *rules.Rule) { r.SourcePorts = []string{"1024"} })}, ""},
		{"all source ports, counted", []rules.Rule{rule("open", 300, func(r *rules.Rule) { r.SourcePorts = []string{"0-65535"} })}, "open"},
		{"the destination", []rules.Rule{rule("open", 300, func(r *rules.Rule) { r.Destinations = []string{"10.0.0.4"} })}, "open"},
		{"the virtual network as destination", []rules.Rule{rule("open", 300, func(r *rules.Rule) { r.Destinations = []string{"VirtualNetwork"} })}, "open"},
		{"another destination", []rules.Rule{rule("open", 300, func(r *rules.Rule) { r.Destinations = []string{"10.0.0.5"} })}, ""},
		{"outbound", []rules.Rule{rule("out", 300, func(r *rules.Rule) { r.Inbound = false })}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			table := rules.Table{Rules: tt.rules, Defaults: defaults}
			source := jittest.Prefixes("203.0.113.8/29")[0]
			r, got := table.Opens(source, netip.MustParseAddr("10.0.0.4"), jittest.TCP(22, 23))
			if got != (tt.want != "") || got && r.Name != tt.want {
				t.Errorf("opens: %t by %q, want %q", got, r.Name, tt.want)
			}
		})
	}
}
