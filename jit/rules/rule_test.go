package rules_test

import (
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/jittest"
	"jitbot/jit/protection"
	"jitbot/jit/rules"
)

func TestParseRuleName(t *testing.T) {
	tests := []struct {
		name string
		in   string
		want rules.RuleName // zero: not of our form
	}{
		{"an allow", "jitbot-prod-g-7k2qd-web-tcp", rules.RuleName{Installation: "prod", Grant: "g-7k2qd", Suffix: "web-tcp"}},
		{"a deny", "jitbot-prod-deny-web", rules.RuleName{Installation: "prod", Suffix: "web"}},
		{"digits", "jitbot-0-deny-0", rules.RuleName{Installation: "0", Suffix: "0"}},
		{"an installation called deny", "jitbot-deny-deny-a", rules.RuleName{Installation: "deny", Suffix: "a"}},
		{"the longest", "jitbot-abcdefghijklmnop-g-7k2qd-" + strings.Repeat("a", 48), rules.RuleName{Installation: "abcdefghijklmnop", Grant: "g-7k2qd", Suffix: strings.Repeat("a", 48)}},
		{"longer than Azure allows", "jitbot-abcdefghijklmnop-g-7k2qd-" + strings.Repeat("a", 49), rules.RuleName{}},
		{"nothing", "", rules.RuleName{}},
		{"no suffix", "jitbot-prod-g-7k2qd", rules.RuleName{}},
		{"an empty suffix", "jitbot-prod-g-7k2qd-", rules.RuleName{}},
		{"no grant", "jitbot-prod-web-tcp", rules.RuleName{}},
		{"a letter that no id has", "jitbot-prod-g-7k2q0-web", rules.RuleName{}},
		{"an id too long", "jitbot-prod-g-7k2qdx-web", rules.RuleName{}},
		{"an id too short", "jitbot-prod-g-7k2q-web", rules.RuleName{}},
		{"capitals", "jitbot-Prod-g-7k2qd-web", rules.RuleName{}},
		{"all capitals", "JITBOT-PROD-G-7K2QD-WEB", rules.RuleName{}},
		{"an installation too long", "jitbot-abcdefghijklmnopq-deny-a", rules.RuleName{}},
		{"an installation with a dash", "jitbot-pr-od-deny-a", rules.RuleName{}},
		{"something before", "xjitbot-prod-deny-web", rules.RuleName{}},
		{"something behind", "jitbot-prod-deny-web.old", rules.RuleName{}},
		{"a line break behind", "jitbot-prod-deny-web\n", rules.RuleName{}},
		{"a line before", "x\njitbot-prod-deny-web", rules.RuleName{}},
		{"an underscore", "jitbot-prod-deny-web_1", rules.RuleName{}},
		{"another's", "AllowSSH", rules.RuleName{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := rules.ParseRuleName(tt.in)
			if got != tt.want || ok != (tt.want != rules.RuleName{}) {
				t.Errorf("ParseRuleName(%q) = %+v, %t, want %+v", tt.in, got, ok, tt.want)
			}
		})
	}
}

func TestOwnership(t *testing.T) {
	tests := []struct {
		name         string
		rule         string
		priority     int
		ours, astray bool
	}{
		{"first of the band", "jitbot-prod-g-7k2qd-a", 100, true, false},
		{"last of the band", "jitbot-prod-g-7k2qd-a", 249, true, false},
		{"an allow in the band of denies", "jitbot-prod-g-7k2qd-a", 250, false, true},
		{"an allow above the band", "jitbot-prod-g-7k2qd-a", 99, false, true},
		{"an allow in the lower band of denies", "jitbot-prod-g-7k2qd-a", 4000, false, true},
		{"a deny that overrides", "jitbot-prod-deny-a", 250, true, false},
		{"a deny that respects", "jitbot-prod-deny-a", 4096, true, false},
		{"a deny in the band of allows", "jitbot-prod-deny-a", 249, false, true},
		{"a deny between its bands", "jitbot-prod-deny-a", 300, false, true},
		{"another installation", "jitbot-test-g-7k2qd-a", 100, false, false},
		{"an installation that ours begins", "jitbot-prod2-g-7k2qd-a", 100, false, false},
		{"ours in another case", "jitbot-PROD-g-7k2qd-a", 100, false, false},
		{"a name that only begins like ours", "jitbot-prod-ssh", 100, false, false},
		{"another's name in our band", "AllowSSH", 100, false, false},
		{"no priority", "jitbot-prod-g-7k2qd-a", 0, false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := rules.Rule{Name: tt.rule, Priority: tt.priority}
			if _, got := jittest.Owner.Ours(r); got != tt.ours {
				t.Errorf("ours: %t, want %t", got, tt.ours)
			}
			if _, got := jittest.Owner.OutsideBands(r); got != tt.astray {
				t.Errorf("astray: %t, want %t", got, tt.astray)
			}
		})
	}
}

