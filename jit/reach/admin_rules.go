package reach

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/ipset"
	"jitbot/jit/rules"
)

// AdminRule is a security admin rule that Virtual Network Manager puts on a virtual
// network. It comes before every network security group: a deny, and an allow that
// is final, decide alone; any other allow leaves it to the groups. Of two network
// managers that of the wider scope comes first, which the rules do not tell.
// https://learn.microsoft.com/azure/virtual-network-manager/concept-security-admins
type AdminRule struct {
	rules.Rule
	Manager string // id of the network manager that it is of
	Final   bool   // of an allow: AlwaysAllow, which no group is asked after
}

// networkManager stands for the guard of admin rules.
const networkManager = "Virtual Network Manager"

// leaves reports whether the rule leaves what it means to the groups.
func (r AdminRule) leaves() bool { return r.Allow && !r.Final }

// contests reports whether the rule, which decides something else than the other, may
// come before it although it does not by its place.
// https://learn.microsoft.com/azure/virtual-network-manager/concept-network-manager-scope
func (r AdminRule) contests(other AdminRule) bool {
	contrary := r.Allow != other.Allow || r.Final != other.Final
	return contrary && (!strings.EqualFold(r.Manager, other.Manager) || r.Priority == other.Priority)
}

func (r AdminRule) reason(doubts []string) Reason {
	verb := "denies it"
	switch {
	case r.Final:
		verb = "always allows it"
	case r.Allow:
		verb = "leaves it to the network security groups"
	}
	text := fmt.Sprintf("the admin rule %s (priority %d) of %s, which comes before every network security group, %s",
		r.Name, r.Priority, networkManager, verb)
	if len(doubts) > 0 {
		doubts = slices.Sorted(slices.Values(doubts))
		text += ", or not: " + strings.Join(slices.Compact(doubts), ", and ")
	}
	return Reason{Guard: networkManager, Rule: r.Name, Priority: r.Priority, Level: AtNetwork, Allow: r.Allow, Text: text}
}

// beforeGroups are packets that no admin rule has surely decided yet, with those
// that may have.
type beforeGroups struct {
	packets ipset.Packets
	doubts  []adminDoubt
}

type adminDoubt struct {
	rule   AdminRule
	reason Reason
}

// throughAdminRules puts the packets before each admin rule in turn, and before the
// groups what none decides.
func (ev evaluator) throughAdminRules(to jit.Address, packets ipset.Packets, groups func(ipset.Packets) []decision) []decision {
	var out []decision
	left := []beforeGroups{{packets: packets}}
	for _, r := range ev.adminRules() {
		m := ev.packetsOf(r.Rule, to)
		if m.maybe.Intersect(packets).Empty() {
			continue
		}
		var next []beforeGroups
		for _, p := range left {
			for _, hit := range ev.contested(r, to, beforeGroups{p.packets.Intersect(m.sure), p.doubts}) {
				out = append(out, hit.decide(r, groups)...)
			}
			next = append(next, p.remaining(r, m)...)
		}
		left = next
	}
	for _, p := range left {
		out = append(out, p.leave(groups)...)
	}
	return out
}

// contested parts what the rule means by the rules that may come before it, each of
// which is a doubt then.
func (ev evaluator) contested(r AdminRule, to jit.Address, hit beforeGroups) []beforeGroups {
	if hit.packets.Empty() {
		return nil
	}
	out := []beforeGroups{hit}
	for _, other := range ev.adminRules() {
		if !other.contests(r) {
			continue
		}
		m := ev.packetsOf(other.Rule, to)
		m.sure, m.doubts = ipset.Packets{}, append(slices.Clip(m.doubts), "whether it comes before the admin rule "+r.Name+" is not known")
		var parts []beforeGroups
		for _, p := range out {
			parts = append(parts, p.remaining(other, m)...)
		}
		out = parts
	}
	return out
}

// adminRules are those for what comes in, in the order in which they are evaluated.
func (ev evaluator) adminRules() []AdminRule {
	inbound := slices.DeleteFunc(slices.Clone(ev.topology.AdminRules), func(r AdminRule) bool { return !r.Inbound })
	slices.SortStableFunc(inbound, func(a, b AdminRule) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.Name, b.Name))
	})
	return inbound
}

// decide is what becomes of packets that the rule surely means. It is not known where
// a rule before it may have said something else.
func (p beforeGroups) decide(r AdminRule, groups func(ipset.Packets) []decision) []decision {
	if r.leaves() {
		return p.leave(groups)
	}
	d := decision{packets: p.packets, answer: AnswerDeny}
	if r.Allow {
		d.answer = AnswerAllow
	}
	for _, doubt := range p.doubts {
		if doubt.rule.leaves() || doubt.rule.Allow != r.Allow {
			d.answer = AnswerUnknown
			d.why = append(d.why, doubt.reason)
		}
	}
	d.why = append(d.why, r.reason(nil))
	return []decision{d}
}

