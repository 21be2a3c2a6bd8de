package jit

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// shortHash is eight hexadecimal characters: hundreds of VMs in one grant must
// not share one.
func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:4])
}

// PathsTo lists the guards in front of the VM for a request from the sources to
// the ports: the NSG of each interface and that of its subnet, since both must
// allow, and the firewalls on the way, each with the VM's addresses behind it.
// A VM without an address of a source's family, or without anything that
// filters, is refused, and so is what a firewall cannot do.
func PathsTo(installation string, vm VM, ports []Ports, sources []netip.Prefix) ([]Path, error) {
	w := finder{installation: installation, vm: vm, ports: ports}
	for _, v4 := range families(sources) {
		mine := slices.DeleteFunc(slices.Clone(sources), func(p netip.Prefix) bool { return p.Addr().Is4() != v4 })
		if err := w.family(v4, mine); err != nil {
			return nil, err
		}
	}
	return w.sorted(), nil
}

func Unfiltered(vm VM, what string) *Refusal {
	return Refuse(ErrPolicy, "%s has no network security group on its interfaces or subnets and no firewall before it, so there is nothing to %s; attach one first.", vm.Name, what)
}

// Order sorts paths by guard, and those of one guard by what is written there.
func (p Path) Order() string {
	return strings.ToLower(p.Guard) + " " + string(p.Kind) + " " + joinPrefixes(p.Sources)
}

func joinPrefixes(list []netip.Prefix) string {
	words := make([]string, 0, len(list))
	for _, p := range list {
		words = append(words, p.String())
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

func families(sources []netip.Prefix) []bool {
	var out []bool
	for _, v4 := range []bool{true, false} {
		if slices.ContainsFunc(sources, func(p netip.Prefix) bool { return p.Addr().Is4() == v4 }) {
			out = append(out, v4)
		}
	}
	return out
}

func familyName(v4 bool) string {
	if v4 {
		return "IPv4"
	}
	return "IPv6"
}

// Opens finds the rule that lets the sources reach the port of the address
// already, in the order Azure asks them. Only certain knowledge counts: a rule
// that meets part of the sources, or by a service tag, ends the search without
// an answer.
func (t Table) Opens(source netip.Prefix, to netip.Addr, port Ports) (Rule, bool) {
	asked := trafficTo(to, port).from(source)
	for _, r := range t.evaluated() {
		if r.mayMeet(asked) {
			return r, r.Allow && r.contains(asked)
		}
	}
	return Rule{}, false
}

// evaluated are the rules about what comes in, in the order in which Azure
// asks them.
func (t Table) evaluated() []Rule {
	rules := slices.DeleteFunc(slices.Concat(t.Rules, t.Defaults), func(r Rule) bool { return !r.Inbound || r.To.IsValid() })
	slices.SortStableFunc(rules, func(a, b Rule) int { return a.Priority - b.Priority })
	return rules
}

// AlreadyOpen says, for each port of the request, which foreign rules let its
// sources reach the VM without a grant.
func AlreadyOpen(o Owner, vm VM, paths []Path, tables map[string]Table, r Request) []string {
	var notes []string
	for _, port := range r.Ports {
		for _, source := range r.Sources {
			by, open := openedBy(o, paths, tables, source, port)
			if open {
				notes = append(notes, fmt.Sprintf("%s: port %s is already open to %s without a grant, by %s.", vm.Name, port, source, strings.Join(by, " and ")))
			}
		}
	}
	return notes
}

func openedBy(o Owner, paths []Path, tables map[string]Table, source netip.Prefix, port Ports) (by []string, open bool) {
	for _, p := range paths {
		t := tables[strings.ToLower(p.Guard)]
		seen, concerned := p.SourceSeen(source)
		for _, a := range p.Addresses {
			if !concerned || a.Is4() != source.Addr().Is4() {
				continue
			}
			rule, ok := t.opens(p.Kind, seen, a, port)
			if _, ours := o.Ours(rule); !ok || ours {
				return nil, false
			}
			by = append(by, fmt.Sprintf("rule %s (priority %d) of %s", rule.Name, rule.Priority, t.Name))
		}
	}
	slices.Sort(by)
	return slices.Compact(by), len(by) > 0
}

// SourceSeen is what the guard of the path sees of a source; not concerned when the
// source goes another way.
func (p Path) SourceSeen(source netip.Prefix) (seen netip.Prefix, concerned bool) {
	if p.Kind == BehindFirewall {
		return p.Sources[0], true
	}
	return source, p.Sources == nil || slices.Contains(p.Sources, source)
}

// opens is Opens for what is written at a path of the kind.
func (t Table) opens(kind PathKind, source netip.Prefix, to netip.Addr, port Ports) (Rule, bool) {
	if kind != ByDNAT {
		return t.Opens(source, to, port)
	}
	for _, r := range t.Rules {
		public := r // to whom the public side answers is the same question
		public.Destinations, public.Ports = []string{to.String()}, []string{port.Span()}
		if r.To == netip.AddrPortFrom(to, port.From) && public.contains(trafficTo(to, port).from(source)) {
			return r, true
		}
	}
	return Rule{}, false
}
