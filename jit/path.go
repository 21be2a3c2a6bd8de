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

// PathsTo lists the guards in front of the VM for sources of the given
// families: the NSG of each interface and that of its subnet, since both must
// allow, each with the VM's addresses behind it. A VM without an address of a
// source's family, or without any NSG, is refused.
func PathsTo(vm VM, sources []netip.Prefix) ([]Path, error) {
	var paths []Path
	for _, v4 := range families(sources) {
		addresses, guards := inFront(vm, v4)
		if addresses == 0 {
			return nil, Refuse(ErrPolicy, "%s has no %s address, so nothing can be opened from there; ask from an address of its own family.", vm.Name, familyName(v4))
		}
		if len(guards) == 0 {
			return nil, Refuse(ErrPolicy, "%s has no network security group on its interfaces or subnets, so there is nothing to open; attach one first.", vm.Name)
		}
		for _, g := range guards {
			paths = addPath(paths, vm.ID, g.Guard, g.Addresses[0])
		}
	}
	slices.SortFunc(paths, func(a, b Path) int { return strings.Compare(strings.ToLower(a.Guard), strings.ToLower(b.Guard)) })
	return paths, nil
}

// inFront counts the VM's addresses of a family and lists the guards of each.
func inFront(vm VM, v4 bool) (addresses int, guards []Path) {
	for _, nic := range vm.Interfaces {
		for _, a := range nic.Addresses {
			if a.Addr.Is4() != v4 {
				continue
			}
			addresses++
			for _, guard := range []string{nic.Guard, a.SubnetGuard} {
				if guard != "" {
					guards = append(guards, Path{VM: vm.ID, Guard: guard, Addresses: []netip.Addr{a.Addr}})
				}
			}
		}
	}
	return addresses, guards
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

func addPath(paths []Path, vm, guard string, a netip.Addr) []Path {
	for i := range paths {
		p := &paths[i]
		if SameID(p.Guard, guard) {
			if !slices.Contains(p.Addresses, a) {
				p.Addresses = append(p.Addresses, a)
			}
			return paths
		}
	}
	return append(paths, Path{VM: vm, Guard: guard, Addresses: []netip.Addr{a}})
}

// Opens finds the rule that lets the sources reach the port of the address
// already, in the order Azure asks them. Only certain knowledge counts: a rule
// that meets part of the sources, or by a service tag, ends the search without
// an answer.
func (t Table) Opens(source netip.Prefix, to netip.Addr, port Ports) (Rule, bool) {
	probe := Rule{
		Inbound: true, Allow: true, Protocol: port.Protocol, Ports: []string{port.Span()},
		Sources: []string{source.String()}, Destinations: []string{to.String()}, Priority: 1 << 16,
	}
	rules := slices.Concat(t.Rules, t.Defaults)
	slices.SortStableFunc(rules, func(a, b Rule) int { return a.Priority - b.Priority })
	for _, r := range rules {
		if r.Inbound && mayMeet(r, probe) {
			return r, r.Allow && contains(r, source, to, port)
		}
	}
	return Rule{}, false
}

func contains(r Rule, source netip.Prefix, to netip.Addr, port Ports) bool {
	inPorts := slices.ContainsFunc(r.Ports, func(s string) bool {
		from, last, ok := readSpan(s)
		return ok && from <= int(port.From) && int(port.To) <= last
	})
	within := func(words []string, p netip.Prefix) bool {
		return slices.ContainsFunc(words, func(w string) bool {
			q, ok := parsePrefix(w)
			return w == "*" || strings.EqualFold(w, "internet") && !private(p) || ok && q.Bits() <= p.Bits() && q.Contains(p.Addr())
		})
	}
	anyPort := len(r.SourcePorts) == 0 || slices.Contains(r.SourcePorts, "*") || slices.Contains(r.SourcePorts, "0-65535")
	return inPorts && anyPort && r.Protocol.Covers(port.Protocol) && within(r.Sources, source) &&
		within(r.Destinations, netip.PrefixFrom(to, to.BitLen()))
}

// alreadyOpen says, for each port of the request, which foreign rules let its
// sources reach the VM without a grant.
func alreadyOpen(o Owner, vm VM, paths []Path, tables map[string]Table, r Request) []string {
	var notes []string
	for _, port := range r.Ports {
		for _, source := range r.Sources {
			by, open := openBy(o, paths, tables, source, port)
			if open {
				notes = append(notes, fmt.Sprintf("%s: port %s is already open to %s without a grant, by %s.", vm.Name, port, source, strings.Join(by, " and ")))
			}
		}
	}
	return notes
}

func openBy(o Owner, paths []Path, tables map[string]Table, source netip.Prefix, port Ports) (by []string, open bool) {
	for _, p := range paths {
		t := tables[strings.ToLower(p.Guard)]
		for _, a := range p.Addresses {
			if a.Is4() != source.Addr().Is4() {
				continue
			}
			rule, ok := t.Opens(source, a, port)
			if _, ours := o.Ours(rule); !ok || ours {
				return nil, false
			}
			by = append(by, fmt.Sprintf("rule %s (priority %d) of %s", rule.Name, rule.Priority, t.Name))
		}
	}
	slices.Sort(by)
	return slices.Compact(by), len(by) > 0
}
