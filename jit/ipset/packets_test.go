package ipset_test

import (
	"net/netip"
	"testing"

	"pgregory.net/rapid"

	"jitbot/jit/ipset"
)

// places are the values that each part of a packet has in the properties.
const places = 4

// packet is one packet: the places of its source, source port, port, protocol.
type packet [4]byte

func address(n byte) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 0, n}) }

// sent reports whether the set has the packet.
func sent(s ipset.Packets, p packet) bool {
	return s.Sources.Contains(address(p[0])) && s.SourcePorts.Contains(ipset.Port(p[1])) &&
		s.Ports.Contains(ipset.Port(p[2])) && s.Protocols.Contains(ipset.Index(p[3]))
}

func drawnPackets(t *rapid.T, label string) ipset.Packets {
	span := func(of string) (from, to byte) {
		from = rapid.ByteRange(0, places-1).Draw(t, label+" "+of)
		return from, rapid.ByteRange(from, places-1).Draw(t, label+" last "+of)
	}
	var p ipset.Packets
	from, to := span("source")
	p.Sources = ipset.Span(address(from), address(to))
	from, to = span("source port")
	p.SourcePorts = ipset.Span(ipset.Port(from), ipset.Port(to))
	from, to = span("port")
	p.Ports = ipset.Span(ipset.Port(from), ipset.Port(to))
	from, to = span("protocol")
	p.Protocols = ipset.Span(ipset.Index(from), ipset.Index(to))
	return p
}

// each calls the function with every packet there is.
func each(f func(packet)) {
	for n := range places * places * places * places {
		f(packet{byte(n % places), byte(n / places % places), byte(n / places / places % places), byte(n / places / places / places)})
	}
}

func TestPacketsOneByOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := drawnPackets(t, "a"), drawnPackets(t, "b"), drawnPackets(t, "c")
		both, left, rest := a.Intersect(b), a.Subtract(b), ipset.SubtractAll([]ipset.Packets{a}, []ipset.Packets{b, c})
		some := false
		each(func(p packet) {
			inA, inB, inC := sent(a, p), sent(b, p), sent(c, p)
			some = some || inA && inB
			if sent(both, p) != (inA && inB) {
				t.Fatalf("%v: intersection %v", p, both)
			}
			if n := pieces(left, p); n > 1 || (n == 1) != (inA && !inB) {
				t.Fatalf("%v: %d pieces of the difference %v", p, n, left)
			}
			if n := pieces(rest, p); n > 1 || (n == 1) != (inA && !inB && !inC) {
				t.Fatalf("%v: %d pieces of what is left %v", p, n, rest)
			}
			if a.Merges(b) && sent(a.Merge(b), p) != (inA || inB) {
				t.Fatalf("%v: merged %v", p, a.Merge(b))
			}
		})
		if a.Overlaps(b) != some || both.Empty() == some {
			t.Fatalf("%v overlaps %v: %t", a, b, a.Overlaps(b))
		}
	})
}

// pieces is how many of the sets have the packet.
func pieces(sets []ipset.Packets, p packet) int {
	n := 0
	for _, s := range sets {
		if sent(s, p) {
			n++
		}
	}
	return n
}
