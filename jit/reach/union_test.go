package reach_test

import (
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/jittest"
	"jitbot/jit/policies"
	"jitbot/jit/protection"
	"jitbot/jit/reach"
	"jitbot/jit/resource"
	"jitbot/jit/route"
	"jitbot/jit/rules"
)

// union is a network with what other people and the store say of it: two machines before
// two network security groups, protections, open grants, and what the plans made of the rules.
type union struct {
	foreign     lab // without the machine: packets are asked about each
	vms         []jit.VM
	grants      []jit.Grant
	protections []protection.Protection
	after       []rules.Table
	blocked     map[string]bool // by guard and name
}

// The rules that random protections and grants want, planned and put into a
// random table, let in exactly whom other people's rules, the protections and
// the grants say: at each group the rule of the lowest number decides, and both
// groups must allow.
func TestRulesGiveTheUnion(t *testing.T) { rapid.Check(t, checkUnion) }

func FuzzUnion(f *testing.F) { f.Fuzz(rapid.MakeFuzz(checkUnion)) }

func checkUnion(t *rapid.T) {
	d := drawer{t: t, known: true}
	u := d.union()
	port := rapid.IntRange(20, 24).Draw(t, "port")
	protocol := jit.Protocol(d.one("protocol of packets", "tcp", "udp"))
	for _, vm := range u.vms {
		for _, from := range edges() {
			u.check(t, vm, from, port, protocol)
		}
	}
}

// check holds the evaluator's answer about the planned tables to what becomes
// of packets from either kind of source port.
func (u union) check(t *rapid.T, vm jit.VM, from netip.Addr, port int, protocol jit.Protocol) {
	open := map[bool]bool{}
	for _, sourcePort := range []int{1023, 1024} {
		open[u.arrives(t, vm, packet{from, sourcePort, port, protocol})] = true
	}
	want := reach.AnswerDeny
	switch {
	case open[true] && open[false]:
		want = reach.AnswerPartly
	case open[true]:
		want = reach.AnswerAllow
	}
	flow := reach.Flow{Source: from.String(), Ports: jit.Ports{From: uint16(port), To: uint16(port), Protocol: protocol}}
	if got := reach.VerifyFlow(vm, u.after, u.foreign.around, flow); got.Decision != want {
		t.Fatalf("%s from %s to port %d %s: %s, want %s\n%+v\ntables %+v\ngrants %+v\nprotections %+v", vm.Name, from, port, protocol, got.Decision, want, got.Why, u.after, u.grants, u.protections)
	}
}

func (d drawer) union() union {
	u := union{blocked: map[string]bool{}}
	for i, addresses := range [][]string{{"10.0.0.4", "fd00::4"}, {"10.0.0.5", "10.0.1.5"}} {
		u.vms = append(u.vms, d.machine(fmt.Sprint("vm-", i), addresses))
	}
	for _, vm := range u.vms {
		if d.chance("protected", 2) {
			u.protections = append(u.protections, d.protection(vm))
		}
	}
	for i := range rapid.IntRange(0, 2).Draw(d.t, "grants") {
		u.grants = append(u.grants, d.grant(jit.ID("g-2222"+fmt.Sprint(i+2)), u.vms))
	}
	u.foreign.around = reach.Topology{VirtualNetwork: jittest.Prefixes("10.0.0.0/24", "fd00::/64"), Interfaces: slices.Concat(u.vms[0].Interfaces, u.vms[1].Interfaces)}
	for _, guard := range []string{"/NSG/a", "/nsg/b"} {
		u.plan(d, guard)
	}
	return u
}

func (d drawer) machine(name string, addresses []string) jit.VM {
	vm := jit.VM{ID: "/vm/" + name, Name: name}
	for i, a := range addresses {
		nic := jit.Interface{ID: fmt.Sprint("/nic/", name, i), Guard: d.one("guard", "/nsg/a", "/NSG/B", "")}
		nic.Addresses = []jit.Address{{Addr: netip.MustParseAddr(a), SubnetGuard: d.one("subnet guard", "", "/nsg/a", "/nsg/b"), Groups: d.some("groups", "/asg/A", "/asg/b")}}
		vm.Interfaces = append(vm.Interfaces, nic)
	}
	return vm
}

