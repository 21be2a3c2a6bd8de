package reach

import (
	"fmt"
	"slices"

	"jitbot/jit"
	"jitbot/jit/ipset"
	"jitbot/jit/resource"
	"jitbot/jit/rules"
)

// unreadPath is the way to what stands as an address of the interface and cannot be
// read: what becomes of packets to it is not known.
func (ev evaluator) unreadPath(nic jit.Interface, text string, asked ipset.Packets) path {
	return ev.path(nic, jit.Address{}, "", asked, []decision{{asked, AnswerUnknown, []Reason{{
		Level: AtNowhere, Text: unreadText(nic, text),
	}}}})
}

func unreadText(nic jit.Interface, text string) string {
	return fmt.Sprintf("the interface %s has %s as an address, which jitbot cannot look at", resource.Name(nic.ID), text)
}

// noteUnknown keeps what is not known and may let somebody in to the VM: addresses
// that cannot be read, and host names to which firewalls lead.
func (s *scan) noteUnknown(vm jit.VM) {
	for _, nic := range vm.Interfaces {
		for _, text := range nic.Unread {
			s.unknown = append(s.unknown, unreadText(nic, text))
		}
		for _, a := range nic.Addresses {
			s.noteHosts(nic, a)
		}
	}
}

// noteHosts keeps the host names to which firewalls lead, and that may be the VM's.
func (s *scan) noteHosts(nic jit.Interface, a jit.Address) {
	for _, h := range s.topology.ToHosts {
		packets := ipset.Packets{
			Sources: ipset.FamilyOf(a.Addr), SourcePorts: ipset.AllPorts(), Ports: managementPorts(),
			Protocols: ipset.Span(0, ipset.Index(len(s.protocols)-1)),
		}
		if slices.ContainsFunc(s.toHost(nic, a, h, packets), func(d decision) bool { return d.answer != AnswerDeny }) {
			s.unknown = append(s.unknown, h.text())
		}
	}
}

// text says where the rule may lead.
func (h HostRule) text() string {
	return fmt.Sprintf("rule %s (priority %d) of %s leads to port %s of the host name %s, and whether that is this VM is not known",
		h.Rule.Name, h.Rule.Priority, h.Firewall.publicSide(h.Rule), hostPort(h), h.Rule.Host)
}

func hostPort(h HostRule) string {
	if port := h.Rule.To.Port(); port != 0 {
		return fmt.Sprint(port)
	}
	return "any"
}

// toHost is what becomes of packets that the rule takes to a host name, were it the
// VM's: not known, unless the guards deny what comes from the firewall.
func (ev evaluator) toHost(nic jit.Interface, to jit.Address, h HostRule, packets ipset.Packets) []decision {
	if port := h.Rule.To.Port(); port != 0 {
		packets.Ports = packets.Ports.Intersect(ipset.One(ipset.Port(port)))
	}
	if packets.Empty() || !to.Addr.Is4() {
		return nil
	}
	open := h.Rule
	open.Allow, open.Destinations, open.Ports = true, []string{"*"}, []string{"*"} // whoever gets to its public side
	l := effectiveRules{guard: h.Firewall.Name, name: h.Firewall.Name, level: AtFirewall, rules: []rules.Rule{open}}
	var out []decision
	for _, d := range ev.evaluate(l, to, packets) {
		if d.answer == AnswerDeny {
			continue
		}
		d.answer = AnswerUnknown
		d.why = []Reason{{Guard: h.Firewall.Name, Rule: h.Rule.Name, Priority: h.Rule.Priority, Level: AtFirewall, Text: h.text()}}
		out = append(out, d)
	}
	return inSeries(out, func(packets ipset.Packets) []decision {
		return []decision{ev.behindFirewall(nic, to, h.Firewall, packets)}
	})
}
