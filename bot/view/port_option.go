package view

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"jitbot/jit"
	"jitbot/jit/lookup"
	"jitbot/jit/parse"
	"jitbot/jit/policies"
	"jitbot/jit/text"
)

// AcceptedSources says from where a port may be opened.
func AcceptedSources(pp jit.PortPolicy, widest jit.Widths) string {
	var words []string
	for _, s := range pp.Sources {
		words = append(words, Address(s))
	}
	if pp.Any {
		words = append(words, "any single address")
		if widest.V4 > 0 && widest.V4 < 32 {
			words = append(words, "any IPv4 range of /"+strconv.Itoa(widest.V4)+" or smaller")
		}
	}
	if len(words) == 0 {
		return "no address at all"
	}
	return Clip(strings.Join(words, ", "), 300)
}

// portTerms are the limits of one port.
func portTerms(pp jit.PortPolicy, o lookup.Offer) string {
	from := "from the ranges that the policy names"
	if pp.Any {
		from = "from any address"
		if o.Widest.V4 > 0 && o.Widest.V4 < 32 || o.Widest.V6 > 0 && o.Widest.V6 < 128 {
			from = "from any address or small range"
		}
	}
	return fmt.Sprintf("%s to %s, %s", text.Duration(pp.Shortest), text.Duration(pp.Longest), from)
}

// portValue is a port's option: 22/tcp, 8000-8010/*.
func portValue(p jit.Ports) string { return p.Span() + "/" + string(p.Protocol) }

// FindPortOption reads the value of an option, which nobody needs to have
// offered: it is good when it lies in what the policies offer.
func FindPortOption(value string, o lookup.Offer) (jit.PortPolicy, jit.Ports, bool) {
	want, ok := portOfValue(value)
	if !ok {
		return jit.PortPolicy{}, jit.Ports{}, false
	}
	return FindPorts(want, o)
}

// portOfValue reads what portValue wrote; the protocol may be anything.
func portOfValue(value string) (jit.Ports, bool) {
	if len(value) > MaxOptionText {
		return jit.Ports{}, false
	}
	span, protocol, _ := strings.Cut(value, "/")
	parsed, err := parse.Ports(span)
	if err != nil || len(parsed) != 1 {
		return jit.Ports{}, false
	}
	return jit.Ports{From: parsed[0].From, To: parsed[0].To, Protocol: jit.Protocol(protocol)}, true
}

// FindPorts finds the offer that the ports lie in; without a protocol they take
// the offer's.
func FindPorts(want jit.Ports, o lookup.Offer) (jit.PortPolicy, jit.Ports, bool) {
	return policies.Policy{Ports: o.Ports}.Find(want)
}

// Address writes a single address without its width.
func Address(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}
