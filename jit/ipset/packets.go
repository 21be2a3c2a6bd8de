package ipset

import (
	"slices"
)

// Packets is a set of packets to one address: each that has a source, source
// port, port and protocol of the sets. A protocol is its place in a list that
// is the same for all sets that meet.
type Packets struct {
	Sources            Addresses
	SourcePorts, Ports Set[Port]
	Protocols          Set[Index]
}

// Empty reports whether there is no packet in the set.
func (p Packets) Empty() bool {
	return len(p.Sources) == 0 || len(p.SourcePorts) == 0 || len(p.Ports) == 0 || len(p.Protocols) == 0
}

// Overlaps reports whether some packet is in both.
func (p Packets) Overlaps(o Packets) bool { return !p.Intersect(o).Empty() }

// Intersect is every packet in both.
func (p Packets) Intersect(o Packets) Packets {
	return Packets{
		p.Sources.Intersect(o.Sources), p.SourcePorts.Intersect(o.SourcePorts),
		p.Ports.Intersect(o.Ports), p.Protocols.Intersect(o.Protocols),
	}
}

// Subtract is what of p is not in o, in pieces that share no packet.
func (p Packets) Subtract(o Packets) []Packets {
	both := p.Intersect(o)
	if both.Empty() {
		return []Packets{p}
	}
	var out []Packets
	keep := func(piece Packets) {
		if !piece.Empty() {
			out = append(out, piece)
		}
	}
	keep(Packets{p.Sources.Subtract(o.Sources), p.SourcePorts, p.Ports, p.Protocols})
	keep(Packets{both.Sources, p.SourcePorts.Subtract(o.SourcePorts), p.Ports, p.Protocols})
	keep(Packets{both.Sources, both.SourcePorts, p.Ports.Subtract(o.Ports), p.Protocols})
	keep(Packets{both.Sources, both.SourcePorts, both.Ports, p.Protocols.Subtract(o.Protocols)})
	return out
}

// Merges reports whether both are told as one without saying more than either.
func (p Packets) Merges(o Packets) bool {
	return slices.Equal(p.SourcePorts, o.SourcePorts) && slices.Equal(p.Protocols, o.Protocols) &&
		(slices.Equal(p.Sources, o.Sources) || slices.Equal(p.Ports, o.Ports))
}

// Merge is the union of two that merge.
func (p Packets) Merge(o Packets) Packets {
	p.Sources, p.Ports = p.Sources.Union(o.Sources), p.Ports.Union(o.Ports)
	return p
}

// SubtractAll takes each of the others out of the pieces.
func SubtractAll(pieces, others []Packets) []Packets {
	for _, o := range others {
		var left []Packets
		for _, p := range pieces {
			left = append(left, p.Subtract(o)...)
		}
		pieces = left
	}
	return pieces
}
