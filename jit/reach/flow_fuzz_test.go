package reach_test

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"jitbot/jit"
	"jitbot/jit/jittest"
	"jitbot/jit/reach"
	"jitbot/jit/rules"
)

// Few prefixes and ports, so that every edge of every case can be sampled.
func pool() []string {
	return []string{
		"10.0.0.0/24", "10.0.0.4/32", "10.0.1.0/26", "10.0.0.0/8", "203.0.113.0/24", "203.0.113.0/25", "203.0.113.7/32",
		"198.51.100.0/24", "168.63.129.16/32", "0.0.0.0/0", "fd00::/64", "2001:db8::/64", "::/0",
	}
}

func edges() []netip.Addr {
	var out []netip.Addr
	add := func(a netip.Addr) {
		if a.IsValid() {
			out = append(out, a)
		}
	}
	for _, s := range append(pool(), "172.16.0.0/12", "fe80::1234:5678:9abc/128", "fd00::4/128", "10.0.1.5/32", "10.0.1.0/32") {
		p := netip.MustParsePrefix(s)
		add(p.Addr())
		add(p.Addr().Prev())
		last := slices.MaxFunc([]netip.Addr{p.Addr(), lastAddr(p)}, netip.Addr.Compare)
		add(last)
		add(last.Next())
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return slices.Compact(out)
}

func lastAddr(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for bit := p.Bits(); bit < len(b)*8; bit++ {
		b[bit/8] |= 1 << (7 - bit%8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

type drawer struct {
	t     *rapid.T
	known bool // nothing that is not known
}

func (d drawer) one(label string, words ...string) string {
	return rapid.SampledFrom(words).Draw(d.t, label)
}

func (d drawer) chance(label string, of int) bool { return rapid.IntRange(1, of).Draw(d.t, label) == 1 }

func (d drawer) some(label string, words ...string) []string {
	return rapid.SliceOfN(rapid.SampledFrom(words), 1, 2).Draw(d.t, label)
}

func (d drawer) rule(i int) rules.Rule {
	sources := append(pool(), "*", "Internet", "virtualnetwork", "AzureLoadBalancer")
	destinations := append(pool(), "*", "*", "*", "VirtualNetwork", "Internet")
	if !d.known {
		sources, destinations = append(sources, "AzureCloud", "Storage"), append(destinations, "Storage")
	}
	r := rules.Rule{
		Name: fmt.Sprint("r", i), Priority: 100 + i, Inbound: !d.chance("outbound", 8), Allow: rapid.Bool().Draw(d.t, "allow"),
		Protocol: jit.Protocol(d.one("protocol", "*", "tcp", "udp", "icmp")), SourcePorts: []string{"*"},
		Sources: d.some("sources", sources...), Destinations: d.some("destinations", destinations...),
		Ports: d.some("ports", "*", "22", "20-23", "23-80", "0-65535"),
	}
	if d.chance("source ports", 4) {
		r.SourcePorts = d.some("which", "1024-65535", "0-1023", "*")
	}
	if d.chance("source group", 4) {
		r.Sources, r.SourceGroups = nil, d.some("groups", "/asg/a", "/ASG/B")
	}
	if d.chance("group", 5) {
		r.Destinations, r.Groups = nil, d.some("groups", "/asg/a", "/asg/b")
	}
	return r
}

func (d drawer) rules(most int) []rules.Rule {
	n := rapid.IntRange(0, most).Draw(d.t, "rules")
	out := make([]rules.Rule, 0, n)
	for i := range n {
		out = append(out, d.rule(i))
	}
	return out
}

func (d drawer) prefixes(label string) []netip.Prefix {
	return jittest.Prefixes(rapid.SliceOfN(rapid.SampledFrom(pool()[:8]), 0, 1).Draw(d.t, label)...)
}

func (d drawer) lab() lab {
	guards := []string{"", "/nsg/a", "/nsg/b"}
	if !d.known {
		guards = append(guards, "/nsg/unread")
	}
	var l lab
	for i := range rapid.IntRange(1, 2).Draw(d.t, "interfaces") {
		nic := jit.Interface{ID: fmt.Sprint("/nic/", i), Guard: d.one("guard", guards...)}
		for _, a := range d.some("addresses", "10.0.0.4", "10.0.1.5", "fd00::4") {
			nic.Addresses = append(nic.Addresses, jit.Address{
				Addr: netip.MustParseAddr(a), SubnetGuard: d.one("subnet guard", guards...), Groups: d.some("groups", "/asg/A", "/asg/b", "/asg/c"),
			})
		}
		l.vm.Interfaces = append(l.vm.Interfaces, nic)
	}
	defaults := []rules.Rule{jittest.Foreign("AllowVnetInBound", 65000), jittest.Foreign("AllowAzureLoadBalancerInBound", 65001), jittest.Foreign("DenyAllInBound", 65500)}
	defaults[0].Sources, defaults[0].Destinations = []string{"VirtualNetwork"}, []string{"VirtualNetwork"}
	defaults[1].Sources, defaults[2].Allow = []string{"AzureLoadBalancer"}, false
	l.tables = []rules.Table{{Guard: "/NSG/a", Rules: d.rules(6), Defaults: defaults}, {Guard: "/nsg/b", Rules: d.rules(4), Defaults: defaults}}
	l.around = d.topology()
	if l.around.Interfaces != nil {
		l.around.Interfaces = append(l.around.Interfaces, l.vm.Interfaces...)
	}
	from := uint16(rapid.IntRange(19, 24).Draw(d.t, "from"))
	l.flow = reach.Flow{
		Source: d.one("source", append(pool(), "*", "Internet", "AzureLoadBalancer")...),
		Ports:  jit.Ports{From: from, To: from + uint16(rapid.IntRange(0, 2).Draw(d.t, "more")), Protocol: jit.Protocol(d.one("of", "tcp", "udp", "*"))},
	}
	return l
}

func (d drawer) topology() reach.Topology {
	s := reach.Topology{
		VirtualNetwork: jittest.Prefixes("10.0.0.0/24", "fd00::/64"), Peers: d.prefixes("peers"), OnPremises: d.prefixes("on-premises"), Routed: d.prefixes("routed"),
		Interfaces: []jit.Interface{{Addresses: []jit.Address{{Addr: netip.MustParseAddr("10.0.1.0"), Groups: []string{"/asg/a"}}}}},
	}
	if !d.known {
		if d.chance("network unread", 4) {
			s.VirtualNetwork = nil
		}
		if d.chance("interfaces unread", 2) {
			s.Interfaces = nil
		}
		if d.chance("default route", 4) {
			s.Routed = append(s.Routed, netip.MustParsePrefix("0.0.0.0/0"))
		}
		s.Learned = d.chance("learned", 4)
	}
	for i := range rapid.IntRange(0, 3).Draw(d.t, "admin rules") {
		r := reach.AdminRule{Rule: d.rule(i)}
		r.Groups, r.SourceGroups, r.Final = nil, nil, r.Allow && rapid.Bool().Draw(d.t, "always")
		if !d.known {
			r.Manager = d.one("manager", "/managers/a", "/managers/b")
			r.Priority -= rapid.IntRange(0, 1).Draw(d.t, "same priority")
		}
		s.AdminRules = append(s.AdminRules, r)
	}
	if d.chance("front", 2) {
		s.Frontends = []reach.Frontend{{Name: "pip", Public: "20.0.0.1", To: netip.MustParseAddr("10.0.0.4"), Basic: rapid.Bool().Draw(d.t, "basic")}}
	}
	for range rapid.IntRange(0, 2).Draw(d.t, "firewalls") {
		fw := reach.Firewall{Name: "fw", Subnets: jittest.Prefixes("10.0.1.0/26"), Routed: d.prefixes("through"), NetworkRules: d.rules(3)}
		for i := range rapid.IntRange(0, 3).Draw(d.t, "translations") {
			r := d.rule(i)
			r.Destinations, r.Groups, r.SourceGroups, r.Sources = []string{d.one("at", "20.0.0.2/32", "10.0.1.4/32")}, nil, nil, d.some("clients", pool()...)
			r.SourcePorts, r.Ports = []string{"*"}, []string{d.one("outside", "50022", "50023")}
			r.To = netip.AddrPortFrom(netip.MustParseAddr(d.one("to", "10.0.0.4", "10.0.9.9")), uint16(rapid.IntRange(22, 23).Draw(d.t, "inside")))
			fw.DNATRules = append(fw.DNATRules, r)
		}
		hidden := []netip.Addr{netip.MustParseAddr("10.0.0.4")}
		switch rapid.IntRange(0, 3).Draw(d.t, "hides") {
		case 0:
			fw.Hides = hidden
		case 1:
			fw.MayHide = hidden
		}
		s.Firewalls = append(s.Firewalls, fw)
	}
	return s
}

func (d drawer) world() world {
	one := func(label string) netip.Prefix { return netip.MustParsePrefix(d.one(label, pool()...)) }
	return world{
		tags:  map[string]netip.Prefix{"AzureCloud": one("cloud"), "Storage": one("storage"), "/asg/a": one("a"), "/ASG/B": one("b"), "/asg/b": one("b")},
		extra: one("extra"), defaultRoute: rapid.Bool().Draw(d.t, "held"), unread: rapid.Bool().Draw(d.t, "says"),
		instance: netip.MustParseAddr(d.one("instance", "10.0.1.0", "10.0.1.63")), outgoing: rapid.SampledFrom([]int{0, 1023, 1024, 65535}).Draw(d.t, "outgoing"),
		hides: rapid.Bool().Draw(d.t, "hidden"), reversed: rapid.Bool().Draw(d.t, "reversed"),
	}
}

// samples are packets of the flow from every cell that the prefixes and ports
// can cut.
func (l lab) samples(w world) []packet {
	families := map[bool]bool{}
	for _, nic := range l.vm.Interfaces {
		for _, a := range nic.Addresses {
			families[a.Addr.Is4()] = true
		}
	}
	protocols := []jit.Protocol{l.flow.Ports.Protocol}
	if protocols[0] == jit.AnyProtocol {
		protocols = []jit.Protocol{jit.TCP, jit.UDP}
	}
	var out []packet
	for _, a := range edges() {
		if !families[a.Is4()] || !l.means(w, l.flow.Source, a) {
			continue
		}
		for port := int(l.flow.Ports.From); port <= int(l.flow.Ports.To); port++ {
			for _, protocol := range protocols {
				out = append(out, packet{a, 1023, port, protocol}, packet{a, 1024, port, protocol})
			}
		}
	}
	return out
}

func checkReach(t *rapid.T) {
	d := drawer{t: t, known: rapid.Bool().Draw(t, "known")}
	l := d.lab()
	got := reach.VerifyFlow(l.vm, l.tables, l.around, l.flow)
	for range 3 {
		w := d.world()
		var open, shut []packet
		for _, p := range l.samples(w) {
			if l.arrives(w, p) {
				open = append(open, p)
			} else {
				shut = append(shut, p)
			}
		}
		switch {
		case got.Decision == reach.AnswerAllow && len(shut) > 0:
			t.Fatalf("Allow, but %v does not arrive\n%+v\n%+v", shut[0], got, l)
		case got.Decision == reach.AnswerDeny && len(open) > 0:
			t.Fatalf("Deny, but %v arrives\n%+v\n%+v", open[0], got, l)
		case got.Decision == reach.AnswerPartly && (len(open) == 0 || len(shut) == 0):
			t.Fatalf("Partly, but %d arrive and %d do not\n%+v\n%+v", len(open), len(shut), got, l)
		}
	}
	checkSaid(t, d, l, got)
	checkOrder(t, l, got)
}

// checkSaid holds the words to the answer.
func checkSaid(t *rapid.T, d drawer, l lab, got reach.Verdict) {
	if len(got.Why) == 0 {
		t.Fatalf("%s without a reason", got.Decision)
	}
	doubtful := slices.ContainsFunc(got.Why, func(r reach.Reason) bool {
		return strings.Contains(r.Text, "not known") || strings.Contains(r.Text, "not read")
	})
	// A client cannot choose the firewall's instance or its source port, nor whether it is hidden.
	if d.known && got.Decision == reach.AnswerUnknown && !slices.ContainsFunc(l.around.Firewalls, func(f reach.Firewall) bool { return len(f.DNATRules)+len(f.Hides)+len(f.MayHide) > 0 }) {
		t.Fatalf("Unknown, and all is known: %+v", got)
	}
	if got.Decision == reach.AnswerUnknown && !doubtful {
		t.Fatalf("Unknown, and nothing says what: %+v", got)
	}
}

func checkOrder(t *rapid.T, l lab, got reach.Verdict) {
	tables := slices.Clone(l.tables)
	for i := range tables {
		tables[i].Rules = rapid.Permutation(tables[i].Rules).Draw(t, "rules")
		tables[i].Defaults = rapid.Permutation(tables[i].Defaults).Draw(t, "defaults")
	}
	slices.Reverse(tables)
	if again := reach.VerifyFlow(l.vm, tables, l.around, l.flow); !reflect.DeepEqual(got, again) {
		t.Fatalf("order matters:\n%+v\n%+v", got, again)
	}
}

func TestReachAgainstPackets(t *testing.T) { rapid.Check(t, checkReach) }

func FuzzReach(f *testing.F) { f.Fuzz(rapid.MakeFuzz(checkReach)) }