// paths are what is before the machine.
func paths(vm jit.VM) []guardpath.Path {
	var out []guardpath.Path
	for _, nic := range vm.Interfaces {
		for _, a := range nic.Addresses {
			for _, guard := range []string{nic.Guard, a.SubnetGuard} {
				if guard != "" {
					out = append(out, guardpath.Path{VM: vm.ID, Guard: guard, Addresses: []netip.Addr{a.Addr}})
				}
			}
		}
	}
	return out
}

func (d drawer) ports() []jit.Ports {
	all := []jit.Ports{jittest.TCP(22, 22), jittest.TCP(20, 21), {From: 23, To: 23, Protocol: jit.UDP}, {From: 24, To: 24, Protocol: jit.AnyProtocol}}
	return rapid.SliceOfNDistinct(rapid.SampledFrom(all), 1, 2, func(p jit.Ports) uint16 { return p.From }).Draw(d.t, "ports")
}

func (d drawer) protection(vm jit.VM) protection.Protection {
	p := protection.Protection{
		VM: vm.ID, Name: vm.Name, State: protection.Protected, Paths: paths(vm),
		Existing: protection.Existing(d.one("existing", "override", "respect")), Source: d.one("deny source", "*", "Internet"),
	}
	for _, ports := range d.ports() {
		p.Ports = append(p.Ports, jit.PortPolicy{Ports: ports, Any: true, Longest: time.Hour})
	}
	return p
}

// grant draws one for either machine, or both. It takes the machines that have
// an address of its source's family.
func (d drawer) grant(id jit.ID, vms []jit.VM) jit.Grant {
	g, _ := jit.NewGrant(id, jit.Request{
		By: jittest.Asker, Ports: d.ports(), Duration: time.Hour, At: jittest.Start,
		Sources: jittest.Prefixes(d.one("source", "203.0.113.7/32", "203.0.113.0/25", "198.51.100.0/24", "10.0.1.0/26", "2001:db8::/64", "fd00::/64")),
	})
	g.State, g.Clock.Until = jit.Open, jittest.Start.Add(2*time.Hour)
	for _, vm := range rapid.SliceOfNDistinct(rapid.SampledFrom(vms), 1, 2, func(vm jit.VM) string { return vm.ID }).Draw(d.t, "machines") {
		to, err := route.Paths("prod", vm, g.Request.Ports, g.Request.Sources)
		if err != nil {
			continue
		}
		g.Paths = append(g.Paths, to...)
		g.Request.Targets = append(g.Request.Targets, jit.Target{VM: vm.ID, Name: vm.Name})
	}
	return g
}

// plan makes the table as it was, with rules of strangers, and of ours that
// somebody edited or that nobody wants, and as it is after as many plans as may
// be needed.
func (u *union) plan(d drawer, guard string) {
	wanted := rules.ForProtections("prod", guard, u.protections)
	for _, g := range u.grants {
		wanted = append(wanted, rules.ForGrant("prod", guard, g)...)
	}
	table := rules.Table{Guard: guard, Name: guard, Defaults: azureDefaults()}
	foreign := table
	add := func(r rules.Rule, theirs bool) {
		r.Priority = rapid.OneOf(rapid.IntRange(98, 117), rapid.IntRange(198, 207), rapid.Just(1000)).Draw(d.t, "priority")
		if slices.ContainsFunc(table.Rules, func(o rules.Rule) bool {
			return strings.EqualFold(o.Name, r.Name) || o.Priority == r.Priority && o.Inbound == r.Inbound
		}) {
			return
		}
		table.Rules = append(table.Rules, r)
		if theirs || !inNarrowBands(r) {
			foreign.Rules = append(foreign.Rules, r)
		}
	}
	for _, r := range d.rules(6) {
		r.Name = d.one("name", r.Name, r.Name, "jitbot-test-g-22222-a", "JITBOT-prod-g-22222-a", "jitbot-prod-g-2222-a", "jitbot-prod2-deny-over-1", "jitbot-prod-deny", "Jitbot-prod-deny-over-1")
		add(r, true)
	}
	for _, w := range append(slices.Clone(wanted), jittest.OursNamed("orphan"), jittest.DenyNamed("over-orphan")) {
		if d.chance("there before", 3) {
			add(d.edited(w), false)
		}
	}
	u.foreign.tables = append(u.foreign.tables, foreign)
	var plan rules.Plan
	for range 3 {
		plan = jittest.Narrow.MakePlan(table, wanted)
		table = jittest.Put(d.t, jittest.Narrow, table, plan.Changes)
	}
	for _, r := range foreign.Rules {
		if !slices.ContainsFunc(table.Rules, func(o rules.Rule) bool { return reflect.DeepEqual(o, r) }) {
			d.t.Fatalf("%+v is gone or changed: %+v", r, table.Rules)
		}
	}
	for _, b := range plan.Blocked {
		u.blocked[strings.ToLower(guard)+" "+b.Name] = true
	}
	u.after = append(u.after, table)
}

