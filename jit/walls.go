package jit

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// ruling is what was decided about packets, and why.
type ruling struct {
	where  Packets
	answer Answer
	why    []Reason
}

// wall is a guard as packets meet it: rules in the order in which they are
// asked.
type wall struct {
	guard, name string
	level       Level
	rules       []Rule
}

// nsg finds the guard's rules; ok is false when they were not read.
func (v view) nsg(guard string, level Level) (w wall, ok bool) {
	i := slices.IndexFunc(v.tables, func(t Table) bool { return SameID(t.Guard, guard) })
	if i < 0 {
		return wall{guard: guard, name: lastName(guard), level: level}, false
	}
	t := v.tables[i]
	defaults := t.Defaults
	if len(defaults) == 0 {
		defaults = standardDefaults()
	}
	rules := slices.DeleteFunc(slices.Concat(t.Rules, defaults), func(r Rule) bool { return !r.Inbound })
	slices.SortStableFunc(rules, func(a, b Rule) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.Name, b.Name))
	})
	return wall{guard: guard, name: cmp.Or(t.Name, lastName(guard)), level: level, rules: rules}, true
}

// waiting are packets that no rule has surely decided yet, with the rules that
// may have.
type waiting struct {
	where Packets
	doubt []doubt
}

type doubt struct {
	allow  bool
	reason Reason
}

// ask puts the packets before each rule in turn; the first that means a packet
// decides it.
func (v view) ask(w wall, to Address, where Packets) []ruling {
	var out []ruling
	left := []waiting{{where: where}}
	for _, r := range w.rules {
		m := v.match(r, to)
		if len(left) == 0 {
			break
		}
		if m.maybe.Intersect(where).Empty() {
			continue
		}
		var next []waiting
		for _, p := range left {
			if hit := p.where.Intersect(m.sure); !hit.Empty() {
				out = append(out, p.decided(hit, r.Allow, w.reason(r)))
			}
			next = append(next, p.rest(m, doubt{r.Allow, w.doubted(r, m.doubts)})...)
		}
		left = next
	}
	for _, p := range left {
		out = append(out, p.decided(p.where, false, w.unmatched()))
	}
	return out
}

// decided is the ruling on packets that a rule surely means. It is not known
// when a rule before it may have said the contrary.
func (p waiting) decided(where Packets, allow bool, reason Reason) ruling {
	r := ruling{where: where, answer: AnswerDeny}
	if allow {
		r.answer = AnswerAllow
	}
	for _, d := range p.doubt {
		if d.allow != allow {
			r.answer = AnswerUnknown
			r.why = append(r.why, d.reason)
		}
	}
	r.why = append(r.why, reason)
	return r
}

// rest is what the rule does not surely mean.
func (p waiting) rest(m match, d doubt) []waiting {
	var out []waiting
	for _, piece := range p.where.Subtract(m.sure) {
		if len(m.doubts) == 0 {
			out = append(out, waiting{piece, p.doubt})
			continue
		}
		if perhaps := piece.Intersect(m.maybe); !perhaps.Empty() {
			out = append(out, waiting{perhaps, append(slices.Clip(p.doubt), d)})
		}
		for _, other := range piece.Subtract(m.maybe) {
			out = append(out, waiting{other, p.doubt})
		}
	}
	return out
}

