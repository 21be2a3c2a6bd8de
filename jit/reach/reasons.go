package reach

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/ipset"
	"jitbot/jit/resource"
	"jitbot/jit/rules"
	"jitbot/jit/text"
)

// ownerText says whose rule it is, where its name tells.
func ownerText(r rules.Rule) string {
	if _, ok := defenderRule(r.Name); ok {
		return ", a just-in-time rule of Microsoft Defender for Cloud"
	}
	n, ok := rules.ParseRuleName(r.Name)
	switch {
	case ok && n.Grant != "":
		return fmt.Sprintf(", jitbot's for the grant %s", n.Grant)
	case ok:
		return ", jitbot's protection"
	case r.Priority >= firstDefault:
		return ", a default rule of Azure"
	default:
		return ""
	}
}

// location is the guard in a sentence.
func (l effectiveRules) location() string {
	switch l.level {
	case AtSubnet:
		return l.name + " at the subnet"
	case AtInterface:
		return l.name + " at the network interface"
	default:
		return "the firewall " + l.name
	}
}

func (l effectiveRules) about(r rules.Rule, verb string) Reason {
	return Reason{Guard: l.guard, Rule: r.Name, Priority: r.Priority, Level: l.level, Allow: r.Allow, Text: fmt.Sprintf(
		"rule %s (priority %d%s) of %s %s", r.Name, r.Priority, ownerText(r), l.location(), verb)}
}

func (l effectiveRules) reason(r rules.Rule) Reason {
	if r.Allow {
		return l.about(r, "allows it")
	}
	return l.about(r, "denies it")
}

func (l effectiveRules) doubted(r rules.Rule, doubts []string) Reason {
	verb := "may deny it: "
	if r.Allow {
		verb = "may allow it: "
	}
	doubts = slices.Clone(doubts)
	slices.Sort(doubts)
	return l.about(r, verb+strings.Join(slices.Compact(doubts), ", and "))
}

func (l effectiveRules) unmatched() Reason {
	return Reason{Guard: l.guard, Level: l.level, Text: "no rule of " + l.location() + " allows it"}
}

func (l effectiveRules) unread() Reason {
	return Reason{Guard: l.guard, Level: l.level, Text: "the rules of " + l.location() + " were not read"}
}

// publicSide is the public side of a DNAT rule.
func (f Firewall) publicSide(t rules.Rule) string {
	return fmt.Sprintf("the firewall %s, %s port %s", f.Name, strings.Join(t.Destinations, " "), strings.Join(t.Ports, " "))
}

// subnets names the prefixes of the firewall's subnet.
func (f Firewall) subnets() string {
	words := make([]string, 0, len(f.Subnets))
	for _, p := range f.Subnets {
		words = append(words, p.String())
	}
	return strings.Join(words, " and ")
}

func (f Firewall) dnatReason(t rules.Rule) Reason {
	return Reason{Guard: f.Name, Rule: t.Name, Priority: t.Priority, Level: AtFirewall, Allow: true, Text: fmt.Sprintf(
		"rule %s (priority %d) of %s leads to port %d of %s, which then sees the firewall's subnet %s as the source",
		t.Name, t.Priority, f.publicSide(t), t.To.Port(), t.To.Addr(), f.subnets())}
}

// frontendReasons says how the internet gets to the address, if at all.
func (ev evaluator) frontendReasons(a jit.Address, packets ipset.Packets, translated bool) []Reason {
	var out []Reason
	add := func(format string, args ...any) {
		out = append(out, Reason{Level: AtFrontend, Text: fmt.Sprintf(format, args...)})
	}
	for _, f := range ev.topology.Frontends {
		switch {
		case f.To != a.Addr || f.Public == "":
		case len(f.Ports) == 0:
			add("The public address %s (%s) is before %s.", f.publicEnd(), f.Name, a.Addr)
		default:
			for _, m := range f.Ports {
				if len(packets.Ports.Intersect(ipset.Span(ipset.Port(m.BackendPorts.From), ipset.Port(m.BackendPorts.To)))) > 0 {
					add("The load balancer %s leads from %s port %s to port %s of %s; the rules see the client's own address.",
						f.Name, f.publicEnd(), m.frontendPorts(), m.BackendPorts.Span(), a.Addr)
				}
			}
		}
	}
	if len(out) == 0 && a.Public != "" {
		add("The public address %s is before %s.", resource.Name(a.Public), a.Addr)
	}
	if len(out) == 0 && !translated {
		add("No public address or load balancer before %s is known, "+
			"so nothing comes from the internet unless something else forwards it.", a.Addr)
	}
	return out
}

