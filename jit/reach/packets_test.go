package reach_test

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"jitbot/jit"
	"jitbot/jit/reach"
	"jitbot/jit/rules"
)

// packet is one packet, and world is all that a Topology may not know: who
// is behind each tag, what an unread guard says. Together they can be decided
// one packet at a time, with nothing clever.
type packet struct {
	source           netip.Addr
	sourcePort, port int
	protocol         jit.Protocol
}

func (p packet) isFor(ports jit.Ports) bool {
	return int(ports.From) <= p.port && p.port <= int(ports.To) && ports.Protocol.Covers(p.protocol)
}

type world struct {
	tags         map[string]netip.Prefix // who is in a service tag or an unknown group
	extra        netip.Prefix            // what VirtualNetwork holds beside what is known
	defaultRoute bool                    // whether VirtualNetwork holds it
	unread       bool                    // what the guards say that were not read
	instance     netip.Addr              // the firewall's instance that a client gets
	outgoing     int                     // and its source port
	hides        bool                    // what a firewall does that learns whom it hides
	reversed     bool                    // which network manager, and which of two rules of one priority, comes first
}

// lab is one case.
type lab struct {
	vm     jit.VM
	tables []rules.Table
	around reach.Topology
	flow   reach.Flow
}

func within(a netip.Addr, words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return netip.MustParsePrefix(w).Contains(a) })
}

func amongst(a netip.Addr, prefixes ...netip.Prefix) bool {
	return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(a) })
}

func probing(a netip.Addr) bool { return within(a, "168.63.129.16/32", "fe80::1234:5678:9abc/128") }

func (l lab) tied(a netip.Addr) bool {
	return amongst(a, l.around.VirtualNetwork...) || amongst(a, l.around.Peers...) || amongst(a, l.around.OnPremises...)
}

func (l lab) public(a netip.Addr) bool {
	return !within(a, "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7") && !probing(a) && !l.tied(a)
}

func (l lab) inside(w world, a netip.Addr) bool {
	if l.tied(a) || probing(a) {
		return true
	}
	for _, r := range l.around.Routed {
		if r.Contains(a) && (r.Bits() > 0 || w.defaultRoute) {
			return true
		}
	}
	return w.extra.Contains(a) && (len(l.around.VirtualNetwork) == 0 || l.around.Learned && within(a, "10.0.0.0/8", "fc00::/7"))
}

func (l lab) means(w world, word string, a netip.Addr) bool {
	switch strings.ToLower(word) {
	case "*":
		return true
	case "internet":
		return l.public(a)
	case "virtualnetwork":
		return l.inside(w, a)
	case "azureloadbalancer":
		return probing(a)
	}
	if p, err := netip.ParsePrefix(word); err == nil {
		return p.Contains(a)
	}
	if only, err := netip.ParseAddr(word); err == nil {
		return only == a
	}
	return w.tags[word].Contains(a)
}

func (l lab) member(w world, group string, a netip.Addr) bool {
	if l.around.Interfaces == nil {
		return within(a, "10.0.0.0/8", "fd00::/8") && w.tags[group].Contains(a)
	}
	for _, nic := range l.around.Interfaces {
		for _, x := range nic.Addresses {
			if x.Addr == a && slices.ContainsFunc(x.Groups, func(g string) bool { return strings.EqualFold(g, group) }) {
				return true
			}
		}
	}
	return false
}

func portIn(words []string, port int) bool {
	return slices.ContainsFunc(words, func(w string) bool {
		if w == "*" {
			return true
		}
		from, to, _ := strings.Cut(w, "-")
		a, _ := strconv.Atoi(from)
		b, _ := strconv.Atoi(cmp.Or(to, from))
		return a <= port && port <= b
	})
}

// takes says whether the rule is about the packet; the destination is asked
// about only where the rule is one of an NSG or a network rule.
func (l lab) takes(w world, r rules.Rule, to jit.Address, p packet) bool {
	source := slices.ContainsFunc(r.Sources, func(word string) bool { return l.means(w, word, p.source) }) ||
		slices.ContainsFunc(r.SourceGroups, func(g string) bool { return l.member(w, g, p.source) })
	destination := slices.ContainsFunc(r.Destinations, func(word string) bool {
		return strings.EqualFold(word, "VirtualNetwork") || !strings.EqualFold(word, "Internet") && l.means(w, word, to.Addr)
	}) || slices.ContainsFunc(r.Groups, func(g string) bool {
		return slices.ContainsFunc(to.Groups, func(o string) bool { return strings.EqualFold(g, o) })
	})
	return source && destination && (r.Protocol == "*" || r.Protocol == p.protocol) && portIn(r.SourcePorts, p.sourcePort) && portIn(r.Ports, p.port)
}

