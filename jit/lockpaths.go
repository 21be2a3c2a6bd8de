package jit

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
)

// lockPaths are the NSGs in front of the addresses of the VM, and the addresses
// that have none. A firewall is none: it lets nothing in without a rule, and
// does not see what comes from inside.
func lockPaths(vm VM) (paths []Path, bare []netip.Addr) {
	w := wayfinder{vm: vm}
	for _, nic := range vm.Interfaces {
		for _, a := range nic.Addresses {
			if nic.Guard == "" && a.SubnetGuard == "" {
				bare = append(bare, a.Addr)
			}
			for _, guard := range []string{nic.Guard, a.SubnetGuard} {
				if guard != "" {
					w.fold(Path{Guard: guard}, a.Addr)
				}
			}
		}
	}
	slices.SortFunc(bare, netip.Addr.Compare)
	return w.sorted(), bare
}

// shutPaths are lockPaths of a VM that can be shut altogether.
func shutPaths(vm VM) ([]Path, error) {
	paths, bare := lockPaths(vm)
	switch {
	case len(paths) == 0:
		return nil, unlockable(vm)
	case len(bare) > 0:
		return nil, Refuse(ErrPolicy, "%s has no network security group before its address %s, so its ports would stay open there; attach one first.", vm.Name, bare[0])
	default:
		return paths, nil
	}
}

// unlockable is why nothing keeps a VM shut that has no NSG at all.
func unlockable(vm VM) error {
	if !slices.ContainsFunc(vm.Interfaces, func(nic Interface) bool { return len(nic.Addresses) > 0 }) {
		return Refuse(ErrPolicy, "%s has no private address yet, so there is nothing to protect; start it once.", vm.Name)
	}
	if slices.ContainsFunc(vm.Interfaces, func(nic Interface) bool {
		return slices.ContainsFunc(nic.Addresses, func(a Address) bool { return len(a.Gateways) > 0 })
	}) {
		return Refuse(ErrPolicy, "%s has no network security group on its interfaces or subnets, and its firewall does not see what comes from inside, so there is nothing to protect with; attach one first.", vm.Name)
	}
	return unfiltered(vm, "protect")
}

// samePaths reports whether the guards and addresses are the same.
func samePaths(a, b []Path) bool {
	return slices.EqualFunc(sortedPaths(a), sortedPaths(b), func(x, y Path) bool {
		return SameID(x.VM, y.VM) && x.order() == y.order() && slices.Equal(x.Addresses, y.Addresses) && slices.Equal(x.Public, y.Public)
	})
}

func sortedPaths(paths []Path) []Path {
	out := slices.Clone(paths)
	for i := range out {
		out[i].Addresses = slices.SortedFunc(slices.Values(out[i].Addresses), netip.Addr.Compare)
	}
	slices.SortFunc(out, func(a, b Path) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.VM), strings.ToLower(b.VM)), strings.Compare(a.order(), b.order()))
	})
	return out
}
