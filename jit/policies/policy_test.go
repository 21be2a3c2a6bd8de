package policies_test

import (
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"

	"jitbot/jit"
	"jitbot/jit/jittest"
	"jitbot/jit/policies"
)

func TestMatchRequest(t *testing.T) {
	one, wide := jittest.Prefixes("203.0.113.7/32"), jittest.Prefixes("203.0.113.7/32", "198.51.100.0/24")
	six := jittest.Prefixes("2001:db8::/64")
	tests := []struct {
		name    string
		match   policies.Match
		ports   []jit.Ports
		sources []netip.Prefix
		d       time.Duration
		want    bool
	}{
		{"no condition", policies.Match{}, []jit.Ports{jittest.TCP(22, 22)}, one, time.Hour, true},
		{"port", policies.Match{Ports: []jit.Ports{jittest.TCP(22, 22)}}, []jit.Ports{jittest.TCP(22, 22)}, one, time.Hour, true},
		{"another port", policies.Match{Ports: []jit.Ports{jittest.TCP(22, 22)}}, []jit.Ports{jittest.TCP(3389, 3389)}, one, time.Hour, false},
		{"one of the ports", policies.Match{Ports: []jit.Ports{jittest.TCP(22, 22)}}, []jit.Ports{jittest.TCP(80, 80), jittest.TCP(22, 22)}, one, time.Hour, true},
		{"a range that holds the port", policies.Match{Ports: []jit.Ports{jittest.TCP(22, 22)}}, []jit.Ports{jittest.TCP(1, 100)}, one, time.Hour, true},
		{"another protocol", policies.Match{Ports: []jit.Ports{jittest.TCP(53, 53)}}, []jit.Ports{{From: 53, To: 53, Protocol: jit.UDP}}, one, time.Hour, false},
		{"any protocol", policies.Match{Ports: []jit.Ports{jittest.TCP(53, 53)}}, []jit.Ports{{From: 53, To: 53, Protocol: jit.AnyProtocol}}, one, time.Hour, true},
		{"wider", policies.Match{WiderThan: jit.Widths{V4: 32}}, nil, wide, time.Hour, true},
		{"not wider", policies.Match{WiderThan: jit.Widths{V4: 32}}, nil, one, time.Hour, false},
		{"just as wide", policies.Match{WiderThan: jit.Widths{V4: 24}}, nil, wide, time.Hour, false},
		{"no condition on IPv6", policies.Match{WiderThan: jit.Widths{V4: 32}}, nil, six, time.Hour, false},
		{"wider in IPv6", policies.Match{WiderThan: jit.Widths{V4: 24, V6: 128}}, nil, six, time.Hour, true},
		{"longer", policies.Match{LongerThan: time.Hour}, nil, one, time.Hour + time.Second, true},
		{"just as long", policies.Match{LongerThan: time.Hour}, nil, one, time.Hour, false},
		{"all conditions must hold", policies.Match{LongerThan: time.Hour, WiderThan: jit.Widths{V4: 32}}, nil, one, 2 * time.Hour, false},
		{"the VM too", policies.Match{Name: "db-*"}, nil, one, time.Hour, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.match.Request(jit.VM{Name: "web-01"}, tt.ports, tt.sources, tt.d); got != tt.want {
				t.Errorf("matches: %t, want %t", got, tt.want)
			}
		})
	}
}