func (l lab) level(w world, guard string, to jit.Address, p packet) bool {
	if guard == "" {
		return true
	}
	_, allow := l.first(w, guard, to, p)
	return allow
}

// first is the rule that decides, by its number.
func (l lab) first(w world, guard string, to jit.Address, p packet) (priority int, allow bool) {
	for _, t := range l.tables {
		if !strings.EqualFold(t.Guard, guard) {
			continue
		}
		priority = 1 << 20
		for _, r := range slices.Concat(t.Rules, t.Defaults) {
			if r.Inbound && r.Priority < priority && l.takes(w, r, to, p) {
				priority, allow = r.Priority, r.Allow
			}
		}
		return priority, allow
	}
	return 0, w.unread
}

// guards asks the admin rules, by their number, and the groups after one that leaves
// it to them.
func (l lab) guards(w world, nic jit.Interface, to jit.Address, p packet) bool {
	first := reach.AdminRule{Rule: rules.Rule{Allow: true}}
	ordered := slices.Clone(l.around.AdminRules)
	slices.SortFunc(ordered, func(a, b reach.AdminRule) int {
		of, tie := strings.Compare(a.Manager, b.Manager), strings.Compare(a.Name, b.Name)
		if w.reversed {
			of, tie = -of, -tie
		}
		return cmp.Or(of, a.Priority-b.Priority, tie)
	})
	for _, r := range slices.Backward(ordered) {
		if r.Inbound && l.takes(w, r.Rule, to, p) {
			first = r
		}
	}
	if !first.Allow || first.Final {
		return first.Allow
	}
	return l.groups(w, nic, to, p)
}

func (l lab) groups(w world, nic jit.Interface, to jit.Address, p packet) bool {
	if nic.Guard == "" && to.SubnetGuard == "" {
		basic := slices.ContainsFunc(l.around.Frontends, func(f reach.Frontend) bool { return f.Basic && f.To == to.Addr })
		return basic || !l.public(p.source)
	}
	return l.level(w, to.SubnetGuard, to, p) && l.level(w, nic.Guard, to, p)
}

func (l lab) straight(w world, nic jit.Interface, to jit.Address, p packet) bool {
	for _, fw := range l.around.Firewalls {
		if !amongst(p.source, fw.Routed...) {
			continue
		}
		for _, r := range fw.NetworkRules {
			if l.takes(w, r, to, p) {
				if slices.Contains(fw.Hides, to.Addr) || w.hides && slices.Contains(fw.MayHide, to.Addr) {
					p.source, p.sourcePort = w.instance, w.outgoing
				}
				return r.Allow && l.guards(w, nic, to, p)
			}
		}
		return false
	}
	return l.guards(w, nic, to, p)
}

// byFirewall connects to each public side that leads to the VM's port.
func (l lab) byFirewall(w world, nic jit.Interface, to jit.Address, p packet) bool {
	for _, fw := range l.around.Firewalls {
		for _, t := range fw.DNATRules {
			inside := netip.AddrPortFrom(to.Addr, uint16(p.port))
			if t.To != inside {
				continue
			}
			outside, _ := strconv.Atoi(t.Ports[0])
			if t.AtPrivateEnd() && l.public(p.source) {
				continue
			}
			public := jit.Address{Addr: netip.MustParsePrefix(t.Destinations[0]).Addr()}
			sent := packet{p.source, p.sourcePort, outside, p.protocol}
			i := slices.IndexFunc(fw.DNATRules, func(o rules.Rule) bool { return l.takes(w, o, public, sent) })
			if i < 0 || fw.DNATRules[i].To != inside {
				continue
			}
			if l.guards(w, nic, to, packet{w.instance, w.outgoing, p.port, p.protocol}) {
				return true
			}
		}
	}
	return false
}

// arrives decides one packet.
func (l lab) arrives(w world, p packet) bool {
	for _, nic := range l.vm.Interfaces {
		for _, a := range nic.Addresses {
			if a.Addr.Is4() == p.source.Is4() && (l.straight(w, nic, a, p) || l.byFirewall(w, nic, a, p)) {
				return true
			}
		}
	}
	return false
}
