package rules_test

import (
	"net/netip"
	"strings"
	"testing"

	"jitbot/jit"
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
				[]jit.Path{{Guard: "/G/nic", Addresses: []netip.Addr{addr}}, {Guard: "/g/subnet", Addresses: []netip.Addr{addr, netip.MustParseAddr("fd00::4")}}},
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