func TestFirstMatchWins(t *testing.T) {
	c := policies.Config{
		Policies: []policies.Policy{
			{Match: policies.Match{Group: "prod-*"}, RemindBefore: 1}, {Match: policies.Match{Name: "web-*"}, RemindBefore: 2},
		},
		Approvals: []policies.ApprovalRule{
			{Match: policies.Match{Group: "prod-*", LongerThan: time.Hour}}, {Match: policies.Match{Group: "prod-*"}}, {Match: policies.Match{Name: "web-*"}},
		},
	}
	tests := []struct {
		name     string
		vm       jit.VM
		d        time.Duration
		policy   time.Duration // 0: none
		approval int           // -1: none
	}{
		{"the first of two", jit.VM{Name: "web-01", Group: "prod-a"}, time.Hour, 1, 1},
		{"the first by the request", jit.VM{Name: "web-01", Group: "prod-a"}, 2 * time.Hour, 1, 0},
		{"the second", jit.VM{Name: "web-01", Group: "test"}, 2 * time.Hour, 2, 2},
		{"none", jit.VM{Name: "db-01", Group: "test"}, time.Hour, 0, -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, ok := c.Policy(tt.vm)
			if p.RemindBefore != tt.policy || ok != (tt.policy > 0) {
				t.Errorf("policy %d, %t, want %d", p.RemindBefore, ok, tt.policy)
			}
			i, ok := c.Approval(tt.vm, nil, nil, tt.d)
			if ok != (tt.approval >= 0) || ok && i != tt.approval {
				t.Errorf("approval rule %d, %t, want %d", i, ok, tt.approval)
			}
		})
	}
}

func TestEmptyConfigLetsNobody(t *testing.T) {
	var c policies.Config
	if _, ok := c.Policy(jit.VM{Name: "a"}); ok {
		t.Error("a policy was found")
	}
	if _, ok := c.Approval(jit.VM{Name: "a"}, nil, nil, time.Hour); ok {
		t.Error("an approval rule was found")
	}
	if (jit.PortPolicy{}).Accepts(jittest.Prefixes("203.0.113.7/32")[0], jit.Widths{V4: 32, V6: 128}) {
		t.Error("a source was accepted")
	}
}

func TestPolicyFind(t *testing.T) {
	p := policies.Policy{Ports: []jit.PortPolicy{
		{Ports: jittest.TCP(22, 22), Longest: 1},
		{Ports: jittest.TCP(8000, 8010), Longest: 2},
		{Ports: jit.Ports{From: 53, To: 53, Protocol: jit.UDP}, Longest: 3},
		{Ports: jit.Ports{From: 53, To: 53, Protocol: jit.AnyProtocol}, Longest: 4},
	}}
	tests := []struct {
		name     string
		want     jit.Ports
		found    time.Duration // Longest of the policy, 0: none
		protocol jit.Protocol
	}{
		{"exactly", jittest.TCP(22, 22), 1, jit.TCP},
		{"the policy's protocol", jit.Ports{From: 22, To: 22}, 1, jit.TCP},
		{"within a range", jit.Ports{From: 8001, To: 8002}, 2, jit.TCP},
		{"the first that fits", jit.Ports{From: 53, To: 53}, 3, jit.UDP},
		{"the first whose protocol fits", jittest.TCP(53, 53), 4, jit.TCP},
		{"beyond the range", jittest.TCP(8010, 8011), 0, jit.TCP},
		{"another protocol", jit.Ports{From: 22, To: 22, Protocol: jit.UDP}, 0, jit.UDP},
		{"another port", jittest.TCP(23, 23), 0, jit.TCP},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pp, got, ok := p.Find(tt.want)
			if ok != (tt.found > 0) || pp.Longest != tt.found || got.Protocol != tt.protocol {
				t.Errorf("got %+v for %v, %t", pp, got, ok)
			}
		})
	}
}

