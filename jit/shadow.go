package jit

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// InForce reports whether the guard holds the rule as planned, settled, with
// no deny above it; otherwise why not.
func (t Table) InForce(want Rule) (bool, error) {
	for _, r := range t.Rules {
		if !strings.EqualFold(r.Name, want.Name) {
			continue
		}
		if !r.Equal(want) {
			return false, nil
		}
		if d, shadowed := t.Shadow(r); shadowed {
			return false, shadowRefusal(t, d)
		}
		return r.Settled && t.Settled, nil
	}
	return false, nil
}

func shadowRefusal(t Table, d Rule) error {
	if IsFirewall(t.Guard) {
		return Refuse(ErrPolicy, "The rule %s of the %s %s is asked before any of ours, and denies this or leads it elsewhere; move it behind ours, or ask from elsewhere.",
			d.Name, KindOf(t.Guard).Noun(), t.Name)
	}
	return Refuse(ErrPolicy, "The rule %s (priority %s) in %s denies this before any allow of ours; move it behind our band or ask from elsewhere.",
		d.Name, fmt.Sprint(d.Priority), t.Name)
}

// Shadow finds a deny that stands before the allow and may meet what it
// allows, or a DNAT rule that stands before one of ours at its public side.
// What cannot be known, such as who is in a service tag, counts as met.
func (t Table) Shadow(allow Rule) (Rule, bool) {
	for _, d := range t.Rules {
		if d.before(allow) {
			return d, true
		}
	}
	return Rule{}, false
}

func mayMeet(d, allow Rule) bool {
	return (d.Protocol.Covers(allow.Protocol) || allow.Protocol.Covers(d.Protocol)) &&
		portsMeet(d.Ports, allow.Ports) &&
		sourcesMeet(d, allow.Sources) && destinationsMeet(d, allow.Destinations)
}

func portsMeet(a, b []string) bool {
	for _, x := range a {
		for _, y := range b {
			xFrom, xTo, xOK := readSpan(x)
			yFrom, yTo, yOK := readSpan(y)
			if !xOK || !yOK || xFrom <= yTo && yFrom <= xTo {
				return true
			}
		}
	}
	return false
}

func readSpan(s string) (from, to int, ok bool) {
	if s == "*" {
		return 0, 65535, true
	}
	a, b, ranged := strings.Cut(s, "-")
	if !ranged {
		b = a
	}
	from, errFrom := strconv.Atoi(a)
	to, errTo := strconv.Atoi(b)
	return from, to, errFrom == nil && errTo == nil
}

// sourcesMeet reports whether the deny may concern one of the sources.
func sourcesMeet(d Rule, sources []string) bool {
	return slices.ContainsFunc(sources, func(s string) bool {
		p, ok := parsePrefix(s)
		// Members of an application security group have private addresses.
		return !ok || len(d.SourceGroups) > 0 && private(p) ||
			slices.ContainsFunc(d.Sources, func(word string) bool { return sourceMeets(word, p) })
	})
}

func sourceMeets(word string, p netip.Prefix) bool {
	if q, ok := parsePrefix(word); ok {
		return q.Overlaps(p)
	}
	switch strings.ToLower(word) {
	case "azureloadbalancer":
		return false // probes only, from an address nobody can ask for
	case "internet":
		return !private(p)
	default:
		return true // *, VirtualNetwork, which may hold anything routed to it, and the other tags
	}
}

func destinationsMeet(d Rule, destinations []string) bool {
	if len(d.Groups) > 0 {
		return true
	}
	for _, word := range d.Destinations {
		q, isPrefix := parsePrefix(word)
		if !isPrefix {
			if strings.EqualFold(word, "internet") {
				continue // a VM's private address is not the internet
			}
			return true
		}
		for _, s := range destinations {
			if p, ok := parsePrefix(s); !ok || q.Overlaps(p) {
				return true
			}
		}
	}
	return false
}

// private reports whether the whole prefix lies in what the tag Internet leaves
// out.
func private(p netip.Prefix) bool {
	for _, s := range privatePrefixes() {
		q := netip.MustParsePrefix(s)
		if q.Bits() <= p.Bits() && q.Contains(p.Addr()) {
			return true
		}
	}
	return false
}
