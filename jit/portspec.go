package jit

import "strings"

// portsOf reads ports, word by word. One that cannot be read may be any.
func portsOf(words []string) []Members[Port] {
	out := make([]Members[Port], 0, len(words))
	for _, w := range words {
		ports, ok := ParsePortRange(w)
		m := Members[Port]{Sure: ports}
		if !ok {
			m = Members[Port]{Maybe: AllPorts(), Doubts: []string{"the ports " + w + " cannot be read"}}
		}
		out = append(out, m)
	}
	return out
}

// sourcePortsOf are the source ports that the rule means: all where it names
// none.
func sourcePortsOf(r Rule) []Members[Port] {
	if len(r.SourcePorts) == 0 {
		return []Members[Port]{{Sure: AllPorts()}}
	}
	return portsOf(r.SourcePorts)
}

// protocolCovers reports whether a rule for a also concerns b, in any of the words that
// Azure has for a protocol.
func protocolCovers(a, b Protocol) bool { return protocolOf(a).Covers(protocolOf(b)) }

// protocolsMeet reports whether a packet may be of both.
func protocolsMeet(a, b Protocol) bool { return protocolCovers(a, b) || protocolCovers(b, a) }

// protocolOf reads a protocol.
func protocolOf(word Protocol) Protocol {
	switch p := Protocol(strings.ToLower(string(word))); p {
	case "all", "any":
		return AnyProtocol
	default:
		return p
	}
}
