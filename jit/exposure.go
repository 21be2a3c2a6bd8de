package jit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// scan gathers what the rules say of one VM's management ports.
type scan struct {
	view
	facts    Facts
	filtered bool // something filters before an address
	defender bool
	found    []exposure
	defaults []string
	notes    []string
	unread   []string
	basic    []string // what a public address of the Basic kind lets in
	differ   bool     // guards on the way disagree
	given    bool     // a grant of ours is live
}

// exposure is packets that rules of people let to an address.
type exposure struct {
	to    Address
	where ruling
	shut  bool // a guard behind the firewall denies it
}

// look asks everything before one address.
func (s *scan) look(nic Interface, a Address) {
	where := Packets{FamilyOf(a.Addr), AllPorts(), managementPorts(), Set[Index]{{0, Index(len(s.protocols) - 1)}}}
	guarded, behind := nic.Guard != "" || a.SubnetGuard != "", len(s.around.Firewalls) > 0
	if !guarded && !behind {
		s.unguard(a)
		return
	}
	s.filtered = true
	var byRules, byFirewall []exposure
	if guarded {
		byRules = s.guardOpens(nic, a, where)
	}
	if behind {
		byFirewall = s.firewallOpens(nic, a, where)
	}
	switch {
	// What has a public address of its own does not come by the firewall.
	case guarded && (!behind || len(byFirewall) > 0 || s.fronted(a)), !guarded:
		s.found = append(s.found, byRules...)
		if len(byRules) > 0 || !guarded {
			s.found = append(s.found, s.living(byFirewall)...)
		} else {
			s.disagree(byFirewall, "the network security groups have no rule of their own that does")
		}
	default:
		s.disagree(byRules, "the firewall has no rule that does")
	}
}

// unguard tells of an address that nothing filters before.
func (s *scan) unguard(a Address) {
	s.notes = append(s.notes, fmt.Sprintf("%s has no network security group, so all traffic from inside is let in there.", a.Addr))
	for _, f := range s.around.Fronts {
		if ports := f.leads(managementPorts()); f.Basic && f.To == a.Addr && f.Public != "" && len(ports) > 0 {
			s.basic = append(s.basic, fmt.Sprintf("Yet all of the internet is let in to port %s by the public address %s, which is of the Basic kind; attach a network security group.", portsText(ports), f.Public))
		}
	}
}

// leads are those of the VM's ports that the front leads to.
func (f Front) leads(ports Set[Port]) Set[Port] {
	if len(f.Ports) == 0 {
		return ports
	}
	var out Set[Port]
	for _, m := range f.Ports {
		out = out.Union(ports.Intersect(Set[Port]{{Port(m.Inner.From), Port(m.Inner.To)}}))
	}
	return out
}

func (s *scan) fronted(a Address) bool {
	return a.Public != "" || slices.ContainsFunc(s.around.Fronts, func(f Front) bool { return f.To == a.Addr && f.Public != "" })
}

func (s *scan) disagree(by []exposure, other string) {
	for _, e := range by {
		for _, text := range s.texts(e) {
			s.differ = true
			s.notes = append(s.notes, "The guards disagree. "+strings.TrimSuffix(text, ".")+", but "+other+".")
		}
	}
}

func (s *scan) texts(e exposure) []string {
	var out []string
	for _, r := range s.reasonsOf(e.where.answer, road{way: Way{Address: e.to.Addr}, rulings: []ruling{e.where}}) {
		if r.Allow {
			out = append(out, r.Text)
		}
	}
	return out
}

// guardOpens finds what passes every NSG by rules of people, and keeps what
// passes by default rules, by grants, or not after all.
func (s *scan) guardOpens(nic Interface, a Address, where Packets) []exposure {
	var walls []wall
	for _, w := range []struct {
		guard string
		level Level
	}{{a.SubnetGuard, AtSubnet}, {nic.Guard, AtInterface}} {
		if w.guard == "" {
			continue
		}
		found, read := s.nsg(w.guard, w.level)
		if !read {
			s.unread = append(s.unread, found.name)
			continue
		}
		walls = append(walls, found)
	}
	var out []exposure
	for _, r := range s.guarded(nic, a, where) {
		e := exposure{to: a, where: r}
		switch {
		case r.answer == AnswerDeny:
		case slices.ContainsFunc(r.why, s.granted):
			s.given = true
			s.notes = append(s.notes, s.texts(e)...)
		case len(walls) > 0 && !slices.ContainsFunc(walls, func(w wall) bool { return !custom(r, w.level) }):
			out = append(out, e)
		case r.answer == AnswerAllow:
			s.defaults = append(s.defaults, s.texts(e)...)
		}
	}
	for _, w := range walls {
		s.checkDefender(w, a)
		s.idle(w, a, where, out)
	}
	return out
}