// inNarrowBands says where a rule of ours is ours: anywhere, when it names its grant.
func inNarrowBands(r rules.Rule) bool {
	if d, ok := rules.ParseDescription(r.Description); ok && strings.Contains(r.Name, string(d.Grant)) {
		return true
	}
	if strings.Contains(r.Name, "-deny-") {
		return 112 <= r.Priority && r.Priority <= 115 || 200 <= r.Priority && r.Priority <= 205
	}
	return 100 <= r.Priority && r.Priority <= 111
}

func (d drawer) edited(r rules.Rule) rules.Rule {
	switch d.one("edited", "", "source", "access", "direction", "ports", "destination") {
	case "source":
		r.Sources = []string{"*"}
	case "access":
		r.Allow = !r.Allow
	case "direction":
		r.Inbound = false
	case "ports":
		r.Ports = []string{"*"}
	case "destination":
		r.Destinations = []string{"*"}
	}
	return r
}

// arrives decides one packet.
func (u union) arrives(t *rapid.T, vm jit.VM, p packet) bool {
	for _, nic := range vm.Interfaces {
		for _, a := range nic.Addresses {
			if a.Addr.Is4() != p.source.Is4() {
				continue
			}
			passes := nic.Guard != "" || a.SubnetGuard != "" || !u.foreign.public(p.source)
			for _, guard := range []string{a.SubnetGuard, nic.Guard} {
				passes = passes && (guard == "" || u.level(t, vm, guard, a, p))
			}
			if passes {
				return true
			}
		}
	}
	return false
}

// level is the lowest number of what other people's rules, a grant and a
// protection say.
func (u union) level(t *rapid.T, vm jit.VM, guard string, to jit.Address, p packet) bool {
	priority, allow := u.foreign.first(world{}, guard, to, p)
	for _, g := range u.grants {
		if !slices.Contains(g.VMs(), vm.ID) || !amongst(p.source, g.Request.Sources...) || !slices.ContainsFunc(g.Request.Ports, p.isFor) {
			continue
		}
		if at := u.standing(t, guard, string(g.ID), jittest.Narrow.Bands.Allow, to, p); at < priority {
			priority, allow = at, true
		}
	}
	for _, l := range u.protections {
		if l.VM != vm.ID || !u.foreign.means(world{}, l.Source, p.source) ||
			!slices.ContainsFunc(l.Ports, func(pp jit.PortPolicy) bool { return int(pp.Ports.From) <= p.port && p.port <= int(pp.Ports.To) }) {
			continue
		}
		band := jittest.Narrow.Bands.DenyOverride
		if l.Existing == protection.Respect {
			band = jittest.Narrow.Bands.DenyRespect
		}
		if at := u.standing(t, guard, "deny", band, to, p); at < priority {
			priority, allow = at, false
		}
	}
	return allow
}

// standing is the place of the rule of ours that takes the packet. There is one
// unless something kept it from being written.
func (u union) standing(t *rapid.T, guard, of string, band policies.Band, to jit.Address, p packet) int {
	best := 1 << 20
	for _, table := range u.after {
		if !resource.Same(table.Guard, guard) {
			continue
		}
		for _, r := range table.Rules {
			if r.Inbound && r.Allow == (of != "deny") && band.Contains(r.Priority) && strings.HasPrefix(r.Name, "jitbot-prod-"+of+"-") && u.foreign.takes(world{}, r, to, p) {
				best = min(best, r.Priority)
			}
		}
	}
	excused := slices.ContainsFunc(slices.Collect(maps.Keys(u.blocked)), func(key string) bool {
		return strings.HasPrefix(key, strings.ToLower(guard)+" jitbot-prod-"+of+"-")
	})
	if best == 1<<20 && !excused {
		t.Fatalf("no rule of %s in %s for %v to %s: %+v", of, guard, p, to.Addr, u.after)
	}
	return best
}
