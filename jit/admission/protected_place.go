package admission

import (
	"context"
	"fmt"
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

// Inherit makes the protection that of its heir, which is stored first: whatever cuts
// this short leaves no deny unexplained. own says that the heir has one of its own, and
// that nothing was done.
func (c Checker) Inherit(ctx context.Context, p jit.Protection, heir jit.VM) (own bool, err error) {
	_, err = c.Adapters.Protections.Protect(ctx, heir.ID, func(old jit.Protection) (jit.Protection, bool, []jit.Event, error) {
		if own = old.VM != ""; own {
			return old, true, nil, nil
		}
		next, events := p.Inherited(heir, c.Clock.Now())
		return next, true, events, nil
	})
	if err == nil && !own {
		_, err = c.Adapters.Protections.Protect(ctx, p.VM, func(old jit.Protection) (jit.Protection, bool, []jit.Event, error) {
			return old, old.VM != "" && old.Revision != p.Revision, nil, nil
		})
	}
	if err != nil {
		return own, fmt.Errorf("storing the protection of %s as that of %s: %w", p.Name, heir.Name, err)
	}
	return own, nil
}

// StillServes reports whether some interface has an address that the protection keeps
// shut behind a group of it, or one that cannot be read, which may be that.
func (c Checker) StillServes(ctx context.Context, p jit.Protection) (bool, error) {
	nics, err := c.Adapters.Inventory.Interfaces(ctx)
	if err != nil {
		return false, fmt.Errorf("looking for what %s had: %w", p.Name, err)
	}
	return slices.ContainsFunc(nics, func(nic jit.Interface) bool { return len(nic.Unread) > 0 || serves(p, nic) }), nil
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
