package azure

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
)

// maxBlockBits is how many bits a block may leave open whose addresses rules name
// one by one: all that Azure gives of IPv4, which are a /28.
// https://learn.microsoft.com/azure/virtual-network/ip-services/virtual-network-private-ip-addresses-blocks-overview
const maxBlockBits = 8

// privateAddresses is what stands as the private address of an interface: one
// address, or a block of them.
type privateAddresses struct {
	List   []netip.Addr
	Unread string // what stands there and no rule can name; empty when all was read
}

// UnmarshalJSON takes any value: one that is not known must not make the document
// unreadable, of which the list of all others is.
func (p *privateAddresses) UnmarshalJSON(data []byte) error {
	var text string
	if string(data) == "null" {
		return nil
	}
	if err := json.Unmarshal(data, &text); err != nil {
		p.Unread = unreadAddress(string(data))
		return nil //nolint:nilerr // what cannot be read is kept as that
	}
	*p = readPrivateAddresses(text, 0)
	return nil
}

// unreadAddress shows what stands there, also where nobody sees it.
func unreadAddress(s string) string { return cmp.Or(oneLine(s), fmt.Sprintf("%q", s)) }

// readPrivateAddresses reads an address, or a block of them, with the length of its
// prefix in the text or beside it.
func readPrivateAddresses(text string, bits int) privateAddresses {
	if text == "" {
		return privateAddresses{} // not given out yet
	}
	if !strings.Contains(text, "/") && bits > 0 {
		text = fmt.Sprintf("%s/%d", text, bits)
	}
	p, err := netip.ParsePrefix(text)
	if a, single := netip.ParseAddr(text); single == nil {
		p, err = netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), nil
	}
	if err != nil || p.Addr().Is4In6() || p.Addr().BitLen()-p.Bits() > maxBlockBits {
		return privateAddresses{Unread: unreadAddress(text)}
	}
	var out privateAddresses
	p = p.Masked()
	for a := p.Addr(); p.Contains(a); a = a.Next() {
		out.List = append(out.List, a)
	}
	return out
}