// custom reports whether a rule that is not Azure's lets the packets pass the
// level.
func custom(r ruling, level Level) bool {
	return slices.ContainsFunc(r.why, func(why Reason) bool {
		return why.Level == level && why.Allow && why.Rule != "" && why.Priority < firstDefault
	})
}

// granted reports whether a rule of a grant of ours decides.
func (s *scan) granted(r Reason) bool {
	n, ours := s.facts.Owner.Ours(Rule{Name: r.Rule, Priority: r.Priority})
	return r.Allow && ours && n.Grant != ""
}

// checkDefender notices the denies of Defender's just-in-time access.
func (s *scan) checkDefender(w wall, a Address) {
	for _, r := range w.rules {
		if allow, ok := DefenderRule(r.Name); !ok || allow || r.Allow {
			continue
		}
		if sure, _ := s.aims(r, a); sure {
			s.defender = true
			s.notes = append(s.notes, fmt.Sprintf("Rule %s (priority %d) of %s is of the just-in-time access of Microsoft Defender for Cloud.", r.Name, r.Priority, w.place()))
		}
	}
}

// idle tells of allows that would open a management port and do not: another
// rule or the other level shuts it.
func (s *scan) idle(w wall, a Address, where Packets, open []exposure) {
	alone := s.ask(w, a, where)
	for _, r := range w.rules {
		if !r.Allow || r.Priority >= firstDefault || s.granted(w.reason(r)) || s.match(r, a).maybe.Intersect(where).Empty() {
			continue
		}
		by := func(x ruling) bool {
			return x.answer != AnswerDeny && slices.ContainsFunc(x.why, func(why Reason) bool { return why.Allow && why.Rule == r.Name && why.Level == w.level })
		}
		switch {
		case slices.ContainsFunc(open, func(e exposure) bool { return by(e.where) }):
		case slices.ContainsFunc(alone, by):
			s.differ = true
			s.notes = append(s.notes, fmt.Sprintf("The guards disagree. Rule %s (priority %d) of %s opens a management port, but the other network security group has no rule of its own that does, and both must allow.", r.Name, r.Priority, w.place()))
		default:
			s.notes = append(s.notes, fmt.Sprintf("Rule %s (priority %d) of %s would open a management port, but rules before it deny all that it names.", r.Name, r.Priority, w.place()))
		}
	}
}

// firewallOpens finds what firewalls let to the address, whether or not the
// guards behind them let it on.
func (s *scan) firewallOpens(nic Interface, a Address, where Packets) []exposure {
	var out []exposure
	for _, fw := range s.around.Firewalls {
		for i := range fw.Translations {
			out = append(out, s.passed(a, s.taken(a, fw, i, where), func(where Packets) []ruling {
				return []ruling{s.fromFirewall(nic, a, fw, where)}
			})...)
		}
		routed := where
		routed.Sources = where.Sources.Intersect(AddressesIn(fw.Routed))
		if !routed.Empty() {
			out = append(out, s.passed(a, s.ask(fw.wall(), a, routed), func(where Packets) []ruling {
				return s.guarded(nic, a, where)
			})...)
		}
	}
	return out
}

// passed are the rulings that let something through, other than by a grant of
// ours, with whether what is behind shuts all of it.
func (s *scan) passed(to Address, rulings []ruling, behind func(Packets) []ruling) []exposure {
	var out []exposure
	for _, r := range rulings {
		if r.answer != AnswerDeny && !slices.ContainsFunc(r.why, s.granted) {
			open := slices.ContainsFunc(behind(r.where), func(b ruling) bool { return b.answer != AnswerDeny })
			out = append(out, exposure{to, r, !open})
		}
	}
	return out
}

// living leaves out what a firewall lets through and the guards behind it
// deny, and notes it.
func (s *scan) living(by []exposure) []exposure {
	var out []exposure
	for _, e := range by {
		if e.shut {
			s.disagree([]exposure{e}, "the network security groups deny what comes that way")
			continue
		}
		out = append(out, e)
	}
	return out
}

// openings are the rules of the exposures, each once, widest first.
func (s scan) openings() []OpenRule {
	var out []OpenRule
	for _, e := range s.found {
		breadth := s.breadth(e.where)
		for _, r := range s.reasonsOf(e.where.answer, road{way: Way{Address: e.to.Addr}, rulings: []ruling{e.where}}) {
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
		if !slices.ContainsFunc(kept, func(k OpenRule) bool { return SameID(k.Guard, o.Guard) && k.Rule == o.Rule && k.Level == o.Level }) {
			kept = append(kept, o)
		}
	}
	return kept
}
