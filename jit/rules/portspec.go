package rules

import (
	"strings"

	"jitbot/jit"
	"jitbot/jit/ipset"
)

// PortsOf reads ports, word by word. One that cannot be read may be any.
func PortsOf(words []string) []Members[ipset.Port] {
	out := make([]Members[ipset.Port], 0, len(words))
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

// SourcePortsOf are the source ports that the rule means: all where it names
// none.
func SourcePortsOf(r Rule) []Members[ipset.Port] {
	if len(r.SourcePorts) == 0 {
		return []Members[ipset.Port]{{Sure: ipset.AllPorts()}}
	}
	return PortsOf(r.SourcePorts)
}

// ProtocolCovers reports whether a rule for a also concerns b, in any of the words that
// Azure has for a protocol.
func ProtocolCovers(a, b jit.Protocol) bool { return protocolOf(a).Covers(protocolOf(b)) }

// protocolsMeet reports whether a packet may be of both.
func protocolsMeet(a, b jit.Protocol) bool { return ProtocolCovers(a, b) || ProtocolCovers(b, a) }

// protocolOf reads a protocol.
func protocolOf(word jit.Protocol) jit.Protocol {
	switch p := jit.Protocol(strings.ToLower(string(word))); p {
	case "all", "any":
		return jit.AnyProtocol
	default:
		return p
	}
}
