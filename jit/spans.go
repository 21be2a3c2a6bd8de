package jit

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
)

// steps is what spans are made of: ordered values with neighbours.
type steps[T any] interface {
	Compare(other T) int
	Next() T
	Prev() T
}

// number is a port, or the place of a protocol in a list.
type number int

func (n number) Compare(o number) int { return cmp.Compare(n, o) }
func (n number) Next() number         { return n + 1 }
func (n number) Prev() number         { return n - 1 }

// span is an inclusive range.
type span[T steps[T]] struct{ from, to T }

// spans is a set as ranges: in order, apart from each other.
type spans[T steps[T]] []span[T]

func (s spans[T]) has(v T) bool {
	return slices.ContainsFunc(s, func(x span[T]) bool { return x.from.Compare(v) <= 0 && v.Compare(x.to) <= 0 })
}

// join is everything in s or o.
func (s spans[T]) join(o spans[T]) spans[T] {
	all := slices.Concat(s, o)
	slices.SortFunc(all, func(x, y span[T]) int { return x.from.Compare(y.from) })
	out := all[:0]
	for _, x := range all {
		last := len(out) - 1
		switch {
		case last < 0 || out[last].to.Compare(x.from) < 0 && out[last].to.Next().Compare(x.from) != 0:
			out = append(out, x)
		case out[last].to.Compare(x.to) < 0:
			out[last].to = x.to
		}
	}
	return out
}

// meet is everything in both s and o.
func (s spans[T]) meet(o spans[T]) spans[T] {
	var out spans[T]
	for i, j := 0, 0; i < len(s) && j < len(o); {
		x, y := s[i], o[j]
		from, to := x.from, x.to
		if from.Compare(y.from) < 0 {
			from = y.from
		}
		if to.Compare(y.to) > 0 {
			to = y.to
		}
		if from.Compare(to) <= 0 {
			out = append(out, span[T]{from, to})
		}
		if x.to.Compare(y.to) < 0 {
			i++
		} else {
			j++
		}
	}
	return out
}

// minus is everything in s that is not in o.
func (s spans[T]) minus(o spans[T]) spans[T] {
	var out spans[T]
	j := 0
	for _, x := range s {
		for j < len(o) && o[j].to.Compare(x.from) < 0 {
			j++
		}
		left := true
		for k := j; left && k < len(o) && o[k].from.Compare(x.to) <= 0; k++ {
			// Neighbours are asked for only inside the range: the last address
			// has no next one.
			if x.from.Compare(o[k].from) < 0 {
				out = append(out, span[T]{x.from, o[k].from.Prev()})
			}
			if left = o[k].to.Compare(x.to) < 0; left {
				x.from = o[k].to.Next()
			}
		}
		if left {
			out = append(out, x)
		}
	}
	return out
}

type addresses = spans[netip.Addr]

func addressesOf(p netip.Prefix) addresses {
	p = p.Masked()
	return addresses{{p.Addr(), lastOf(p)}}
}

func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	last, _ := netip.AddrFromSlice(b)
	return last
}

func addressesIn(prefixes []netip.Prefix) addresses {
	var out addresses
	for _, p := range prefixes {
		if p.IsValid() {
			out = append(out, addressesOf(p)...)
		}
	}
	return out.join(nil)
}

// everywhere is all addresses of a family.
func everywhere(v4 bool) addresses {
	if v4 {
		return addressesOf(netip.PrefixFrom(netip.IPv4Unspecified(), 0))
	}
	return addressesOf(netip.PrefixFrom(netip.IPv6Unspecified(), 0))
}

func everyAddress() addresses { return slices.Concat(everywhere(true), everywhere(false)) }

// readAddresses reads an address, a prefix, or a range such as firewalls take.
func readAddresses(word string) (addresses, bool) {
	if p, ok := parsePrefix(word); ok {
		return addressesOf(p), true
	}
	first, last, _ := strings.Cut(word, "-")
	from, errFrom := netip.ParseAddr(strings.TrimSpace(first))
	to, errTo := netip.ParseAddr(strings.TrimSpace(last))
	if errFrom != nil || errTo != nil || from.BitLen() != to.BitLen() || from.Zone()+to.Zone() != "" || from.Compare(to) > 0 {
		return nil, false
	}
	return addresses{{from, to}}, true
}

func everyPort() spans[number] { return spans[number]{{0, 65535}} }

// region is a set of packets to one address: each that has a source, source
// port, port and protocol of the sets.
type region struct {
	sources                       addresses
	sourcePorts, ports, protocols spans[number]
}

func (r region) empty() bool {
	return len(r.sources) == 0 || len(r.sourcePorts) == 0 || len(r.ports) == 0 || len(r.protocols) == 0
}

func (r region) meet(o region) region {
	return region{r.sources.meet(o.sources), r.sourcePorts.meet(o.sourcePorts), r.ports.meet(o.ports), r.protocols.meet(o.protocols)}
}

// minus is what of r is not in o, in pieces that share no packet.
func (r region) minus(o region) []region {
	both := r.meet(o)
	if both.empty() {
		return []region{r}
	}
	var out []region
	keep := func(piece region) {
		if !piece.empty() {
			out = append(out, piece)
		}
	}
	keep(region{r.sources.minus(o.sources), r.sourcePorts, r.ports, r.protocols})
	keep(region{both.sources, r.sourcePorts.minus(o.sourcePorts), r.ports, r.protocols})
	keep(region{both.sources, both.sourcePorts, r.ports.minus(o.ports), r.protocols})
	keep(region{both.sources, both.sourcePorts, both.ports, r.protocols.minus(o.protocols)})
	return out
}

// joins reports whether both are told as one without saying more than either.
func (r region) joins(o region) bool {
	return slices.Equal(r.sourcePorts, o.sourcePorts) && slices.Equal(r.protocols, o.protocols) &&
		(slices.Equal(r.sources, o.sources) || slices.Equal(r.ports, o.ports))
}

// union is of two that join.
func (r region) union(o region) region {
	r.sources, r.ports = r.sources.join(o.sources), r.ports.join(o.ports)
	return r
}

// without takes each of the others out of the pieces.
func without(pieces, others []region) []region {
	for _, o := range others {
		var left []region
		for _, p := range pieces {
			left = append(left, p.minus(o)...)
		}
		pieces = left
	}
	return pieces
}
