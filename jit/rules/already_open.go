package rules

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/ipset"
)

// MayOpen reports whether the guard is not known to keep the address shut to
// what comes by the paths.
func (t Table) MayOpen(r jit.Request, to netip.Addr, paths []guardpath.Path) bool {
	sources := slices.Clone(r.Sources)
	for _, p := range paths {
		sources = append(sources, p.Sources...)
	}
	return slices.ContainsFunc(sources, func(source netip.Prefix) bool {
		return source.Addr().Is4() == to.Is4() && slices.ContainsFunc(r.Ports, func(port jit.Ports) bool {
			return t.mayLet(source, to, port)
		})
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
// sources reach the VM without a grant. Tables are by guard in lower case; only
// certain knowledge counts, as in Opens.
func (o Owner) AlreadyOpen(vm jit.VM, paths []guardpath.Path, tables map[string]Table, r jit.Request) []string {
	var notes []string
	for _, port := range r.Ports {
		for _, source := range r.Sources {
			by, open := o.openedBy(paths, tables, source, port)
			if open {
				notes = append(notes, fmt.Sprintf("%s: port %s is already open to %s without a grant, by %s.",
					vm.Name, port, source, strings.Join(by, " and ")))
			}
		}
	}
	return notes
}

// openedBy names the rules that let the source reach the port by every path; open
// is false where a path has none, or only one of ours.
func (o Owner) openedBy(paths []guardpath.Path, tables map[string]Table, source netip.Prefix, port jit.Ports) (by []string, open bool) {
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
func (t Table) opens(kind guardpath.Kind, source netip.Prefix, to netip.Addr, port jit.Ports) (Rule, bool) {
	if kind != guardpath.ByDNAT {
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
