package jit

import (
	"slices"
)

// NotClassic leaves out the VMs of the classic deployment model, for which nothing
// can be done.
func NotClassic(vms []VM) []VM {
	return slices.DeleteFunc(slices.Clone(vms), func(vm VM) bool { return vm.Classic })
}

func RefuseClassic(vm VM) *Refusal {
	return Refuse(ErrPolicy, "%s is a VM of the classic deployment model, which has no network security group to open or lock; migrate it to Resource Manager, then ask again.", vm.Name)
}
