package ipset

import (
	"net/netip"
)

// PrefixesOf is the set as the fewest prefixes.
func PrefixesOf(a Addresses) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range a {
		for from := s.From; ; {
			p := widestAt(from, s.To)
			out = append(out, p)
			if LastAddress(p) == s.To {
				break
			}
			from = LastAddress(p).Next()
		}
	}
	return out
}

// widestAt is the widest prefix that begins at from and does not go beyond to.
func widestAt(from, to netip.Addr) netip.Prefix {
	for bits := range from.BitLen() {
		p := netip.PrefixFrom(from, bits)
		if p.Masked().Addr() == from && LastAddress(p).Compare(to) <= 0 {
			return p
		}
	}
	return netip.PrefixFrom(from, from.BitLen())
}

// PrivateIPv4 reports whether the address is one of RFC 1918 or RFC 6598, the
// ranges that Azure Firewall means by IANAPrivateRanges.
// https://learn.microsoft.com/azure/firewall/snat-private-range
func PrivateIPv4(a netip.Addr) bool { return a.Is4() && PrivateSpace().Contains(a) }

// ParsePrefix reads an address or a prefix as Azure writes them; a lone
// address is the prefix of one.
func ParsePrefix(s string) (netip.Prefix, bool) {
	if a, err := netip.ParseAddr(s); err == nil {
		if a.Zone() != "" {
			return netip.Prefix{}, false
		}
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, false
	}
	return p.Masked(), true
}

// PrivateSpace are the addresses of PrivatePrefixes.
func PrivateSpace() Addresses {
	var out []netip.Prefix
	for _, s := range PrivatePrefixes() {
		out = append(out, netip.MustParsePrefix(s))
	}
	return AddressesIn(out)
}

// PrivatePrefixes are what the tag Internet leaves out: RFC 1918, RFC 6598 and
// RFC 4193.
func PrivatePrefixes() []string {
	return []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"}
}
