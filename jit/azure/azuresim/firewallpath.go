package azuresim

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// filterSet is what a firewall does now: its collections in the order they
// are looked at, by kind, and the destinations whose senders it does not
// translate.
type filterSet struct {
	nat, network []RuleCollection
	ranges       []string
}

// defaultRanges are not translated unless somebody changes it
// (https://learn.microsoft.com/azure/firewall/snat-private-range).
func defaultRanges() []string {
	return []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"}
}

// filters gives the rules of a firewall that are in effect: its own, or its
// policy's.
func (s *Sim) filters(m *firewallMeaning) filterSet {
	f := filterSet{ranges: m.ranges}
	var learned []string
	for _, policy := range s.chain(m.policy) {
		learned = append(learned, policy.written.learned...)
		if f.ranges == nil {
			f.ranges = policy.written.ranges
		}
	}
	for _, a := range s.asked(m, true) {
		switch a.Kind {
		case NAT:
			f.nat = append(f.nat, s.resolved(a.RuleCollection))
		case Network:
			f.network = append(f.network, a.RuleCollection)
		}
	}
	if f.ranges == nil {
		f.ranges = defaultRanges()
	}
	f.ranges = slices.Concat(f.ranges, learned)
	return f
}

// first is the first rule of some collections that a packet meets.
func first(all []RuleCollection, p packet) (RuleCollection, FirewallRule, bool) {
	for _, c := range all {
		for _, r := range c.Rules {
			if r.meets(p) {
				return c, r, true
			}
		}
	}
	return RuleCollection{}, FirewallRule{}, false
}

func (r FirewallRule) meets(p packet) bool {
	return slices.ContainsFunc(r.Protocols, func(w string) bool { return strings.EqualFold(w, "Any") || strings.EqualFold(w, p.protocol) }) &&
		spans(r.Sources, p.source) && spans(r.Destinations, p.destination) &&
		(strings.EqualFold(p.protocol, "Icmp") || hasPort("", r.Ports, p.port))
}

// spans says whether texts of addresses contain one. Service tags contain
// nothing here.
func spans(texts []string, a netip.Addr) bool {
	return slices.ContainsFunc(texts, func(text string) bool {
		low, high, ok := addressSpan(text)
		return text == "*" || ok && low.Compare(a) <= 0 && a.Compare(high) <= 0
	})
}

// translatesSender says whether the machine sees the firewall instead of the
// client when the firewall forwards to an address by a network rule.
func (f filterSet) translatesSender(to netip.Addr) bool {
	if to.Is6() && to.IsPrivate() {
		return false // unique local addresses never are
	}
	if len(f.ranges) == 1 && f.ranges[0] == "255.255.255.255/32" {
		return true // Azure's way to say: always
	}
	return !slices.ContainsFunc(f.ranges, func(text string) bool {
		if strings.EqualFold(text, "IANAPrivateRanges") {
			return spans(defaultRanges(), to)
		}
		return spans([]string{text}, to)
	})
}

// doors are the public addresses and ports at which NAT rules let a packet
// from somewhere in to an address and port.
func (f filterSet) doors(p packet) []string {
	var all []string
	for _, c := range f.nat {
		for _, r := range c.Rules {
			outside, port, leads := publicSide(r, p)
			if !leads || outside.IsPrivate() && !p.source.IsPrivate() {
				continue // nothing from the internet gets to an address inside
			}
			knock := packet{source: p.source, destination: outside, port: port, protocol: p.protocol}
			// An earlier rule for the same door leads elsewhere.
			if _, winner, met := first(f.nat, knock); met && winner.TranslatedAddress == r.TranslatedAddress &&
				winner.TranslatedPort == r.TranslatedPort {
				all = append(all, fmt.Sprintf("dnat %s/%s at %s:%d", c.Name, winner.Name, outside, port))
			}
		}
	}
	return all
}

// publicSide is where a NAT rule takes packets to what one is for.
func publicSide(r FirewallRule, p packet) (outside netip.Addr, port int, leads bool) {
	if r.TranslatedAddress != p.destination.String() || r.TranslatedPort != strconv.Itoa(p.port) ||
		len(r.Destinations) != 1 || len(r.Ports) != 1 {
		return outside, 0, false
	}
	outside, err := netip.ParseAddr(r.Destinations[0])
	port, bad := strconv.Atoi(r.Ports[0])
	return outside, port, err == nil && bad == nil
}

// forwards asks the network rules about a packet; none that meets it means
// no.
func (f filterSet) forwards(p packet) (bool, string) {
	c, r, met := first(f.network, p)
	if !met {
		return false, "no network rule"
	}
	return strings.EqualFold(c.Action, "Allow"), fmt.Sprintf("network %s/%s %s", c.Name, r.Name, strings.ToLower(c.Action))
}
