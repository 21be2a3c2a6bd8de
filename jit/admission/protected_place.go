package admission

import (
	"slices"

	"jitbot/jit"
	"jitbot/jit/resource"
)

// Heir is the VM that has, by its interfaces, an address that the protection of
// another one keeps shut, behind a group of the protection: that one was moved to
// another resource group, or deleted and this one created on its interface.
func Heir(p jit.Protection, vms map[string]jit.VM) (jit.VM, bool) {
	for _, vm := range vms {
		if !resource.Same(vm.ID, p.VM) && slices.ContainsFunc(vm.Interfaces, func(nic jit.Interface) bool { return serves(p, nic) }) {
			return vm, true
		}
	}
	return jit.VM{}, false
}

// MayServe reports whether one of the interfaces has an address that the protection
// keeps shut behind a group of it, or one that cannot be read, which may be that.
func MayServe(p jit.Protection, interfaces []jit.Interface) bool {
	return slices.ContainsFunc(interfaces, func(nic jit.Interface) bool { return len(nic.Unread) > 0 || serves(p, nic) })
}

// serves reports whether the interface has an address that the protection keeps shut,
// behind a group of the protection, or behind none where there was none. A group is
// known by its name, which a move to another resource group leaves as it is.
func serves(p jit.Protection, nic jit.Interface) bool {
	return slices.ContainsFunc(nic.Addresses, func(a jit.Address) bool {
		if nic.Guard == "" && a.SubnetGuard == "" {
			return slices.Contains(p.Bare, a.Addr)
		}
		return slices.ContainsFunc(p.Paths, func(path jit.Path) bool {
			name := resource.Name(path.Guard)
			behind := resource.Same(name, resource.Name(nic.Guard)) || resource.Same(name, resource.Name(a.SubnetGuard))
			return behind && slices.Contains(path.Addresses, a.Addr)
		})
	})
}
