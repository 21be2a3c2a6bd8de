package reach

import (
	"cmp"
	"fmt"
	"slices"

	"jitbot/jit"
	"jitbot/jit/ipset"
	"jitbot/jit/resource"
	"jitbot/jit/rules"
)

// exposure is packets that rules of people let to an address.
type exposure struct {
	address  jit.Address
	decision decision
	denied   bool // a guard behind the firewall denies it
}

// openByNSGs finds what passes every NSG by rules of people, and keeps what
// passes by default rules, by grants, or not after all.
func (s *scan) openByNSGs(nic jit.Interface, a jit.Address, packets ipset.Packets) []exposure {
	var layers []effectiveRules
	for _, l := range []struct {
		guard string
		level Level
	}{{a.SubnetGuard, AtSubnet}, {nic.Guard, AtInterface}} {
		if l.guard == "" {
			continue
		}
		found, read := s.effectiveNSG(l.guard, l.level)
		if !read {
			s.unread = append(s.unread, found.name)
			continue
		}
		layers = append(layers, found)
	}
	var out []exposure
	for _, r := range s.throughNSGs(nic, a, packets) {
		e := exposure{address: a, decision: r}
		switch {
		case r.answer == AnswerDeny, alwaysAllowed(r): // the latter is found by the admin rules
		case slices.ContainsFunc(r.why, s.granted):
			s.granting = true
			s.notes = append(s.notes, s.texts(e)...)
		case len(layers) > 0 && !slices.ContainsFunc(layers, func(l effectiveRules) bool { return !custom(r, l.level) }):
			out = append(out, e)
		case r.answer == AnswerAllow:
			s.defaults = append(s.defaults, s.texts(e)...)
		}
	}
	for _, l := range layers {
		s.checkDefender(l, a)
		s.noteWithoutEffect(l, a, packets, out)
	}
	return out
}

// openByAdminRules finds what admin rules let in whatever the groups say.
func (s *scan) openByAdminRules(a jit.Address, packets ipset.Packets) []exposure {
	var out []exposure
	for _, r := range s.throughAdminRules(a, packets, shutGroups) {
		if r.answer != AnswerDeny {
			out = append(out, exposure{address: a, decision: r})
		}
	}
	return out
}

// alwaysAllowed reports whether an admin rule alone lets the packets through.
func alwaysAllowed(r decision) bool {
	return len(r.why) > 0 && r.why[len(r.why)-1].Level == AtNetwork && r.answer != AnswerDeny
}

// denied reports whether admin rules deny all of the packets.
func (ev evaluator) denied(a jit.Address, packets ipset.Packets) bool {
	decided := ev.throughAdminRules(a, packets, func(p ipset.Packets) []decision { return []decision{{packets: p, answer: AnswerAllow}} })
	return !slices.ContainsFunc(decided, func(d decision) bool { return d.answer != AnswerDeny })
}

// custom reports whether a rule that is not Azure's lets the packets pass the
// level.
func custom(r decision, level Level) bool {
	return slices.ContainsFunc(r.why, func(why Reason) bool {
		return why.Level == level && why.Allow && why.Rule != "" && why.Priority < firstDefault
	})
}

// granted reports whether a rule of a grant of ours decides.
func (s *scan) granted(r Reason) bool {
	n, ours := s.facts.Owner.Ours(rules.Rule{Name: r.Rule, Priority: r.Priority})
	return r.Allow && ours && n.Grant != ""
}

// checkDefender notices the denies of Defender's just-in-time access.
func (s *scan) checkDefender(l effectiveRules, a jit.Address) {
	for _, r := range l.rules {
		if allow, ok := defenderRule(r.Name); !ok || allow || r.Allow {
			continue
		}
		if sure, _ := s.targets(r, a); sure {
			s.defender = true
			s.notes = append(s.notes, fmt.Sprintf("Rule %s (priority %d) of %s is of the just-in-time access "+
				"of Microsoft Defender for Cloud.", r.Name, r.Priority, l.location()))
		}
	}
}

