package route_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/jittest"
	"jitbot/jit/resource"
	"jitbot/jit/route"
)

// behindFirewall is an address with an NSG and a firewall before it.
func behindFirewall(change func(*guardpath.FirewallHop)) []jit.Interface {
	g := guardpath.FirewallHop{
		Firewall: jittest.HubID, Subnets: jittest.Prefixes("10.40.0.0/26"),
		Public: []netip.Addr{netip.MustParseAddr("20.0.0.1")}, Routed: jittest.Prefixes("0.0.0.0/0"),
	}
	if change != nil {
		change(&g)
	}
	a := jittest.Address("10.40.1.4", "/g/subnet")
	a.FirewallHops = []guardpath.FirewallHop{g}
	return []jit.Interface{{Addresses: []jit.Address{a}}}
}

// dualStack is an address of each family behind a firewall that has both.
func dualStack(change func(*guardpath.FirewallHop)) []jit.Interface {
	out := behindFirewall(nil)
	v4 := &out[0].Addresses[0]
	v6 := jittest.Address("fd00:40::4", "/g/subnet")
	v6.FirewallHops = slices.Clone(v4.FirewallHops)
	for i, g := range []*guardpath.FirewallHop{&v4.FirewallHops[0], &v6.FirewallHops[0]} {
		g.Policy, g.Routed = jittest.PolicyID, jittest.Prefixes([]string{"10.60.0.0/16", "fd00:60::/32"}[i])
		if i == 1 {
			g.Subnets = jittest.Prefixes("fd00:40:1::/64", "fd00:40:2::/64")
		}
		if change != nil {
			change(g)
		}
	}
	out[0].Addresses = append(out[0].Addresses, v6)
	return out
}

