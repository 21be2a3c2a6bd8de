package azuresim

import (
	"net/netip"
	"slices"
	"strings"
)

// smallBlock is how many bits a block may leave open whose addresses are looked
// at one by one.
const smallBlock = 8

// block is the prefix of a configuration's address: one address, or a block of
// them.
func (ip IPConfig) block() (netip.Prefix, bool) {
	if strings.Contains(ip.Address, "/") {
		p, err := netip.ParsePrefix(ip.Address)
		return p.Masked(), err == nil
	}
	a, err := netip.ParseAddr(ip.Address)
	return netip.PrefixFrom(a, a.BitLen()), err == nil
}

// holds says whether a configuration has an address.
func (ip IPConfig) holds(a netip.Addr) bool {
	p, ok := ip.block()
	return ok && p.Contains(a)
}

// destinations are the addresses of a configuration, of the source's family,
// that stand for all of them: each one of a block that is not large; of a
// large one those at which any rule in effect begins or ends to apply.
func (s *Sim) destinations(ip IPConfig, source netip.Addr) []netip.Addr {
	p, ok := ip.block()
	if !ok || p.Addr().Is4() != source.Unmap().Is4() {
		return nil
	}
	if p.Addr().BitLen()-p.Bits() <= smallBlock {
		return each(p)
	}
	all := append(s.edges(), p.Addr(), lastOf(p))
	all = slices.DeleteFunc(all, func(a netip.Addr) bool { return !p.Contains(a) })
	slices.SortFunc(all, netip.Addr.Compare)
	return slices.Compact(all)
}

// each are the addresses of a block.
func each(p netip.Prefix) []netip.Addr {
	var all []netip.Addr
	for a := p.Addr(); p.Contains(a); a = a.Next() {
		all = append(all, a)
	}
	return all
}

// edges are the addresses at which a rule in effect begins to apply, and those
// after the last one.
func (s *Sim) edges() []netip.Addr {
	var all []netip.Addr
	for _, g := range s.nsgs {
		for _, r := range g.applied {
			for _, text := range append([]string{r.DestinationAddressPrefix}, r.DestinationAddressPrefixes...) {
				if p, ok := addressRange(text); ok {
					all = append(all, p.Masked().Addr(), lastOf(p).Next())
				}
			}
		}
	}
	return all
}
