package admission

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/protection"
	"jitbot/jit/resource"
)

// Heirs are the VMs that have an interface which the protection of another one keeps
// shut, or by theirs an address that it keeps shut behind a group of it: that one was
// moved to another resource group, or deleted, and these created on its interfaces.
// moved reports whether a group is known to be there no more under its id: then one of
// its name is taken for it.
func Heirs(p protection.Protection, vms map[string]jit.VM, moved func(guard string) bool) []jit.VM {
	var out []jit.VM
	for _, vm := range vms {
		if !resource.Same(vm.ID, p.VM) && slices.ContainsFunc(vm.Interfaces, func(nic jit.Interface) bool { return serves(p, nic, moved) }) {
			out = append(out, vm)
		}
	}
	slices.SortFunc(out, func(a, b jit.VM) int { return strings.Compare(strings.ToLower(a.ID), strings.ToLower(b.ID)) })
	return out
}

// Inherit makes the protection that of each heir, which is stored first: whatever cuts
// this short leaves no deny unexplained. An heir that has one of its own keeps that;
// inherited says that not all have, else nothing was done.
func (c Checker) Inherit(ctx context.Context, p protection.Protection, heirs []jit.VM) (inherited bool, err error) {
	for _, heir := range heirs {
		_, err := c.Adapters.Protections.Protect(ctx, heir.ID, func(old protection.Protection) (protection.Protection, bool, []jit.Event, error) {
			if old.VM != "" {
				return old, true, nil, nil
			}
			inherited = true
			next, events := p.Inherited(heir, c.Clock.Now())
			return next, true, events, nil
		})
		if err != nil {
			return true, fmt.Errorf("storing the protection of %s as that of %s: %w", p.Name, heir.Name, err)
		}
	}
	if !inherited {
		return false, nil
	}
	_, err = c.Adapters.Protections.Protect(ctx, p.VM, func(old protection.Protection) (protection.Protection, bool, []jit.Event, error) {
		return old, old.VM != "" && old.Revision != p.Revision, nil, nil
	})
	if err != nil {
		return true, fmt.Errorf("forgetting the protection of %s, which others have now: %w", p.Name, err)
	}
	return true, nil
}

// StillServes reports whether some interface is one that the protection keeps shut, or
// has an address that it keeps shut behind a group of it, or one that cannot be read,
// which may be that. A group of the name of one that cannot be read may be that one.
func (c Checker) StillServes(ctx context.Context, p protection.Protection) (bool, error) {
	nics, err := c.Adapters.Inventory.Interfaces(ctx)
	if err != nil {
		return false, fmt.Errorf("looking for what %s had: %w", p.Name, err)
	}
	moved := func(guard string) bool {
		_, err := c.Table(ctx, guard)
		return err != nil
	}
	return slices.ContainsFunc(nics, func(nic jit.Interface) bool { return len(nic.Unread) > 0 || serves(p, nic, moved) }), nil
}

// serves reports whether the interface is one that the protection keeps shut, or has an
// address that it keeps shut, behind a group of it, or behind none where there was none.
func serves(p protection.Protection, nic jit.Interface, moved func(guard string) bool) bool {
	if _, keeps := kept(p)[strings.ToLower(nic.ID)]; keeps {
		return true
	}
	return slices.ContainsFunc(nic.Addresses, func(a jit.Address) bool {
		if nic.Guard == "" && a.SubnetGuard == "" {
			return slices.Contains(p.Bare, a.Addr)
		}
		return slices.ContainsFunc(p.Paths, func(path guardpath.Path) bool {
			if !slices.Contains(path.Addresses, a.Addr) {
				return false
			}
			return slices.ContainsFunc([]string{nic.Guard, a.SubnetGuard}, func(guard string) bool {
				return resource.Same(guard, path.Guard) ||
					guard != "" && resource.Same(resource.Name(guard), resource.Name(path.Guard)) && moved(path.Guard)
			})
		})
	})
}

// kept are the interfaces that the protection keeps shut, with their addresses, by id in
// lower case.
func kept(p protection.Protection) map[string][]netip.Addr {
	out := maps.Clone(p.Interfaces)
	if out == nil {
		out = map[string][]netip.Addr{}
	}
	maps.Copy(out, p.Detached)
	return out
}