func TestAccepts(t *testing.T) {
	single := jit.Widths{V4: 32, V6: 128}
	tests := []struct {
		name   string
		policy jit.PortPolicy
		widest jit.Widths
		source string
		want   bool
	}{
		{"any single address", jit.PortPolicy{Any: true}, single, "203.0.113.7/32", true},
		{"any single IPv6 address", jit.PortPolicy{Any: true}, single, "2001:db8::7/128", true},
		{"a range is not single", jit.PortPolicy{Any: true}, single, "203.0.113.6/31", false},
		{"an IPv6 range is not single", jit.PortPolicy{Any: true}, single, "2001:db8::/127", false},
		{"a width not set is single", jit.PortPolicy{Any: true}, jit.Widths{}, "198.51.100.0/24", false},
		{"a width not set accepts one", jit.PortPolicy{Any: true}, jit.Widths{}, "203.0.113.7/32", true},
		{"the widest", jit.PortPolicy{Any: true}, jit.Widths{V4: 24, V6: 128}, "198.51.100.0/24", true},
		{"wider", jit.PortPolicy{Any: true}, jit.Widths{V4: 24, V6: 128}, "198.51.100.0/23", false},
		{"a range itself", jit.PortPolicy{Sources: jittest.Prefixes("198.51.100.0/24")}, single, "198.51.100.0/24", true},
		{"within a range", jit.PortPolicy{Sources: jittest.Prefixes("198.51.100.0/24")}, single, "198.51.100.128/25", true},
		{"an address of a range", jit.PortPolicy{Sources: jittest.Prefixes("198.51.100.0/24")}, single, "198.51.100.7/32", true},
		{"around a range", jit.PortPolicy{Sources: jittest.Prefixes("198.51.100.0/24")}, single, "198.51.100.0/23", false},
		{"half beside a range", jit.PortPolicy{Sources: jittest.Prefixes("198.51.101.0/24")}, single, "198.51.100.0/23", false},
		{"outside", jit.PortPolicy{Sources: jittest.Prefixes("198.51.100.0/24")}, single, "203.0.113.7/32", false},
		{"across two ranges", jit.PortPolicy{Sources: jittest.Prefixes("198.51.100.0/25", "198.51.100.128/25")}, single, "198.51.100.0/24", false},
		{"the other family", jit.PortPolicy{Sources: jittest.Prefixes("0.0.0.0/0")}, single, "2001:db8::7/128", false},
		{"the first family", jit.PortPolicy{Sources: jittest.Prefixes("::/0")}, single, "203.0.113.7/32", false},
		{"IPv6 within", jit.PortPolicy{Sources: jittest.Prefixes("2001:db8::/32")}, single, "2001:db8:1::/48", true},
		{"nothing named", jit.PortPolicy{}, single, "203.0.113.7/32", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.policy.Accepts(netip.MustParsePrefix(tt.source), tt.widest); got != tt.want {
				t.Errorf("accepts %s: %t, want %t", tt.source, got, tt.want)
			}
		})
	}
}

// What is accepted lies, address by address, in one range of the policy.
func TestAcceptsIsContainment(t *testing.T) {
	prefix := rapid.Custom(func(t *rapid.T) netip.Prefix {
		a := netip.AddrFrom4([4]byte{203, 0, 113, rapid.Byte().Draw(t, "last")})
		return netip.PrefixFrom(a, rapid.IntRange(28, 32).Draw(t, "bits")).Masked()
	})
	rapid.Check(t, func(t *rapid.T) {
		pp := jit.PortPolicy{Sources: rapid.SliceOfN(prefix, 0, 4).Draw(t, "sources")}
		source := prefix.Draw(t, "source")
		want := false
		for _, s := range pp.Sources {
			all := true
			for a := source.Addr(); a.IsValid() && source.Contains(a); a = a.Next() {
				all = all && s.Contains(a)
			}
			want = want || all
		}
		if got := pp.Accepts(source, jit.Widths{V4: 32, V6: 128}); got != want {
			t.Fatalf("accepts %s: %t, want %t", source, got, want)
		}
	})
}

func TestProduction(t *testing.T) {
	tests := []struct {
		name string
		tags map[string]string
		want bool
	}{
		{"no tags", nil, false},
		{"env", map[string]string{"env": "prod"}, true},
		{"case", map[string]string{"Environment": "Production"}, true},
		{"stage", map[string]string{"stage": "live"}, true},
		{"test", map[string]string{"env": "test"}, false},
		{"only the beginning", map[string]string{"env": "prod-like"}, false},
		{"another tag", map[string]string{"team": "prod"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := (jit.VM{Tags: tt.tags}).Production(); got != tt.want {
				t.Errorf("production: %t, want %t", got, tt.want)
			}
		})
	}
}
