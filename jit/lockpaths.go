package jit

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"jitbot/jit/resource"
)

// ProtectionPaths are the NSGs in front of the addresses of the VM, and the addresses
// that have none. A firewall is none: it lets nothing in without a rule, and
// does not see what comes from inside.
func ProtectionPaths(vm VM) (paths []Path, bare []netip.Addr) {
	w := finder{vm: vm}
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

// FullProtectionPaths are lockPaths of a VM that can be shut altogether.
func FullProtectionPaths(vm VM) ([]Path, error) {
	paths, bare := ProtectionPaths(vm)
	switch {
	case len(paths) == 0:
		return nil, Unprotectable(vm)
	case len(bare) > 0:
		return nil, Refuse(ErrPolicy, "%s has no network security group before its address %s, so its ports would stay open there; attach one first.", vm.Name, bare[0])
	default:
		return paths, nil
	}
}

// Unprotectable is why nothing keeps a VM shut that has no NSG at all.
func Unprotectable(vm VM) error {
	if !slices.ContainsFunc(vm.Interfaces, func(nic Interface) bool { return len(nic.Addresses) > 0 }) {
		return Refuse(ErrPolicy, "%s has no private address yet, so there is nothing to protect; start it once.", vm.Name)
	}
	if slices.ContainsFunc(vm.Interfaces, func(nic Interface) bool {
		return slices.ContainsFunc(nic.Addresses, func(a Address) bool { return len(a.FirewallHops) > 0 })
	}) {
		return Refuse(ErrPolicy, "%s has no network security group on its interfaces or subnets, and its firewall does not see what comes from inside, so there is nothing to protect with; attach one first.", vm.Name)
	}
	return Unfiltered(vm, "protect")
}

// SamePaths reports whether the guards and addresses are the same.
func SamePaths(a, b []Path) bool {
	return slices.EqualFunc(sortedPaths(a), sortedPaths(b), func(x, y Path) bool {
		return resource.Same(x.VM, y.VM) && x.Order() == y.Order() && slices.Equal(x.Addresses, y.Addresses) && slices.Equal(x.Public, y.Public)
	})
}

func sortedPaths(paths []Path) []Path {
	out := slices.Clone(paths)
	for i := range out {
		out[i].Addresses = slices.SortedFunc(slices.Values(out[i].Addresses), netip.Addr.Compare)
	}
	slices.SortFunc(out, func(a, b Path) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.VM), strings.ToLower(b.VM)), strings.Compare(a.Order(), b.Order()))
	})
	return out
}

// Firewalls are what grants of the installation write of the firewalls before
// the VM, each once, in lower case.
func Firewalls(installation string, vm VM) []string {
	var paths []Path
	for _, nic := range vm.Interfaces {
		for _, a := range nic.Addresses {
			for _, hop := range a.FirewallHops {
				paths = append(paths, Path{Guard: hop.Guard(installation)})
			}
		}
	}
	return GuardsOf(paths)
}