// Detached are the interfaces that the protection keeps shut and its VM does not have, as
// they are now; one that is not there as it was read last, for as long as a move takes.
// One that another protection keeps shut with the VM that has it now is left to that.
func (c Checker) Detached(
	ctx context.Context, p protection.Protection, vm jit.VM, vms map[string]jit.VM, others []protection.Protection, a *Absences,
) []jit.Interface {
	lost := kept(p)
	for _, nic := range vm.Interfaces {
		delete(lost, strings.ToLower(nic.ID))
	}
	if len(lost) == 0 {
		return nil
	}
	all, err := c.Adapters.Inventory.Interfaces(ctx)
	if err != nil {
		c.Adapters.Log.WarnContext(ctx, "interfaces that stay shut with a VM cannot be looked at",
			slog.String("vm", p.VM), slog.Any("error", err))
	}
	var out []jit.Interface
	for _, id := range slices.Sorted(maps.Keys(lost)) {
		nic, there := findInterface(all, id, lost[id])
		switch {
		case there && coveredByOther(p, nic, vms, others), !resource.Same(nic.ID, id) && hasAll(vm, lost[id]):
			continue
		case there && len(nic.Unread) == 0 && isFiltered(nic):
			a.Seen(id)
		case there:
			nic = jit.Interface{ID: nic.ID, Addresses: Remembered(p, lost[id])}
		case err == nil && time.Since(a.Missed(id)) >= MoveLimit:
			continue
		default:
			nic = jit.Interface{ID: id, Addresses: Remembered(p, lost[id])}
		}
		out = append(out, nic)
	}
	return out
}

// findInterface finds the interface or, under another id, one of its name that has an
// address of it: it was moved.
func findInterface(all []jit.Interface, id string, addresses []netip.Addr) (jit.Interface, bool) {
	at := slices.IndexFunc(all, func(nic jit.Interface) bool { return resource.Same(nic.ID, id) })
	if at < 0 {
		at = slices.IndexFunc(all, func(nic jit.Interface) bool {
			return resource.Same(resource.Name(nic.ID), resource.Name(id)) && slices.ContainsFunc(nic.Addresses, func(a jit.Address) bool {
				return slices.Contains(addresses, a.Addr)
			})
		})
	}
	if at < 0 {
		return jit.Interface{}, false
	}
	return all[at], true
}

// hasAll reports whether the VM has all of the addresses: by an interface that was moved,
// or took the place of the one before.
func hasAll(vm jit.VM, addresses []netip.Addr) bool {
	own := vm.Addresses()
	return !slices.ContainsFunc(addresses, func(a netip.Addr) bool { return !slices.Contains(own, a) })
}

// isFiltered reports whether a group is before each address of the interface.
func isFiltered(nic jit.Interface) bool {
	bare := func(a jit.Address) bool { return nic.Guard == "" && a.SubnetGuard == "" }
	return len(nic.Addresses) > 0 && !slices.ContainsFunc(nic.Addresses, bare)
}

// coveredByOther reports whether a VM has the interface whose own protection has all of
// its addresses.
func coveredByOther(p protection.Protection, nic jit.Interface, vms map[string]jit.VM, others []protection.Protection) bool {
	return slices.ContainsFunc(others, func(o protection.Protection) bool {
		has := slices.ContainsFunc(vms[strings.ToLower(o.VM)].Interfaces, func(own jit.Interface) bool { return resource.Same(own.ID, nic.ID) })
		return has && o.State != protection.Unprotecting && !resource.Same(o.VM, p.VM) &&
			!slices.ContainsFunc(nic.Addresses, func(a jit.Address) bool {
				open := func(guard string) bool { return guard != "" && !o.HasAt(guard, a.Addr) }
				return open(nic.Guard) || open(a.SubnetGuard)
			})
	})
}

// Remembered are the addresses with each group behind which the protection keeps them
// shut.
func Remembered(p protection.Protection, addresses []netip.Addr) []jit.Address {
	var out []jit.Address
	for _, path := range p.Paths {
		for _, a := range path.Addresses {
			if slices.Contains(addresses, a) {
				out = append(out, jit.Address{Addr: a, SubnetGuard: path.Guard})
			}
		}
	}
	return out
}
