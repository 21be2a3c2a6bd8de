package reach

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"jitbot/jit"
	"jitbot/jit/ipset"
	"jitbot/jit/resource"
	"jitbot/jit/rules"
)

// decision is what was decided about packets, and why.
type decision struct {
	packets ipset.Packets
	answer  Answer
	why     []Reason
}

// effectiveRules is a guard as packets meet it: rules in the order in which they are
// evaluated.
type effectiveRules struct {
	guard, name string
	level       Level
	rules       []rules.Rule
}

// effectiveNSG finds the guard's rules; ok is false when they were not read.
func (an evaluator) effectiveNSG(guard string, level Level) (l effectiveRules, ok bool) {
	i := slices.IndexFunc(an.tables, func(t rules.Table) bool { return resource.Same(t.Guard, guard) })
	if i < 0 {
		return effectiveRules{guard: guard, name: resource.Name(guard), level: level}, false
	}
	t := an.tables[i]
	defaults := t.Defaults
	if len(defaults) == 0 {
		defaults = standardDefaults()
	}
	inbound := slices.DeleteFunc(slices.Concat(t.Rules, defaults), func(r rules.Rule) bool { return !r.Inbound })
	slices.SortStableFunc(inbound, func(a, b rules.Rule) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.Name, b.Name))
	})
	return effectiveRules{guard: guard, name: cmp.Or(t.Name, resource.Name(guard)), level: level, rules: inbound}, true
}

// undecided are packets that no rule has surely decided yet, with the rules that
// may have.
type undecided struct {
	packets ipset.Packets
	doubts  []doubt
}

type doubt struct {
	allow  bool
	reason Reason
}

// evaluate puts the packets before each rule in turn; the first that means a
// packet decides it.
func (an evaluator) evaluate(l effectiveRules, to jit.Address, packets ipset.Packets) []decision {
	var out []decision
	left := []undecided{{packets: packets}}
	for _, r := range l.rules {
		m := an.packetsOf(r, to)
		if len(left) == 0 {
			break
		}
		if m.maybe.Intersect(packets).Empty() {
			continue
		}
		var next []undecided
		for _, p := range left {
			if hit := p.packets.Intersect(m.sure); !hit.Empty() {
				out = append(out, p.decide(hit, r.Allow, l.reason(r)))
			}
			next = append(next, p.remaining(m, doubt{r.Allow, l.doubted(r, m.doubts)})...)
		}
		left = next
	}
	for _, p := range left {
		out = append(out, p.decide(p.packets, false, l.unmatched()))
	}
	return out
}

// decide is the decision on packets that a rule surely means. It is not known
// when a rule before it may have said the contrary.
func (p undecided) decide(packets ipset.Packets, allow bool, reason Reason) decision {
	r := decision{packets: packets, answer: AnswerDeny}
	if allow {
		r.answer = AnswerAllow
	}
	for _, d := range p.doubts {
		if d.allow != allow {
			r.answer = AnswerUnknown
			r.why = append(r.why, d.reason)
		}
	}
	r.why = append(r.why, reason)
	return r
}

// remaining is what the rule does not surely mean.
func (p undecided) remaining(m matched, d doubt) []undecided {
	var out []undecided
	for _, piece := range p.packets.Subtract(m.sure) {
		if len(m.doubts) == 0 {
			out = append(out, undecided{piece, p.doubts})
			continue
		}
		if perhaps := piece.Intersect(m.maybe); !perhaps.Empty() {
			out = append(out, undecided{perhaps, append(slices.Clip(p.doubts), d)})
		}
		for _, other := range piece.Subtract(m.maybe) {
			out = append(out, undecided{other, p.doubts})
		}
	}
	return out
}

// inSeries puts what the first layer lets through before the next: both must
// allow.
func inSeries(first []decision, next func(ipset.Packets) []decision) []decision {
	var out []decision
	for _, f := range first {
		if f.answer == AnswerDeny {
			out = append(out, f)
			continue
		}
		for _, n := range next(f.packets) {
			if n.answer != AnswerDeny {
				n.why = slices.Concat(f.why, n.why)
				if f.answer == AnswerUnknown {
					n.answer = AnswerUnknown
				}
			}
			out = append(out, n)
		}
	}
	return out
}

// throughNSGs evaluates the guard of the subnet, then that of the interface.
func (an evaluator) throughNSGs(nic jit.Interface, to jit.Address, packets ipset.Packets) []decision {
	if nic.Guard == "" && to.SubnetGuard == "" {
		return an.withoutNSG(to, packets)
	}
	out := []decision{{packets: packets, answer: AnswerAllow}}
	for _, level := range []Level{AtSubnet, AtInterface} {
		guard := nic.Guard
		if level == AtSubnet {
			guard = to.SubnetGuard
		}
		if guard == "" {
			continue
		}
		l, read := an.effectiveNSG(guard, level)
		out = inSeries(out, func(packets ipset.Packets) []decision {
			if !read {
				return []decision{{packets, AnswerUnknown, []Reason{l.unread()}}}
			}
			return an.evaluate(l, to, packets)
		})
	}
	return out
}

