package route

import (
	"net/netip"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/guardpath"
)

// NSGPaths are the NSGs in front of the addresses of the VM, and the addresses
// that have none. A firewall is none: it lets nothing in without a rule, and
// does not see what comes from inside.
func NSGPaths(vm jit.VM) (paths []guardpath.Path, bare []netip.Addr) {
	f := finder{vm: vm}
	for _, nic := range vm.Interfaces {
		for _, a := range nic.Addresses {
			if nic.Guard == "" && a.SubnetGuard == "" {
				bare = append(bare, a.Addr)
			}
			for _, guard := range []string{nic.Guard, a.SubnetGuard} {
				if guard != "" {
					f.fold(guardpath.Path{Guard: guard}, a.Addr, "")
				}
			}
		}
	}
	slices.SortFunc(bare, netip.Addr.Compare)
	return f.sorted(), bare
}

// Unread are what stands as addresses of the VM and no rule can name: a value that
// is none, or a block of too many.
func Unread(vm jit.VM) []string {
	var out []string
	for _, nic := range vm.Interfaces {
		out = append(out, nic.Unread...)
	}
	return out
}

// ProtectionPaths are the NSGPaths of a VM that can be protected altogether; one
// with an address that no NSG is before, or that no rule can name, is refused.
func ProtectionPaths(vm jit.VM) ([]guardpath.Path, error) {
	paths, bare := NSGPaths(vm)
	unread := Unread(vm)
	switch {
	case len(unread) > 0:
		return nil, refuseUnread(vm, unread)
	case len(paths) == 0:
		return nil, RefuseUnprotectable(vm)
	case len(bare) > 0:
		return nil, jit.Refuse(jit.ErrPolicy, "%s has no network security group before its address %s, so its ports would stay open there; "+
			"attach one first.", vm.Name, bare[0])
	default:
		return paths, nil
	}
}

func refuseUnread(vm jit.VM, unread []string) error {
	return jit.Refuse(jit.ErrPolicy, "%s has %s as an address, which no rule of jitbot can name, so its ports would stay open there; "+
		"have whoever manages its interface in Azure give it single addresses, or blocks of /28 at most, in its place.",
		vm.Name, strings.Join(unread, ", "))
}

// RefuseUnprotectable is why a VM that has no NSG at all cannot be protected.
func RefuseUnprotectable(vm jit.VM) error {
	if !slices.ContainsFunc(vm.Interfaces, func(nic jit.Interface) bool { return len(nic.Addresses) > 0 }) {
		return jit.Refuse(jit.ErrPolicy, "%s has no private address yet, so there is nothing to protect; start it once.", vm.Name)
	}
	if slices.ContainsFunc(vm.Interfaces, func(nic jit.Interface) bool {
		return slices.ContainsFunc(nic.Addresses, func(a jit.Address) bool { return len(a.FirewallHops) > 0 })
	}) {
		return jit.Refuse(jit.ErrPolicy, "%s has no network security group on its interfaces or subnets, and its firewall does not see "+
			"what comes from inside, so there is nothing to protect with; attach one first.", vm.Name)
	}
	return RefuseUnfiltered(vm, "protect")
}

// FirewallGuards are the guards that grants of the installation write of the
// firewalls before the VM: the firewall, or our group in its policy. Each is there
// once, in lower case.
func FirewallGuards(installation string, vm jit.VM) []string {
	var paths []guardpath.Path
	for _, nic := range vm.Interfaces {
		for _, a := range nic.Addresses {
			for _, hop := range a.FirewallHops {
				paths = append(paths, guardpath.Path{Guard: hop.Guard(installation)})
			}
		}
	}
	return guardpath.Guards(paths)
}
