package jit

import (
	"net/netip"
	"slices"
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

func AddressesOfVM(vm VM) []netip.Addr {
	var out []netip.Addr
	for _, nic := range vm.Interfaces {
		for _, a := range nic.Addresses {
			out = append(out, a.Addr)
		}
	}
	return out
}

// NotClassic leaves out the VMs of the classic deployment model, for which nothing
// can be done.
func NotClassic(vms []VM) []VM {
	return slices.DeleteFunc(slices.Clone(vms), func(vm VM) bool { return vm.Classic })
}

func RefuseClassic(vm VM) *Refusal {
	return Refuse(ErrPolicy, "%s is a VM of the classic deployment model, which has no network security group to open or lock; migrate it to Resource Manager, then ask again.", vm.Name)
}
