package jit

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
)

// followLock keeps a protection in step with its VM and its policy.
func (s *Sweep) followLock(ctx context.Context, p Protection, vms map[string]VM) error {
	if p.State == Unlocking {
		return nil
	}
	vm, err := s.whole(ctx, p.VM, vms)
	if errors.Is(err, ErrNotFound) {
		return s.unlock(ctx, p, "the VM does not exist any more")
	}
	if err != nil {
		return err
	}
	if done, err := s.followPolicy(ctx, p, vm); done || err != nil {
		return err
	}
	paths, bare := lockPaths(vm)
	if len(paths) == 0 {
		paths = p.waiting(bare) // for a group, which may be on its way
	}
	if len(paths) == 0 {
		return s.unlock(ctx, p, reason(unlockable(vm)))
	}
	if samePaths(paths, p.Paths) && slices.Equal(bare, p.Bare) {
		return nil
	}
	now := s.clock.Now()
	err = s.protect(ctx, p.VM, func(p Protection) (Protection, []Event) { return p.Move(paths, bare, now) })
	s.touch(append(p.Guards(), guardsOf(paths)...))
	return err
}

func (s *Sweep) unlock(ctx context.Context, p Protection, why string) error {
	now := s.clock.Now()
	err := s.protect(ctx, p.VM, func(p Protection) (Protection, []Event) { return p.Unlock(Person{}, why, now) })
	s.touch(p.Guards())
	return err
}

// waiting are the paths of the protection to addresses that have no group now:
// its denies stay where they are, and are there when the group comes back.
func (p Protection) waiting(bare []netip.Addr) []Path {
	var out []Path
	for _, path := range p.Paths {
		path.Addresses = slices.DeleteFunc(slices.Clone(path.Addresses), func(a netip.Addr) bool { return !slices.Contains(bare, a) })
		path.Agreed, path.Fault = false, ""
		if len(path.Addresses) > 0 {
			out = append(out, path)
		}
	}
	return out
}

// agreesWith reports whether the protection is as the policy of its VM says now.
// The ports are the policy's only where that protects always.
func (p Protection) agreesWith(policy Policy) bool {
	return p.Always == policy.Always && p.Existing == policy.existing() && p.Source == policy.denySource() &&
		(!p.Always || samePorts(p.Ports, policy.Ports))
}

// followPolicy keeps a protection as the policy of its VM has it now. done says
// that it is another one for that.
func (s *Sweep) followPolicy(ctx context.Context, p Protection, vm VM) (done bool, err error) {
	policy, ok := s.config.Policy(vm)
	switch {
	case p.Always && !policy.Always && p.By.ID == "":
		return true, s.unlock(ctx, p, "the configuration no longer protects it")
	case p.Always && !policy.Always:
		return true, s.protect(ctx, p.VM, func(p Protection) (Protection, []Event) { return p.handBack(), nil })
	case !ok || p.agreesWith(policy):
		return false, nil
	default:
		return s.relock(ctx, p, vm, policy.Always)
	}
}

// handBack leaves the protection to the admin who made it before the
// configuration took it over.
func (p Protection) handBack() Protection {
	p = p.changed()
	p.Always = false
	return p
}

// relock puts a protection that is as the policy says in place of one that was
// stored under another. One that cannot hold leaves that one as it is.
func (s *Sweep) relock(ctx context.Context, old Protection, vm VM, always bool) (done bool, err error) {
	ports := old.Ports
	if always {
		ports = nil // the policy's
	}
	next, err := s.draft(ctx, old.By, vm, ports, always)
	if no := (*Refusal)(nil); errors.As(err, &no) {
		s.world.Log.WarnContext(ctx, "a protection cannot be made as the configuration has it now", slog.String("vm", vm.ID), slog.String("why", no.Error()))
		return false, nil
	}
	if err != nil {
		return false, err
	}
	now := s.clock.Now()
	err = s.protect(ctx, old.VM, func(p Protection) (Protection, []Event) {
		if p.Revision != old.Revision {
			return p, nil // an admin was quicker, and it is looked at again
		}
		return p.replaced(next, now)
	})
	s.touch(append(old.Guards(), next.Guards()...))
	return true, err
}