func TestPathsThroughFirewalls(t *testing.T) {
	public := func(nics []jit.Interface) []jit.Interface {
		nics[0].Addresses[0].Public = "20.0.0.9"
		return nics
	}
	bare := func(nics []jit.Interface) []jit.Interface {
		nics[0].Addresses[0].SubnetGuard = ""
		return nics
	}
	inside := func(g *guardpath.FirewallHop) { g.Routed = jittest.Prefixes("10.60.0.0/16") }
	for _, c := range []struct {
		name    string
		nics    []jit.Interface
		ports   []jit.Ports
		sources []string
		want    []string // guard kind sources: addresses; or what the refusal says
	}{
		{"from outside by DNAT", behindFirewall(nil), nil, []string{"203.0.113.7/32"}, []string{
			"hub-fw dnat 203.0.113.7/32: 10.40.1.4", "subnet behind 10.40.0.0/26: 10.40.1.4",
		}},
		{"from inside by a network rule", behindFirewall(inside), nil, []string{"10.60.1.9/32"}, []string{
			"hub-fw network 10.60.1.9/32: 10.40.1.4", "subnet  : 10.40.1.4",
		}},
		{"from inside, and the firewall takes the client's place", behindFirewall(func(g *guardpath.FirewallHop) { inside(g); g.HidesSource = true }), nil, []string{"10.60.1.9/32"}, []string{
			"hub-fw network 10.60.1.9/32: 10.40.1.4", "subnet behind 10.40.0.0/26: 10.40.1.4",
		}},
		{"from where no route leads by it", behindFirewall(inside), nil, []string{"10.70.1.9/32"}, []string{"subnet  : 10.40.1.4"}},
		{"from outside, with a public address of its own", public(behindFirewall(inside)), nil, []string{"203.0.113.7/32"}, []string{"subnet  : 10.40.1.4"}},
		{"a public address whose answers go by the firewall is of no use", public(behindFirewall(nil)), nil, []string{"203.0.113.7/32"}, []string{
			"hub-fw dnat 203.0.113.7/32: 10.40.1.4", "subnet behind 10.40.0.0/26: 10.40.1.4",
		}},
		{"somebody's DNAT rule leads to it, no route does", behindFirewall(func(g *guardpath.FirewallHop) { g.Routed, g.Translates = nil, true }), nil, []string{"203.0.113.7/32", "10.60.1.9/32"}, []string{
			"hub-fw dnat 203.0.113.7/32: 10.40.1.4", "subnet  10.60.1.9/32: 10.40.1.4", "subnet behind 10.40.0.0/26: 10.40.1.4",
		}},
		{"some by the firewall, some not", behindFirewall(inside), nil, []string{"10.60.1.9/32", "10.70.1.9/32"}, []string{
			"hub-fw network 10.60.1.9/32: 10.40.1.4", "subnet  : 10.40.1.4",
		}},
		{"a range that is routed in part", behindFirewall(inside), nil, []string{"10.0.0.0/8"}, []string{
			"hub-fw network 10.0.0.0/8: 10.40.1.4", "subnet  : 10.40.1.4",
		}},
		{"no security group", bare(behindFirewall(nil)), nil, []string{"203.0.113.7/32"}, []string{"hub-fw dnat 203.0.113.7/32: 10.40.1.4"}},
		{"no security group, and not by the firewall", bare(behindFirewall(inside)), nil, []string{"10.70.1.9/32"}, []string{"no network security group"}},
		{"a policy", behindFirewall(func(g *guardpath.FirewallHop) { g.Policy = jittest.PolicyID }), nil, []string{"203.0.113.7/32"}, []string{
			"edge-policy dnat 203.0.113.7/32: 10.40.1.4", "subnet behind 10.40.0.0/26: 10.40.1.4",
		}},
		{"ports that cannot be translated", behindFirewall(nil), []jit.Ports{jittest.TCP(8000, 8010)}, []string{"203.0.113.7/32"}, []string{"single ports only"}},
		{"a port of the firewall's own", behindFirewall(nil), []jit.Ports{jittest.TCP(64000, 64000)}, []string{"203.0.113.7/32"}, []string{"cannot translate to port 64000"}},
		{"a range of ports by a network rule", behindFirewall(inside), []jit.Ports{jittest.TCP(8000, 8010)}, []string{"10.60.1.9/32"}, []string{
			"hub-fw network 10.60.1.9/32: 10.40.1.4", "subnet  : 10.40.1.4",
		}},
		{"no public address", behindFirewall(func(g *guardpath.FirewallHop) { g.Public = nil }), nil, []string{"203.0.113.7/32"}, []string{"no public address"}},
		{"a subnet that was not read", behindFirewall(func(g *guardpath.FirewallHop) { g.Subnets = nil }), nil, []string{"203.0.113.7/32"}, []string{"could not be read"}},
		{"a subnet that was not read, of a firewall that takes the client's place", behindFirewall(func(g *guardpath.FirewallHop) { inside(g); g.HidesSource, g.Subnets = true, nil }), nil, []string{"10.60.1.9/32"}, []string{"could not be read"}},
		{"IPv6", behindFirewall(nil), nil, []string{"2001:db8::7/128"}, []string{"no IPv6 address"}},
		{"a subnet of several prefixes", behindFirewall(func(g *guardpath.FirewallHop) { g.Subnets = jittest.Prefixes("10.40.0.0/26", "10.40.2.0/26") }), nil, []string{"203.0.113.7/32"}, []string{
			"hub-fw dnat 203.0.113.7/32: 10.40.1.4", "subnet behind 10.40.0.0/26 10.40.2.0/26: 10.40.1.4",
		}},
		{"IPv6 by a network rule of a policy", dualStack(nil), nil, []string{"fd00:60::9/128"}, []string{
			"edge-policy network fd00:60::9/128: fd00:40::4", "subnet  : fd00:40::4",
		}},
		{"both families", dualStack(nil), nil, []string{"10.60.1.9/32", "fd00:60::9/128"}, []string{
			"edge-policy network 10.60.1.9/32: 10.40.1.4", "edge-policy network fd00:60::9/128: fd00:40::4", "subnet  : 10.40.1.4 fd00:40::4",
		}},
		{"both families, hidden", dualStack(func(g *guardpath.FirewallHop) { g.HidesSource = true }), nil, []string{"10.60.1.9/32", "fd00:60::9/128"}, []string{
			"edge-policy network 10.60.1.9/32: 10.40.1.4", "edge-policy network fd00:60::9/128: fd00:40::4",
			"subnet behind 10.40.0.0/26: 10.40.1.4", "subnet behind fd00:40:1::/64 fd00:40:2::/64: fd00:40::4",
		}},
		{"IPv6 by classic rules", dualStack(func(g *guardpath.FirewallHop) { g.Policy = "" }), nil, []string{"fd00:60::9/128"}, []string{"take no IPv6 address"}},
		{"IPv6 from outside", dualStack(func(g *guardpath.FirewallHop) { g.Routed = jittest.Prefixes("::/0") }), nil, []string{"2001:db8::7/128"}, []string{"translates no IPv6 address"}},
		{"whom it hides is learned", behindFirewall(func(g *guardpath.FirewallHop) { inside(g); g.MayHide = true }), nil, []string{"10.60.1.9/32"}, []string{"snat.autoLearnPrivateRanges"}},
		{"whom it hides is learned, and by DNAT it is known", behindFirewall(func(g *guardpath.FirewallHop) { g.MayHide = true }), nil, []string{"203.0.113.7/32"}, []string{
			"hub-fw dnat 203.0.113.7/32: 10.40.1.4", "subnet behind 10.40.0.0/26: 10.40.1.4",
		}},
		{"whom it hides is learned, and nothing asks", bare(behindFirewall(func(g *guardpath.FirewallHop) { inside(g); g.MayHide = true })), nil, []string{"10.60.1.9/32"}, []string{
			"hub-fw network 10.60.1.9/32: 10.40.1.4",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.ports == nil {
				c.ports = []jit.Ports{jittest.TCP(22, 22)}
			}
			paths, err := route.Paths("prod", jit.VM{ID: jittest.VMID, Name: "app-1", Interfaces: c.nics}, c.ports, jittest.Prefixes(c.sources...))
			if err != nil {
				if !strings.Contains(err.Error(), c.want[0]) {
					t.Errorf("refused: %v", err)
				}
				return
			}
			var got []string
			for _, p := range paths {
				got = append(got, fmt.Sprintf("%s %s %s: %s", resource.GuardName(p.Guard), p.Kind, trimmed(p.Sources), trimmed(p.Addresses)))
			}
			slices.Sort(got)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("paths (-want +got):\n%s", diff)
			}
		})
	}
}

func trimmed(list any) string { return strings.Trim(fmt.Sprint(list), "[]") }
