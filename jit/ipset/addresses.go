package ipset

import (
	"net/netip"
	"slices"
	"strings"
)

// Addresses is a set of IP addresses of both families.
type Addresses = Set[netip.Addr]

// AllAddresses are those of both families.
func AllAddresses() Addresses { return slices.Concat(AllIPv4(), AllIPv6()) }

// AllIPv4 are the addresses of IPv4.
func AllIPv4() Addresses { return AddressesOf(netip.PrefixFrom(netip.IPv4Unspecified(), 0)) }

// AllIPv6 are the addresses of IPv6.
func AllIPv6() Addresses { return AddressesOf(netip.PrefixFrom(netip.IPv6Unspecified(), 0)) }

// FamilyOf are all addresses of the address's family.
func FamilyOf(a netip.Addr) Addresses {
	if a.Is4() {
		return AllIPv4()
	}
	return AllIPv6()
}

// AddressesOf are those of a prefix.
func AddressesOf(p netip.Prefix) Addresses {
	p = p.Masked()
	return Addresses{{p.Addr(), LastAddress(p)}}
}

// LastAddress is the highest address of a prefix.
func LastAddress(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	last, _ := netip.AddrFromSlice(b)
	return last
}

// AddressesIn are those of any of the prefixes. One that is not valid has none.
func AddressesIn(prefixes []netip.Prefix) Addresses {
	var out Addresses
	for _, p := range prefixes {
		if p.IsValid() {
			out = append(out, AddressesOf(p)...)
		}
	}
	return out.Union(nil)
}

// ParseAddresses reads an address, a prefix, or a range such as firewalls take.
func ParseAddresses(word string) (Addresses, bool) {
	if p, ok := ParsePrefix(word); ok {
		return AddressesOf(p), true
	}
	first, last, _ := strings.Cut(word, "-")
	from, errFrom := netip.ParseAddr(strings.TrimSpace(first))
	to, errTo := netip.ParseAddr(strings.TrimSpace(last))
	if errFrom != nil || errTo != nil || from.BitLen() != to.BitLen() || from.Zone()+to.Zone() != "" || from.Compare(to) > 0 {
		return nil, false
	}
	return Addresses{{from, to}}, true
}
