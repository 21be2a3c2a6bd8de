package rules

import (
	"strings"

	"jitbot/jit"
	"jitbot/jit/ipset"
)

// PortRanges are the ports at the destination that the rule means. A word that
// cannot be read may be any port.
func (r Rule) PortRanges() Field[ipset.Port] { return portRanges(r.Ports) }

// SourcePortRanges are the source ports that the rule means: all where it names
// none.
func (r Rule) SourcePortRanges() Field[ipset.Port] {
	if len(r.SourcePorts) == 0 {
		return Field[ipset.Port]{{Sure: ipset.AllPorts()}}
	}
	return portRanges(r.SourcePorts)
}

func portRanges(words []string) Field[ipset.Port] {
	out := make(Field[ipset.Port], 0, len(words))
	for _, w := range words {
		ports, ok := ipset.ParsePortRange(w)
		m := Members[ipset.Port]{Sure: ports}
		if !ok {
			m = Members[ipset.Port]{Maybe: ipset.AllPorts(), Doubts: []string{"the ports " + w + " cannot be read"}}
		}
		out = append(out, m)
	}
	return out
}

// CoversProtocol reports whether the rule is about all packets of the protocol.
func (r Rule) CoversProtocol(p jit.Protocol) bool { return protocolCovers(r.Protocol, p) }

// protocolCovers reports whether a rule for a also concerns b, in any of the
// words that Azure has for a protocol.
func protocolCovers(a, b jit.Protocol) bool { return protocolOf(a).Covers(protocolOf(b)) }

// protocolsMeet reports whether a packet may be of both.
func protocolsMeet(a, b jit.Protocol) bool { return protocolCovers(a, b) || protocolCovers(b, a) }

// protocolOf is the protocol that one of Azure's words means.
func protocolOf(word jit.Protocol) jit.Protocol {
	switch p := jit.Protocol(strings.ToLower(string(word))); p {
	case "all", "any":
		return jit.AnyProtocol
	default:
		return p
	}
}
