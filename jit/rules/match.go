package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/ipset"
)

// AllowsTo reports whether it is a network rule that lets somebody to one of
// the ports.
func (r Rule) AllowsTo(addresses []netip.Addr, ports []jit.Ports) bool {
	return r.Allow && !r.To.IsValid() && slices.ContainsFunc(ports, func(p jit.Ports) bool {
		return slices.ContainsFunc(addresses, func(a netip.Addr) bool { return r.mayAim(trafficTo(a, p)) })
	})
}

// TranslatesTo reports whether it is a DNAT rule to one of the ports.
func (r Rule) TranslatesTo(addresses []netip.Addr, ports []jit.Ports) bool {
	return r.To.IsValid() && slices.Contains(addresses, r.To.Addr()) && slices.ContainsFunc(ports, func(p jit.Ports) bool {
		return p.From <= r.To.Port() && r.To.Port() <= p.To
	})
}

// MayOpen reports whether the group is not known to keep the address shut to
// what comes by the paths.
func (t Table) MayOpen(r jit.Request, to netip.Addr, paths []jit.Path) bool {
	sources := slices.Clone(r.Sources)
	for _, p := range paths {
		sources = append(sources, p.Sources...)
	}
	return slices.ContainsFunc(sources, func(source netip.Prefix) bool {
		return source.Addr().Is4() == to.Is4() && slices.ContainsFunc(r.Ports, func(port jit.Ports) bool { return t.mayLet(source, to, port) })
	})
}

// mayLet is Opens with every doubt the other way: a rule that may let part of
// the source in counts. Only a rule for the virtual network alone is not taken
// to let public addresses in, though that tag may hold some.
func (t Table) mayLet(source netip.Prefix, to netip.Addr, port jit.Ports) bool {
	asked := trafficTo(to, port).from(source)
	public := !ipset.PrivateSpace().Overlaps(asked.sources)
	for _, r := range t.evaluated() {
		switch {
		case !r.mayMeet(asked) || public && r.insideOnly():
		case r.Allow:
			return true
		case r.contains(asked):
			return false
		}
	}
	return false
}

// shortHash is eight hexadecimal characters: hundreds of VMs in one grant must
// not share one.
func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:4])
}

// Opens finds the rule that lets the sources reach the port of the address
// already, in the order Azure asks them. Only certain knowledge counts: a rule
// that meets part of the sources, or by a service tag, ends the search without
// an answer.
func (t Table) Opens(source netip.Prefix, to netip.Addr, port jit.Ports) (Rule, bool) {
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
func AlreadyOpen(o Owner, vm jit.VM, paths []jit.Path, tables map[string]Table, r jit.Request) []string {
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

func openedBy(o Owner, paths []jit.Path, tables map[string]Table, source netip.Prefix, port jit.Ports) (by []string, open bool) {
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

// opens is Opens for what is written at a path of the kind.
func (t Table) opens(kind jit.PathKind, source netip.Prefix, to netip.Addr, port jit.Ports) (Rule, bool) {
	if kind != jit.ByDNAT {
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

// SharesPublic reports whether two DNAT rules take packets of the same public
// address and port.
func SharesPublic(a, b Rule) bool {
	same := func(s, o string) bool {
		x, okX := ipset.ParseAddresses(s)
		y, okY := ipset.ParseAddresses(o)
		return s == "*" || o == "*" || strings.EqualFold(s, o) || okX && okY && len(x.Intersect(y)) > 0
	}
	return anyMayMeet(PortsOf(a.Ports), Union(PortsOf(b.Ports)).Any()) && slices.ContainsFunc(a.Destinations, func(s string) bool {
		return slices.ContainsFunc(b.Destinations, func(o string) bool { return same(s, o) })
	})
}