// Where a rule of ours lies outside the bands, its description or the store says
// that it is ours; of another grant neither says anything.
func TestOwnershipBesideTheBands(t *testing.T) {
	g := jittest.NewGrant()
	p := protection.Protection{
		VM: "/vm/a", State: protection.Unprotecting, Source: "*", Ports: []jit.PortPolicy{{Ports: jit.Ports{From: 22, To: 22}}},
		Paths: []guardpath.Path{{Guard: "/nsg/a", Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.4")}}},
	}
	known := jittest.Owner.Knowing("/nsg/a", []jit.Grant{g}, []protection.Protection{p})
	older := p
	older.State, older.Ports = protection.Protected, []jit.PortPolicy{{Ports: jit.Ports{From: 3389, To: 3389}}}
	before := rules.ForProtections("prod", "/nsg/a", []protection.Protection{older})[0]
	before.Priority = 3000
	turned, wider := before, before
	turned.Allow, wider.Destinations = true, []string{"10.0.0.4", "10.0.0.9"}
	allow := "jitbot-prod-" + string(g.ID) + "-a"
	form := "jitbot " + string(g.ID) + " U1 until 2026-03-01T10:00:00Z"
	for _, tt := range []struct {
		name          string
		rule          rules.Rule
		alone, stored bool // ours by the rule alone, and with the store
	}{
		{"described", rules.Rule{Name: allow, Priority: 4000, Description: form}, true, true},
		{"described, in another case", rules.Rule{Name: strings.ToUpper(allow), Priority: 4000, Description: form}, true, true},
		{"described as another grant", rules.Rule{Name: "jitbot-prod-g-22222-a", Priority: 4000, Description: form}, false, false},
		{"of another installation", rules.Rule{Name: strings.Replace(allow, "prod", "test", 1), Priority: 4000, Description: form}, false, false},
		{"described anew", rules.Rule{Name: allow, Priority: 4000, Description: "managed"}, false, true},
		{"of a grant that nobody knows", rules.Rule{Name: "jitbot-prod-g-22222-a", Priority: 4000}, false, false},
		{"a deny that the protection had before", before, false, true},
		{"an allow of such a name", turned, false, false},
		{"a deny for more than that", wider, false, false},
		{"somebody's deny, named like ours", rules.Rule{Name: "jitbot-prod-deny-over-23", Priority: 104, Destinations: []string{"10.0.0.4"}}, false, false},
		{"a deny for nothing", rules.Rule{Name: "jitbot-prod-deny-a", Priority: 300}, false, false},
		{"a name that only begins like ours", rules.Rule{Name: "jitbot-prod-ssh", Priority: 100, Description: form, Destinations: []string{"10.0.0.4"}}, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, got := jittest.Owner.Ours(tt.rule); got != tt.alone {
				t.Errorf("by the rule alone: %t", got)
			}
			if _, got := known.Ours(tt.rule); got != tt.stored {
				t.Errorf("with the store: %t", got)
			}
		})
	}
}

func TestRuleEqual(t *testing.T) {
	base := rules.Rule{
		Name: "jitbot-prod-g-7k2qd-a", Priority: 100, Inbound: true, Allow: true, Protocol: jit.TCP,
		Sources: []string{"203.0.113.7/32", "VirtualNetwork"}, SourcePorts: []string{"*"},
		Destinations: []string{"10.0.0.4"}, Ports: []string{"22", "3389"}, Description: "jitbot",
		SourceGroups: []string{"/a/asg1"}, Groups: []string{"/a/asg2"},
	}
	tests := []struct {
		name   string
		change func(*rules.Rule)
		want   bool
	}{
		{"itself", func(*rules.Rule) {}, true},
		{"settled or not", func(r *rules.Rule) { r.Settled = true }, true},
		{"order of the ports", func(r *rules.Rule) { r.Ports = []string{"3389", "22"} }, true},
		{"order and case of the sources", func(r *rules.Rule) { r.Sources = []string{"virtualnetwork", "203.0.113.7"} }, true},
		{"a host as a range", func(r *rules.Rule) { r.Destinations = []string{"10.0.0.4/32"} }, true},
		{"case of the name", func(r *rules.Rule) { r.Name = strings.ToUpper(r.Name) }, true},
		{"case of a group", func(r *rules.Rule) { r.Groups = []string{"/A/ASG2"} }, true},
		{"name", func(r *rules.Rule) { r.Name += "b" }, false},
		{"priority", func(r *rules.Rule) { r.Priority++ }, false},
		{"direction", func(r *rules.Rule) { r.Inbound = false }, false},
		{"access", func(r *rules.Rule) { r.Allow = false }, false},
		{"protocol", func(r *rules.Rule) { r.Protocol = jit.AnyProtocol }, false},
		{"wider source", func(r *rules.Rule) { r.Sources = []string{"203.0.113.0/24", "VirtualNetwork"} }, false},
		{"one more source", func(r *rules.Rule) { r.Sources = append([]string{"*"}, r.Sources...) }, false},
		{"source ports", func(r *rules.Rule) { r.SourcePorts = []string{"1024"} }, false},
		{"destination", func(r *rules.Rule) { r.Destinations = []string{"*"} }, false},
		{"no destination", func(r *rules.Rule) { r.Destinations = nil }, false},
		{"ports", func(r *rules.Rule) { r.Ports = []string{"22"} }, false},
		{"a port as part of a range", func(r *rules.Rule) { r.Ports = []string{"22-3389"} }, false},
		{"no source groups", func(r *rules.Rule) { r.SourceGroups = nil }, false},
		{"another group", func(r *rules.Rule) { r.Groups = []string{"/a/asg3"} }, false},
		{"description", func(r *rules.Rule) { r.Description = "mine" }, false},
		{"case of the description", func(r *rules.Rule) { r.Description = "Jitbot" }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			other := base
			tt.change(&other)
			if got := base.Equal(other); got != tt.want {
				t.Errorf("Equal: %t, want %t", got, tt.want)
			}
			if got := other.Equal(base); got != tt.want {
				t.Errorf("the other way round: %t, want %t", got, tt.want)
			}
		})
	}
}

