package reach

import (
	"fmt"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/ipset"
	"jitbot/jit/rules"
)

// evaluator asks effective rules: those of the guards and of the topology,
// prepared for many questions.
type evaluator struct {
	topology  Topology
	tables    []rules.Table
	protocols []jit.Protocol  // those asked about; rules' protocols are places in it
	network   ipset.Addresses // the virtual network and what is tied to it
	tags      rules.Tags
}

func newEvaluator(tables []rules.Table, topology Topology, protocol jit.Protocol) evaluator {
	ev := evaluator{topology: topology, tables: tables}
	switch protocol = jit.Protocol(strings.ToLower(string(protocol))); protocol {
	case jit.AnyProtocol:
		ev.protocols = []jit.Protocol{jit.TCP, jit.UDP} // those that have ports
	case "":
		ev.protocols = []jit.Protocol{jit.TCP}
	default:
		ev.protocols = []jit.Protocol{protocol}
	}
	ev.network = ipset.AddressesIn(slices.Concat(topology.VirtualNetwork, topology.Peers, topology.OnPremises))
	ev.tags = rules.NetworkTags(ev.network, besideNetwork(topology), ev.groupMembers)
	return ev
}

// evaluate puts the packets before each rule in turn; the first that means a
// packet decides it.
func (ev evaluator) evaluate(l effectiveRules, to jit.Address, packets ipset.Packets) []decision {
	var out []decision
	left := []undecided{{packets: packets}}
	for _, r := range l.rules {
		m := ev.packetsOf(r, to)
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

// throughNSGs evaluates what comes before the interface: admin rules, the guard of
// the subnet, then that of the interface.
func (ev evaluator) throughNSGs(nic jit.Interface, to jit.Address, packets ipset.Packets) []decision {
	return ev.throughAdminRules(to, packets, func(packets ipset.Packets) []decision { return ev.throughGroups(nic, to, packets) })
}

func (ev evaluator) throughGroups(nic jit.Interface, to jit.Address, packets ipset.Packets) []decision {
	if nic.Guard == "" && to.SubnetGuard == "" {
		return ev.withoutNSG(to, packets)
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
		l, read := ev.effectiveNSG(guard, level)
		out = inSeries(out, func(packets ipset.Packets) []decision {
			if !read {
				return []decision{{packets, AnswerUnknown, []Reason{l.unread()}}}
			}
			return ev.evaluate(l, to, packets)
		})
	}
	return out
}

// withoutNSG is what Azure does where no guard is: inside traffic passes, and a
// Standard public address or load balancer stays shut to the internet.
func (ev evaluator) withoutNSG(to jit.Address, packets ipset.Packets) []decision {
	var out []decision
	outside := ipset.Packets{
		Sources: ev.tags.Internet.Sure, SourcePorts: ipset.AllPorts(), Ports: packets.Ports, Protocols: packets.Protocols,
	}
	basic := slices.ContainsFunc(ev.topology.Frontends, func(f Frontend) bool { return f.To == to.Addr && f.Basic })
	r := decision{answer: AnswerDeny, why: []Reason{{Level: AtNowhere, Text: "there is no network security group, " +
		"and without one Azure lets nothing in from the internet"}}}
	if basic {
		r = decision{answer: AnswerAllow, why: []Reason{{Level: AtNowhere, Allow: true, Text: "there is no network security group " +
			"before its Basic public address, so all is let in; attach one"}}}
	}
	if !basic && slices.ContainsFunc(ev.topology.Frontends, func(f Frontend) bool { return f.To == to.Addr && f.Unread }) {
		r = decision{answer: AnswerUnknown, why: []Reason{{Level: AtNowhere, Text: "there is no network security group, " +
			"and of which kind its public address is, which decides then, could not be read"}}}
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
func (ev evaluator) direct(nic jit.Interface, to jit.Address, packets ipset.Packets) []decision {
	var out []decision
	pieces := []ipset.Packets{packets}
	for _, fw := range ev.topology.Firewalls {
		routed := packets
		routed.Sources = ipset.AddressesIn(fw.Routed)
		var rest []ipset.Packets
		for _, p := range pieces {
			if by := p.Intersect(routed); !by.Empty() {
				passed := ev.evaluate(fw.effectiveRules(), to, by)
				out = append(out, inSeries(passed, func(packets ipset.Packets) []decision { return ev.forwarded(nic, to, fw, packets) })...)
			}
			rest = append(rest, p.Subtract(routed)...)
		}
		pieces = rest
	}
	for _, p := range pieces {
		out = append(out, ev.throughNSGs(nic, to, p)...)
	}
	return out
}

// forwarded is what becomes of packets that a network rule of the firewall lets
// through: the guards see the client or the firewall, and where that is not known the
// answer is, unless both come to the same.
func (ev evaluator) forwarded(nic jit.Interface, to jit.Address, fw Firewall, packets ipset.Packets) []decision {
	if slices.Contains(fw.Hides, to.Addr) {
		return []decision{ev.behindFirewall(nic, to, fw, packets)}
	}
	out := ev.throughNSGs(nic, to, packets)
	if !slices.Contains(fw.MayHide, to.Addr) {
		return out
	}
	hidden := ev.behindFirewall(nic, to, fw, packets)
	for i, d := range out {
		if d.answer != hidden.answer {
			out[i].answer = AnswerUnknown
			out[i].why = append(slices.Concat(d.why, hidden.why), Reason{Guard: fw.Name, Level: AtFirewall, Text: "the firewall " + fw.Name +
				" learns whose address it hides, so whether the VM sees the client or the firewall is not known"})
		}
	}
	return out
}

// throughDNAT is what becomes of packets that the i-th DNAT rule of the firewall
// takes to the VM: the guards see the firewall's subnet, and some
// source port. Packets that it does not take are left out.
func (ev evaluator) throughDNAT(nic jit.Interface, to jit.Address, fw Firewall, i int, packets ipset.Packets) []decision {
	return inSeries(ev.takenByDNAT(to, fw, i, packets), func(packets ipset.Packets) []decision {
		return []decision{ev.behindFirewall(nic, to, fw, packets)}
	})
}

// takenByDNAT are the packets that the i-th DNAT rule takes: those that none
// before it takes at the same public side.
func (ev evaluator) takenByDNAT(to jit.Address, fw Firewall, i int, packets ipset.Packets) []decision {
	t := fw.DNATRules[i]
	inner := ipset.Port(t.To.Port())
	packets.Ports = packets.Ports.Intersect(ipset.One(inner))
	if t.AtPrivateEnd() {
		packets.Sources = packets.Sources.Subtract(ev.tags.Internet.Sure)
	}
	if t.To.Addr() != to.Addr || packets.Empty() {
		return nil
	}
	l := effectiveRules{guard: fw.Name, name: fw.Name, level: AtFirewall}
	for j, e := range fw.DNATRules[:i+1] {
		if j == i || e.SharesPublicEnd(t) {
			e.Allow = j == i
			e.Destinations, e.Ports = []string{"*"}, []string{"*"} // it is known to be the same public side
			l.rules = append(l.rules, e)
		}
	}
	var out []decision
	for _, r := range ev.evaluate(l, to, packets) {
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
func (ev evaluator) behindFirewall(nic jit.Interface, to jit.Address, fw Firewall, packets ipset.Packets) decision {
	seen := ipset.Packets{
		Sources: ipset.AddressesIn(fw.Subnets), SourcePorts: ipset.AllPorts(), Ports: packets.Ports, Protocols: packets.Protocols,
	}
	seen = seen.Intersect(sameFamily(to, seen))
	if seen.Empty() {
		return decision{packets, AnswerUnknown, []Reason{{Guard: fw.Name, Level: AtFirewall, Text: "the subnet of the firewall " + fw.Name +
			", which the VM would see as the source, was not read"}}}
	}
	out := decision{packets: packets}
	mixed := false
	for _, r := range ev.throughNSGs(nic, to, seen) {
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
			"which address of %s and which source port the firewall %s takes is not known, "+
				"and the rules above tell them apart", fw.subnets(), fw.Name)})
	}
	return out
}