// leave is what the groups say. It is not known where an admin rule may have said
// the contrary.
func (p beforeGroups) leave(groups func(ipset.Packets) []decision) []decision {
	out := groups(p.packets)
	for i, d := range out {
		for _, doubt := range p.doubts {
			if !doubt.rule.leaves() && (d.answer == AnswerAllow) != doubt.rule.Allow {
				out[i].answer = AnswerUnknown
				out[i].why = slices.Concat([]Reason{doubt.reason}, out[i].why)
			}
		}
	}
	return out
}

// remaining is what the rule does not surely mean.
func (p beforeGroups) remaining(r AdminRule, m matched) []beforeGroups {
	var out []beforeGroups
	for _, piece := range p.packets.Subtract(m.sure) {
		if len(m.doubts) == 0 {
			out = append(out, beforeGroups{piece, p.doubts})
			continue
		}
		if perhaps := piece.Intersect(m.maybe); !perhaps.Empty() {
			out = append(out, beforeGroups{perhaps, append(slices.Clip(p.doubts), adminDoubt{r, r.reason(m.doubts)})})
		}
		for _, other := range piece.Subtract(m.maybe) {
			out = append(out, beforeGroups{other, p.doubts})
		}
	}
	return out
}

// RefuseDenied refuses access to the address from one of the sources to one of the
// ports where an admin rule denies it, or may: no rule of jitbot could let it in.
// What is around the address may be the zero Topology but for the admin rules.
func RefuseDenied(vm jit.VM, to jit.Address, around Topology, sources []netip.Prefix, ports []jit.Ports) error {
	for _, port := range ports {
		ev := newEvaluator(nil, around, port.Protocol)
		packets := ipset.Packets{
			Sources: ipset.AddressesIn(sources), SourcePorts: ipset.AllPorts(),
			Ports: ipset.Span(ipset.Port(port.From), ipset.Port(port.To)), Protocols: ipset.Span(0, ipset.Index(len(ev.protocols)-1)),
		}.Intersect(sameFamily(to, ipset.Packets{
			SourcePorts: ipset.AllPorts(), Ports: ipset.AllPorts(), Protocols: ipset.Span(0, ipset.Index(len(ev.protocols)-1)),
		}))
		if packets.Empty() {
			continue
		}
		decided := ev.throughAdminRules(to, packets, func(p ipset.Packets) []decision { return []decision{{packets: p, answer: AnswerAllow}} })
		for _, d := range decided {
			if i := slices.IndexFunc(d.why, func(r Reason) bool { return !r.Allow }); d.answer != AnswerAllow && i >= 0 {
				verb := map[bool]string{true: "denies", false: "may deny"}[d.answer == AnswerDeny]
				return jit.Refuse(jit.ErrPolicy, "The admin rule %s (priority %s) of Virtual Network Manager %s what comes from %s of %s, "+
					"before any network security group is asked; ask from elsewhere, or ask whoever manages it.",
					d.why[i].Rule, fmt.Sprint(d.why[i].Priority), verb, ev.packetsText(d.packets), vm.Name)
			}
		}
	}
	return nil
}

// shutGroups is what network security groups say that let nobody in.
func shutGroups(packets ipset.Packets) []decision {
	return []decision{{packets: packets, answer: AnswerDeny}}
}

// AlwaysAllow are the admin rules that let somebody in to one of the ports at the
// address, or may, whatever a deny of a network security group says: each with its
// priority.
func AlwaysAllow(to jit.Address, around Topology, ports []jit.Ports) []string {
	var out []string
	for _, port := range ports {
		ev := newEvaluator(nil, around, port.Protocol)
		packets := ipset.Packets{
			Sources: ipset.FamilyOf(to.Addr), SourcePorts: ipset.AllPorts(),
			Ports: ipset.Span(ipset.Port(port.From), ipset.Port(port.To)), Protocols: ipset.Span(0, ipset.Index(len(ev.protocols)-1)),
		}
		for _, d := range ev.throughAdminRules(to, packets, shutGroups) {
			if d.answer != AnswerDeny {
				rule := d.why[slices.IndexFunc(d.why, func(r Reason) bool { return r.Allow })]
				out = append(out, fmt.Sprintf("%s (priority %d)", rule.Rule, rule.Priority))
			}
		}
	}
	return tidy(out)
}
