package rules_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/jittest"
	"jitbot/jit/rules"
)

func TestRulesOfAGrant(t *testing.T) {
	g := jittest.NewGrant()
	g.Request.Ports = []jit.Ports{jittest.TCP(22, 22), jittest.TCP(8000, 8010), {From: 53, To: 53, Protocol: jit.UDP}, {From: 7, To: 7, Protocol: jit.AnyProtocol}}
	g.Request.Sources = jittest.Prefixes("203.0.113.7/32", "2001:db8::/64", "198.51.100.0/24")
	g.Request.By.Name = "ann\u202e@example.com\n"
	g.Clock.Until = jittest.Start
	g.Paths = []guardpath.Path{
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
