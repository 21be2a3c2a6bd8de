package azuresim

import (
	"net/netip"
	"slices"
	"strings"
)

// wholeBlock is how many addresses of a block are looked at one by one.
const wholeBlock = 256

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
	low, high := p.Addr(), lastOf(p)
	var all []netip.Addr
	if p.Addr().BitLen()-p.Bits() <= 8 {
		for a := low; len(all) < wholeBlock; a = a.Next() {
			if all = append(all, a); a == high {
				break
			}
		}
		return all
	}
	all = append(all, low, high)
	for _, text := range s.ruleDestinations() {
		if edge, ok := addressRange(text); ok {
			all = append(all, edge.Masked().Addr(), lastOf(edge).Next())
		}
	}
	all = slices.DeleteFunc(all, func(a netip.Addr) bool { return !p.Contains(a) })
	slices.SortFunc(all, netip.Addr.Compare)
	return slices.Compact(all)
}

// ruleDestinations are the destination words of every rule in effect.
func (s *Sim) ruleDestinations() []string {
	var out []string
	for _, g := range s.nsgs {
		for _, r := range g.applied {
			out = append(append(out, r.DestinationAddressPrefix), r.DestinationAddressPrefixes...)
		}
	}
	return out
}