// ids draws ids of grants.
func ids() *rapid.Generator[jit.ID] {
	return rapid.Custom(func(t *rapid.T) jit.ID { return jit.Request{Key: rapid.String().Draw(t, "key")}.DeriveID(0) })
}

func TestRuleNameIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rules.RuleName{
			Installation: rapid.StringMatching(`[a-z0-9]{1,16}`).Draw(t, "installation"),
			Suffix:       rapid.StringMatching(`[a-z0-9-]{1,47}`).Draw(t, "suffix"),
		}
		if rapid.Bool().Draw(t, "allow") {
			n.Grant = ids().Draw(t, "grant")
		}
		if got, ok := rules.ParseRuleName(n.String()); !ok || got != n {
			t.Fatalf("%+v was read as %+v, %t", n, got, ok)
		}
	})
}

func FuzzRuleName(f *testing.F) {
	for _, s := range []string{"jitbot-prod-g-7k2qd-web-tcp", "jitbot-prod-deny-web", "jitbot--deny-a", "AllowSSH", "jitbot-prod-g-7k2qd-\n", "jitbot-deny-deny-deny"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, ok := rules.ParseRuleName(s)
		if !ok {
			return
		}
		if n.String() != s || len(s) > 80 || !rules.ValidInstallation(n.Installation) || n.Grant != "" && !n.Grant.Valid() {
			t.Errorf("%q was read as %+v, which is %q", s, n, n.String())
		}
	})
}
