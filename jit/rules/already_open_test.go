package rules_test

import (
	"net/netip"
	"strings"
	"testing"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/jittest"
	"jitbot/jit/rules"
)

func TestAlreadyOpen(t *testing.T) {
	addr := netip.MustParseAddr("10.0.0.4")
	tests := []struct {
		name        string
		nic, subnet []rules.Rule
		want        []string // words of the one note; nil: none
	}{
		{"by both guards", []rules.Rule{jittest.Foreign("SSH", 300)}, []rules.Rule{jittest.Foreign("any", 310)}, []string{"web-01", "port 22", "203.0.113.7/32", "SSH (priority 300) of nic", "any (priority 310) of subnet"}},
		{"shut by one guard", []rules.Rule{jittest.Foreign("SSH", 300)}, nil, nil},
		{"shut by both", nil, nil, nil},
		{"by a grant", []rules.Rule{jittest.Foreign("jitbot-prod-g-7k2qd-a", 100), jittest.Foreign("SSH", 300)}, []rules.Rule{jittest.Foreign("any", 310)}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := jittest.Owner.AlreadyOpen(jit.VM{Name: "web-01"},
				[]guardpath.Path{{Guard: "/G/nic", Addresses: []netip.Addr{addr}}, {Guard: "/g/subnet", Addresses: []netip.Addr{addr, netip.MustParseAddr("fd00::4")}}},
				map[string]rules.Table{"/g/nic": {Name: "nic", Rules: tt.nic}, "/g/subnet": {Name: "subnet", Rules: tt.subnet}},
				jit.Request{Ports: []jit.Ports{jittest.TCP(22, 22)}, Sources: []netip.Prefix{netip.MustParsePrefix("203.0.113.7/32")}})

			if (len(got) > 0) != (tt.want != nil) {
				t.Fatalf("notes %q", got)
			}
			for _, word := range tt.want {
				if !strings.Contains(got[0], word) {
					t.Errorf("%q does not name %q", got[0], word)
				}
			}
		})
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
