package admission

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/resource"
)

// VMsByAddress are the VMs that have an address. VMs of networks that do not see each
// other may have the same one.
type VMsByAddress map[netip.Addr][]jit.VM

// ByAddress sorts the VMs by their addresses.
func ByAddress(vms []jit.VM) VMsByAddress {
	d := VMsByAddress{}
	for _, vm := range vms {
		for _, a := range vm.Addresses() {
			d[a] = append(d[a], vm)
		}
	}
	return d
}

// sharedAddress refuses a grant whose rules at the paths would open another VM along:
// one of another virtual network that has the same address behind a group of
// the paths, whose rules name addresses only. The list finds it, and Azure says
// whether it is still so.
func (c Checker) sharedAddress(ctx context.Context, d VMsByAddress, r jit.Request, paths []guardpath.Path) error {
	for _, p := range paths {
		for _, a := range p.Addresses {
			other, err := c.alsoOpened(ctx, d[a], a, r, paths)
			if err != nil {
				return err
			}
			if other.ID != "" {
				return jit.Refuse(jit.ErrPolicy, "%s has the address %s behind the same network security group as %s, "+
					"so a rule for one would open both; give one of them a group of its own.",
					c.nameFor(ctx, r.By.ID, other), a.String(), resource.Name(p.VM))
			}
		}
	}
	return nil
}

// nameFor is what somebody may be told of another VM than they asked for: its name
// where they may read it in Azure. The log has it for admins.
func (c Checker) nameFor(ctx context.Context, id jit.UserID, vm jit.VM) string {
	who, err := c.Identify(ctx, id)
	if err == nil {
		err = c.CheckRights(ctx, who, vm, []string{"Microsoft.Compute/virtualMachines/read"})
	}
	if err != nil {
		c.Adapters.Log.WarnContext(ctx, "a request is refused for a VM that its requester may not see", slog.String("vm", vm.ID))
		return "Another VM, which you may not see,"
	}
	return vm.Group + "/" + vm.Name
}

// alsoOpened finds one of the VMs with an address that the rules at the paths
// would open though the request does not name it; the zero VM when there is none.
func (c Checker) alsoOpened(ctx context.Context, vms []jit.VM, a netip.Addr, r jit.Request, paths []guardpath.Path) (jit.VM, error) {
	for _, vm := range vms {
		if r.Names(vm.ID) || len(guardsBefore(vm, a, paths)) == 0 {
			continue
		}
		if opened, err := c.opensOther(ctx, vm.ID, a, r, paths); opened || err != nil {
			return vm, err
		}
	}
	return jit.VM{}, nil
}

// guardsBefore are the groups before each of the VM's interfaces that have the
// address, where one of the paths has it behind one of them.
func guardsBefore(vm jit.VM, to netip.Addr, paths []guardpath.Path) [][]string {
	var out [][]string
	for _, nic := range vm.Interfaces {
		for _, a := range nic.Addresses {
			groups := slices.DeleteFunc([]string{nic.Guard, a.SubnetGuard}, func(guard string) bool { return guard == "" })
			if a.Addr == to && slices.ContainsFunc(groups, func(guard string) bool { return writtenAt(paths, guard, to) }) {
				out = append(out, groups)
			}
		}
	}
	return out
}

// writtenAt reports whether a rule of the paths for the address is in the group.
func writtenAt(paths []guardpath.Path, guard string, to netip.Addr) bool {
	return slices.ContainsFunc(paths, func(p guardpath.Path) bool { return slices.Contains(p.Addresses, to) && resource.Same(p.Guard, guard) })
}

// opensOther reports whether the rules at the paths would open the address of
// another VM: each group before it that they are not in may let the sources in.
func (c Checker) opensOther(ctx context.Context, other string, to netip.Addr, r jit.Request, paths []guardpath.Path) (bool, error) {
	vm, err := c.Adapters.Inventory.VM(ctx, other)
	if errors.Is(err, jit.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading %s, which has the address %s too: %w", resource.Name(other), to, err)
	}
	for _, groups := range guardsBefore(vm, to, paths) {
		opened := true
		for _, guard := range groups {
			if writtenAt(paths, guard, to) {
				continue
			}
			t, err := c.Adapters.Network.Table(ctx, guard)
			if err != nil {
				return false, fmt.Errorf("reading the rules of %s: %w", guard, err)
			}
			opened = opened && t.MayOpen(r, to, paths)
		}
		if opened {
			return true, nil
		}
	}
	return false, nil
}