// chain puts what the first wall lets through before the next: both must
// allow.
func chain(first []ruling, next func(Packets) []ruling) []ruling {
	var out []ruling
	for _, f := range first {
		if f.answer == AnswerDeny {
			out = append(out, f)
			continue
		}
		for _, n := range next(f.where) {
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

// guarded asks the guard of the subnet, then that of the interface.
func (v view) guarded(nic Interface, to Address, where Packets) []ruling {
	if nic.Guard == "" && to.SubnetGuard == "" {
		return v.unguarded(to, where)
	}
	out := []ruling{{where: where, answer: AnswerAllow}}
	for _, level := range []Level{AtSubnet, AtInterface} {
		guard := nic.Guard
		if level == AtSubnet {
			guard = to.SubnetGuard
		}
		if guard == "" {
			continue
		}
		w, read := v.nsg(guard, level)
		out = chain(out, func(where Packets) []ruling {
			if !read {
				return []ruling{{where, AnswerUnknown, []Reason{w.unread()}}}
			}
			return v.ask(w, to, where)
		})
	}
	return out
}

// unguarded is what Azure does where no guard is: inside traffic passes, and a
// Standard public address or load balancer stays shut to the internet.
func (v view) unguarded(to Address, where Packets) []ruling {
	var out []ruling
	outside := Packets{v.tags.Internet.Sure, AllPorts(), where.Ports, where.Protocols}
	basic := slices.ContainsFunc(v.around.Fronts, func(f Front) bool { return f.To == to.Addr && f.Basic })
	r := ruling{answer: AnswerDeny, why: []Reason{{Level: AtNowhere, Text: "there is no network security group, and without one Azure lets nothing in from the internet"}}}
	if basic {
		r = ruling{answer: AnswerAllow, why: []Reason{{Level: AtNowhere, Allow: true, Text: "there is no network security group before its Basic public address, so all is let in; attach one"}}}
	}
	if r.where = where.Intersect(outside); !r.where.Empty() {
		out = append(out, r)
	}
	for _, piece := range where.Subtract(outside) {
		out = append(out, ruling{piece, AnswerAllow, []Reason{{
			Level: AtNowhere, Allow: true, Text: "there is no network security group, so all traffic from inside is let in; attach one",
		}}})
	}
	return out
}

// direct is what becomes of packets sent to the VM's own address, through the
// firewalls that they are routed by.
func (v view) direct(nic Interface, to Address, where Packets) []ruling {
	var out []ruling
	pieces := []Packets{where}
	for _, fw := range v.around.Firewalls {
		routed := where
		routed.Sources = AddressesIn(fw.Routed)
		var rest []Packets
		for _, p := range pieces {
			if by := p.Intersect(routed); !by.Empty() {
				passed := v.ask(fw.wall(), to, by)
				out = append(out, chain(passed, func(where Packets) []ruling { return v.guarded(nic, to, where) })...)
			}
			rest = append(rest, p.Subtract(routed)...)
		}
		pieces = rest
	}
	for _, p := range pieces {
		out = append(out, v.guarded(nic, to, p)...)
	}
	return out
}

func (f Firewall) wall() wall {
	return wall{guard: f.Name, name: f.Name, level: AtFirewall, rules: f.Rules}
}

// translated is what becomes of packets that the i-th translation of the
// firewall takes to the VM: the guards see the firewall's subnet, and some
// source port. Packets that it does not take are left out.
func (v view) translated(nic Interface, to Address, fw Firewall, i int, where Packets) []ruling {
	return chain(v.taken(to, fw, i, where), func(where Packets) []ruling {
		return []ruling{v.fromFirewall(nic, to, fw, where)}
	})
}

// taken are the packets that the i-th translation takes: those that none
// before it takes at the same public side.
func (v view) taken(to Address, fw Firewall, i int, where Packets) []ruling {
	t := fw.Translations[i]
	inner := Port(t.To.Port())
	where.Ports = where.Ports.Intersect(Set[Port]{{inner, inner}})
	if t.To.Addr() != to.Addr || where.Empty() {
		return nil
	}
	w := wall{guard: fw.Name, name: fw.Name, level: AtFirewall}
	for j, e := range fw.Translations[:i+1] {
		if j == i || sharesPublic(e, t) {
			e.Allow = j == i
			e.Destinations, e.Ports = []string{"*"}, []string{"*"} // it is known to be the same public side
			w.rules = append(w.rules, e)
		}
	}
	var out []ruling
	for _, r := range v.ask(w, to, where) {
		if r.answer == AnswerDeny {
			continue
		}
		if r.answer == AnswerAllow {
			r.why = []Reason{fw.translation(t)}
		}
		out = append(out, r)
	}
	return out
}

// sharesPublic reports whether two DNAT rules take packets of the same public
// address and port.
func sharesPublic(a, b Rule) bool {
	same := func(s, o string) bool {
		x, okX := ParseAddresses(s)
		y, okY := ParseAddresses(o)
		return s == "*" || o == "*" || strings.EqualFold(s, o) || okX && okY && len(x.Intersect(y)) > 0
	}
	return anyMayMeet(portsOf(a.Ports), union(portsOf(b.Ports)).Any()) && slices.ContainsFunc(a.Destinations, func(s string) bool {
		return slices.ContainsFunc(b.Destinations, func(o string) bool { return same(s, o) })
	})
}

// fromFirewall asks the guards about what comes from any instance of the
// firewall; where they differ nobody knows which one a client gets.
func (v view) fromFirewall(nic Interface, to Address, fw Firewall, where Packets) ruling {
	seen := Packets{AddressesIn([]netip.Prefix{fw.Subnet}), AllPorts(), where.Ports, where.Protocols}
	if seen.Empty() {
		return ruling{where, AnswerUnknown, []Reason{{Guard: fw.Name, Level: AtFirewall, Text: "the subnet of the firewall " + fw.Name + ", which the VM would see as the source, was not read"}}}
	}
	out := ruling{where: where}
	mixed := false
	for _, r := range v.guarded(nic, to, seen) {
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
