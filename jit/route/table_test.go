package route_test

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"jitbot/jit/route"
)

func TestPrefixesByNextHop(t *testing.T) {
	hop := netip.MustParseAddr
	routes := func(words ...string) []route.Route {
		var out []route.Route
		for _, w := range words {
			prefix, to, _ := strings.Cut(w, " ")
			r := route.Route{Prefix: netip.MustParsePrefix(prefix)}
			if to != "" {
				r.NextHop = hop(to)
			}
			out = append(out, r)
		}
		return out
	}
	for _, c := range []struct {
		name   string
		routes []route.Route
		want   string
	}{
		{"nothing", nil, ""},
		{"all by one", routes("0.0.0.0/0 10.0.0.4"), "10.0.0.4: 0.0.0.0/0"},
		{"all but the network itself", routes("0.0.0.0/0 10.0.0.4", "128.0.0.0/1"), "10.0.0.4: 0.0.0.0/1"},
		{"a longer prefix to another", routes("10.0.0.0/8 10.0.0.4", "10.128.0.0/9 10.0.0.5"), "10.0.0.4: 10.0.0.0/9, 10.0.0.5: 10.128.0.0/9"},
		{"of equal ones the first", routes("10.0.0.0/8 10.0.0.4", "10.0.0.0/8"), "10.0.0.4: 10.0.0.0/8"},
		{"a hole", routes("10.0.0.0/30 10.0.0.4", "10.0.0.1/32"), "10.0.0.4: 10.0.0.0/32 10.0.0.2/31"},
		{"shadowed altogether", routes("10.0.0.0/8 10.0.0.4", "10.0.0.0/9", "10.128.0.0/9"), ""},
		{"IPv6", routes("::/0 fd00::4"), "fd00::4: ::/0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := route.PrefixesByNextHop(c.routes)
			var lines []string
			for _, hop := range slices.SortedFunc(maps.Keys(got), netip.Addr.Compare) {
				lines = append(lines, hop.String()+": "+strings.Trim(fmt.Sprint(got[hop]), "[]"))
			}
			if s := strings.Join(lines, ", "); s != c.want {
				t.Errorf("got %q, want %q", s, c.want)
			}
		})
	}
}

// Every address goes where the longest prefix says, against a plain search.
func TestLongestPrefixWins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var routes []route.Route
		for range rapid.IntRange(0, 6).Draw(t, "routes") {
			a := netip.AddrFrom4([4]byte{10, 0, 0, byte(rapid.IntRange(0, 255).Draw(t, "address"))})
			r := route.Route{Prefix: netip.PrefixFrom(a, rapid.IntRange(22, 32).Draw(t, "bits")).Masked()}
			if n := rapid.IntRange(0, 2).Draw(t, "hop"); n > 0 {
				r.NextHop = netip.AddrFrom4([4]byte{192, 168, 0, byte(n)})
			}
			routes = append(routes, r)
		}
		got := route.PrefixesByNextHop(routes)
		for last := range 256 {
			a := netip.AddrFrom4([4]byte{10, 0, 0, byte(last)})
			var want netip.Addr
			bits := -1
			for _, r := range routes {
				if r.Prefix.Contains(a) && r.Prefix.Bits() > bits {
					want, bits = r.NextHop, r.Prefix.Bits()
				}
			}
			for hop, prefixes := range got {
				has := slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(a) })
				if has != (hop == want) {
					t.Fatalf("%s by %s: %t, want by %s; routes %v", a, hop, has, want, routes)
				}
			}
			if want.IsValid() && got[want] == nil {
				t.Fatalf("%s should go by %s", a, want)
			}
		}
	})
}