// noteWithoutEffect tells of allows that would open a management port and do not:
// another rule or the other level shuts it.
func (s *scan) noteWithoutEffect(l effectiveRules, a jit.Address, packets ipset.Packets, open []exposure) {
	alone := s.evaluate(l, a, packets)
	for _, r := range l.rules {
		if !r.Allow || r.Priority >= firstDefault || s.granted(l.reason(r)) || s.packetsOf(r, a).maybe.Intersect(packets).Empty() {
			continue
		}
		by := func(x decision) bool {
			return x.answer != AnswerDeny && slices.ContainsFunc(x.why, func(why Reason) bool {
				return why.Allow && why.Rule == r.Name && why.Level == l.level
			})
		}
		switch {
		case slices.ContainsFunc(open, func(e exposure) bool { return by(e.decision) }):
		case s.denied(a, s.packetsOf(r, a).maybe.Intersect(packets)):
			s.notes = append(s.notes, fmt.Sprintf("Rule %s (priority %d) of %s would open a management port, "+
				"but an admin rule of Virtual Network Manager denies it.", r.Name, r.Priority, l.location()))
		case slices.ContainsFunc(alone, by):
			s.disagreeing = true
			s.notes = append(s.notes, fmt.Sprintf("The guards disagree. Rule %s (priority %d) of %s opens a management port, "+
				"but the other network security group has no rule of its own that does, and both must allow.", r.Name, r.Priority, l.location()))
		default:
			s.notes = append(s.notes, fmt.Sprintf("Rule %s (priority %d) of %s would open a management port, "+
				"but rules before it deny all that it names.", r.Name, r.Priority, l.location()))
		}
	}
}

// openByFirewalls finds what firewalls let to the address, whether or not the
// guards behind them let it on.
func (s *scan) openByFirewalls(nic jit.Interface, a jit.Address, packets ipset.Packets) []exposure {
	var out []exposure
	for _, fw := range s.topology.Firewalls {
		for i := range fw.DNATRules {
			out = append(out, s.openedBy(a, s.takenByDNAT(a, fw, i, packets), func(packets ipset.Packets) []decision {
				return []decision{s.behindFirewall(nic, a, fw, packets)}
			})...)
		}
		routed := packets
		routed.Sources = packets.Sources.Intersect(ipset.AddressesIn(fw.Routed))
		if !routed.Empty() {
			out = append(out, s.openedBy(a, s.evaluate(fw.effectiveRules(), a, routed), func(packets ipset.Packets) []decision {
				return s.throughNSGs(nic, a, packets)
			})...)
		}
	}
	return out
}

// openedBy are the decisions that let something through, other than by a grant of
// ours, with whether what is behind shuts all of it.
func (s *scan) openedBy(to jit.Address, decisions []decision, behind func(ipset.Packets) []decision) []exposure {
	var out []exposure
	for _, r := range decisions {
		if r.answer != AnswerDeny && !slices.ContainsFunc(r.why, s.granted) {
			open := slices.ContainsFunc(behind(r.packets), func(b decision) bool { return b.answer != AnswerDeny })
			out = append(out, exposure{to, r, !open})
		}
	}
	return out
}

// effective leaves out what a firewall lets through and the guards behind it
// deny, and notes it.
func (s *scan) effective(by []exposure) []exposure {
	var out []exposure
	for _, e := range by {
		if e.denied {
			s.noteDisagreement([]exposure{e}, "the network security groups deny what comes that way")
			continue
		}
		out = append(out, e)
	}
	return out
}

// openings are the rules of the exposures, each once, widest first.
func (s scan) openings() []OpenRule {
	var out []OpenRule
	for _, e := range s.exposures {
		breadth := s.breadth(e.decision)
		for _, r := range s.reasonsOf(e.decision.answer, path{way: Way{Address: e.address.Addr}, decisions: []decision{e.decision}}) {
			if !r.Allow {
				continue
			}
			o := OpenRule{Guard: r.Guard, Rule: r.Rule, Priority: r.Priority, Level: r.Level, Breadth: breadth, Text: r.Text}
			if !slices.Contains(out, o) {
				out = append(out, o)
			}
		}
	}
	slices.SortStableFunc(out, func(x, y OpenRule) int {
		return cmp.Or(y.Breadth.Rank-x.Breadth.Rank, x.Priority-y.Priority, cmp.Compare(x.Text, y.Text))
	})
	kept := out[:0]
	for _, o := range out {
		if !slices.ContainsFunc(kept, func(k OpenRule) bool {
			return resource.Same(k.Guard, o.Guard) && k.Rule == o.Rule && k.Level == o.Level
		}) {
			kept = append(kept, o)
		}
	}
	return kept
}
