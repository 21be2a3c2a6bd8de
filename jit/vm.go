package jit

import (
	"net/netip"
	"strings"
)

// Mentions reports whether the name, group or a tag contains the text, which is
// in lower case.
func (v VM) Mentions(text string) bool {
	if strings.Contains(strings.ToLower(v.Group+"/"+v.Name), text) {
		return true
	}
	for key, value := range v.Tags {
		if strings.Contains(strings.ToLower("tag:"+key+"="+value), text) {
			return true
		}
	}
	return false
}

// Addresses are the private addresses of all its interfaces.
func (v VM) Addresses() []netip.Addr {
	var out []netip.Addr
	for _, nic := range v.Interfaces {
		for _, a := range nic.Addresses {
			out = append(out, a.Addr)
		}
	}
	return out
}