// withoutNSG is what Azure does where no guard is: inside traffic passes, and a
// Standard public address or load balancer stays shut to the internet.
func (an evaluator) withoutNSG(to jit.Address, packets ipset.Packets) []decision {
	var out []decision
	outside := ipset.Packets{
		Sources: an.tags.Internet.Sure, SourcePorts: ipset.AllPorts(), Ports: packets.Ports, Protocols: packets.Protocols,
	}
	basic := slices.ContainsFunc(an.topology.Frontends, func(f Frontend) bool { return f.To == to.Addr && f.Basic })
	r := decision{answer: AnswerDeny, why: []Reason{{Level: AtNowhere, Text: "there is no network security group, and without one Azure lets nothing in from the internet"}}}
	if basic {
		r = decision{answer: AnswerAllow, why: []Reason{{Level: AtNowhere, Allow: true, Text: "there is no network security group before its Basic public address, so all is let in; attach one"}}}
	}
	if r.packets = packets.Intersect(outside); !r.packets.Empty() {
		out = append(out, r)
	}
	for _, piece := range packets.Subtract(outside) {
		out = append(out, decision{piece, AnswerAllow, []Reason{{
			Level: AtNowhere, Allow: true, Text: "there is no network security group, so all traffic from inside is let in; attach one",
		}}})
	}
	return out
}

// direct is what becomes of packets sent to the VM's own address, through the
// firewalls that they are routed by.
func (an evaluator) direct(nic jit.Interface, to jit.Address, packets ipset.Packets) []decision {
	var out []decision
	pieces := []ipset.Packets{packets}
	for _, fw := range an.topology.Firewalls {
		routed := packets
		routed.Sources = ipset.AddressesIn(fw.Routed)
		var rest []ipset.Packets
		for _, p := range pieces {
			if by := p.Intersect(routed); !by.Empty() {
				passed := an.evaluate(fw.effectiveRules(), to, by)
				out = append(out, inSeries(passed, func(packets ipset.Packets) []decision { return an.throughNSGs(nic, to, packets) })...)
			}
			rest = append(rest, p.Subtract(routed)...)
		}
		pieces = rest
	}
	for _, p := range pieces {
		out = append(out, an.throughNSGs(nic, to, p)...)
	}
	return out
}

func (f Firewall) effectiveRules() effectiveRules {
	return effectiveRules{guard: f.Name, name: f.Name, level: AtFirewall, rules: f.NetworkRules}
}

// throughDNAT is what becomes of packets that the i-th translation of the
// firewall takes to the VM: the guards see the firewall's subnet, and some
// source port. Packets that it does not take are left out.
func (an evaluator) throughDNAT(nic jit.Interface, to jit.Address, fw Firewall, i int, packets ipset.Packets) []decision {
	return inSeries(an.takenByDNAT(to, fw, i, packets), func(packets ipset.Packets) []decision {
		return []decision{an.behindFirewall(nic, to, fw, packets)}
	})
}

// takenByDNAT are the packets that the i-th translation takes: those that none
// before it takes at the same public side.
func (an evaluator) takenByDNAT(to jit.Address, fw Firewall, i int, packets ipset.Packets) []decision {
	t := fw.DNATRules[i]
	inner := ipset.Port(t.To.Port())
	packets.Ports = packets.Ports.Intersect(ipset.One(inner))
	if t.To.Addr() != to.Addr || packets.Empty() {
		return nil
	}
	l := effectiveRules{guard: fw.Name, name: fw.Name, level: AtFirewall}
	for j, e := range fw.DNATRules[:i+1] {
		if j == i || rules.SharesPublic(e, t) {
			e.Allow = j == i
			e.Destinations, e.Ports = []string{"*"}, []string{"*"} // it is known to be the same public side
			l.rules = append(l.rules, e)
		}
	}
	var out []decision
	for _, r := range an.evaluate(l, to, packets) {
		if r.answer == AnswerDeny {
			continue
		}
		if r.answer == AnswerAllow {
			r.why = []Reason{fw.dnatReason(t)}
		}
		out = append(out, r)
	}
	return out
}

// behindFirewall evaluates the guards for what comes from any instance of the
// firewall; where they differ nobody knows which one a client gets.
func (an evaluator) behindFirewall(nic jit.Interface, to jit.Address, fw Firewall, packets ipset.Packets) decision {
	seen := ipset.Packets{
		Sources: ipset.AddressesIn([]netip.Prefix{fw.Subnet}), SourcePorts: ipset.AllPorts(), Ports: packets.Ports, Protocols: packets.Protocols,
	}
	if seen.Empty() {
		return decision{packets, AnswerUnknown, []Reason{{Guard: fw.Name, Level: AtFirewall, Text: "the subnet of the firewall " + fw.Name + ", which the VM would see as the source, was not read"}}}
	}
	out := decision{packets: packets}
	mixed := false
	for _, r := range an.throughNSGs(nic, to, seen) {
		mixed = mixed || out.answer != "" && out.answer != r.answer
		out.answer = r.answer
		for _, why := range r.why {
			if !slices.Contains(out.why, why) {
				out.why = append(out.why, why)
			}
		}
	}
	if mixed {
		out.answer = AnswerUnknown
		out.why = append(out.why, Reason{Guard: fw.Name, Level: AtFirewall, Text: fmt.Sprintf(
			"which address of %s and which source port the firewall %s takes is not known, and the rules above tell them apart", fw.Subnet, fw.Name)})
	}
	return out
}