// publicEnd is the public address, or what is known of it.
func (f Frontend) publicEnd() string {
	if f.Unread {
		return f.Public + ", which could not be read,"
	}
	return f.Public
}

// frontendPorts are the ports that clients connect to.
func (m PortMapping) frontendPorts() string {
	if m.FrontendLast > m.FrontendPort {
		return fmt.Sprintf("%d-%d", m.FrontendPort, m.FrontendLast)
	}
	return fmt.Sprint(m.FrontendPort)
}

// reasons lists what decided, each reason with the packets that it is about,
// those that agree with the answer first.
func (ev evaluator) reasons(answer Answer, paths []path) []Reason {
	order := []Answer{AnswerAllow, AnswerDeny, AnswerUnknown}
	if answer == AnswerDeny || answer == AnswerUnknown {
		order = []Answer{answer, AnswerUnknown, AnswerDeny, AnswerAllow}
	}
	var out []Reason
	for i, a := range order {
		if slices.Contains(order[:i], a) {
			continue
		}
		for _, r := range paths {
			out = append(out, ev.reasonsOf(a, r)...)
		}
	}
	for _, r := range paths {
		out = append(out, r.notes...)
	}
	return out
}

func (ev evaluator) reasonsOf(a Answer, r path) []Reason {
	var out []Reason
	decisions := slices.Clone(r.decisions)
	for i, d := range decisions {
		if d.answer != a {
			continue
		}
		packets := d.packets
		for j := i + 1; j < len(decisions); j++ {
			if decisions[j].answer == a && slices.Equal(decisions[j].why, d.why) && packets.Merges(decisions[j].packets) {
				packets = packets.Merge(decisions[j].packets)
				decisions[j].answer = ""
			}
		}
		to := r.way.Address.String()
		if r.way.Via != "" {
			to += " by " + r.way.Via
		}
		for _, why := range d.why {
			why.Text = fmt.Sprintf("%s of %s: %s.", ev.packetsText(packets), to, why.Text)
			out = append(out, why)
		}
	}
	return out
}

// packetsText is who comes to which ports.
func (ev evaluator) packetsText(packets ipset.Packets) string {
	text := ev.sourcesText(packets.Sources)
	if !slices.Equal(packets.SourcePorts, ipset.AllPorts()) {
		text += " from source port " + portsText(packets.SourcePorts)
	}
	text += " to port " + portsText(packets.Ports)
	if len(ev.protocols) > 1 && packets.Protocols[0].From == packets.Protocols[0].To {
		text += " (" + strings.ToUpper(string(ev.protocols[packets.Protocols[0].From])) + ")"
	}
	return text
}

// sourcesText is a set of addresses for people.
func (ev evaluator) sourcesText(a ipset.Addresses) string {
	for _, named := range []struct {
		name string
		set  ipset.Addresses
	}{
		{"Any", ipset.AllAddresses()},
		{"Any IPv4 address", ipset.AllIPv4()},
		{"Any IPv6 address", ipset.AllIPv6()},
		{"The internet", ev.tags.Internet.Sure},
		{"The internet (IPv4)", ev.tags.Internet.Sure.Intersect(ipset.AllIPv4())},
		{"The internet (IPv6)", ev.tags.Internet.Sure.Intersect(ipset.AllIPv6())},
	} {
		if slices.Equal(a, named.set) {
			return named.name
		}
	}
	const most = 3
	words := make([]string, 0, most+1)
	for _, s := range a[:min(len(a), most)] {
		words = append(words, rangeText(s))
	}
	if len(a) > most {
		words = append(words, fmt.Sprintf("%d more ranges", len(a)-most))
	}
	return text.Join(words)
}

func rangeText(s ipset.Range[netip.Addr]) string {
	for bits := s.From.BitLen(); bits >= 0; bits-- {
		p := netip.PrefixFrom(s.From, bits).Masked()
		if p.Addr() != s.From || ipset.LastAddress(p).Compare(s.To) > 0 {
			break
		}
		if ipset.LastAddress(p) == s.To {
			return strings.TrimSuffix(p.String(), fmt.Sprintf("/%d", s.From.BitLen()))
		}
	}
	return s.From.String() + "-" + s.To.String()
}

func portsText(p ipset.Set[ipset.Port]) string {
	words := make([]string, 0, len(p))
	for _, s := range p {
		words = append(words, jit.Ports{From: uint16(s.From), To: uint16(s.To), Protocol: jit.TCP}.String())
	}
	return text.Join(words)
}
