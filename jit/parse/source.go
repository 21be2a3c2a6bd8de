package parse

import (
	"net/netip"
	"slices"
	"strings"

	"jitbot/jit"
)

// Source reads the address or range that access is wanted from. What
// cannot be one person's way in is refused: everything, whatever holds
// loopback, multicast, link-local or reserved addresses, mapped addresses,
// zones, host bits. IPv6 may be in brackets.
func Source(s string) (netip.Prefix, error) {
	p, err := readSource(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	a := p.Addr()
	switch {
	case p.Bits() == 0:
		return netip.Prefix{}, jit.Refuse(jit.ErrInput, "%s is the whole internet; write your own address, such as 203.0.113.7.", s)
	case p != p.Masked():
		return netip.Prefix{}, jit.Refuse(jit.ErrInput, "%s has bits set behind its prefix; write %s for the range or %s for the one address.",
			s, p.Masked(), a)
	case slices.ContainsFunc(nobodys, p.Overlaps):
		return netip.Prefix{}, jit.Refuse(jit.ErrInput, "%s is or holds an address that nobody can come from "+
			"(loopback, multicast, link-local or reserved); write your own address.", s)
	}
	return p, nil
}

// unbracketed is an IPv6 address or range without the brackets that URLs have.
func unbracketed(s string) string {
	inside, ok := strings.CutPrefix(s, "[")
	address, bits, closed := strings.Cut(inside, "]")
	if !ok || !closed || !strings.Contains(address, ":") || bits != "" && (bits[0] != '/' || strings.Contains(address, "/")) {
		return s
	}
	return address + bits
}

func readSource(typed string) (netip.Prefix, error) {
	bad := jit.Refuse(jit.ErrInput, "%s is no address; write one such as 203.0.113.7, 198.51.100.0/24 or 2001:db8::7.", typed)
	s := unbracketed(Fold(typed))
	var p netip.Prefix
	if strings.Contains(s, "/") {
		var err error
		if p, err = netip.ParsePrefix(s); err != nil {
			return p, bad
		}
	} else {
		a, err := netip.ParseAddr(s)
		if err != nil {
			return p, bad
		}
		if a.Zone() != "" {
			return p, jit.Refuse(jit.ErrInput, "%s has a zone, which means something on one machine only; write the address without it.", typed)
		}
		p = netip.PrefixFrom(a, a.BitLen())
	}
	if p.Addr().Is4In6() {
		return p, jit.Refuse(jit.ErrInput, "%s is an IPv4 address dressed as IPv6; write it as %s.", typed, p.Addr().Unmap())
	}
	return p, nil
}

// nobodys are the addresses that Azure or the internet use for themselves:
// "this network", loopback, link-local, multicast with 240/4 and the broadcast
// address, and Azure's own 168.63.129.16.
var nobodys = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("169.254.0.0/16"),
	netip.MustParsePrefix("224.0.0.0/3"), netip.MustParsePrefix("168.63.129.16/32"),
	netip.MustParsePrefix("::/127"), netip.MustParsePrefix("fe80::/10"), netip.MustParsePrefix("ff00::/8"),
}
