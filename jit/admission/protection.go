package admission

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"jitbot/jit"
	"jitbot/jit/resource"
	"jitbot/jit/route"
	"jitbot/jit/rules"
)

// Protect stores a protection.
func (j Checker) Protect(ctx context.Context, who jit.Person, vm jit.VM, ports []jit.PortPolicy) (jit.Protection, error) {
	fresh, err := j.Adapters.Inventory.VM(ctx, vm.ID)
	if errors.Is(err, jit.ErrNotFound) {
		return jit.Protection{}, jit.Refuse(jit.ErrPolicy, "%s does not exist any more; check the name.", vm.Name)
	}
	if err != nil {
		return jit.Protection{}, fmt.Errorf("reading %s: %w", vm.Name, err)
	}
	p, err := j.DraftProtection(ctx, who, fresh, ports, false)
	if err != nil {
		return jit.Protection{}, err
	}
	return p, j.StoreProtection(ctx, p)
}

// DraftProtection makes a protection of a VM as it is now, after the guards were looked
// at: what cannot hold is refused before anything is written.
func (j Checker) DraftProtection(ctx context.Context, who jit.Person, vm jit.VM, ports []jit.PortPolicy, always bool) (jit.Protection, error) {
	policy, ok := j.Config.Policy(vm)
	if len(ports) == 0 {
		ports = policy.Ports
	}
	if !ok || len(ports) == 0 {
		return jit.Protection{}, jit.Refuse(jit.ErrPolicy, "No policy offers a port of %s, so there is nothing to protect; ask an admin for one under policies.", vm.Name)
	}
	if err := checkProtectedPorts(ports); err != nil {
		return jit.Protection{}, err
	}
	paths, err := route.ProtectionPaths(vm)
	if err != nil {
		return jit.Protection{}, err
	}
	p := policy.Protection(vm, paths)
	p.By, p.Always, p.Ports = who, always, ports
	return p, j.protectable(ctx, p)
}

// checkProtectedPorts refuses what no protection may say.
func checkProtectedPorts(ports []jit.PortPolicy) error {
	asked := make([]jit.Ports, 0, len(ports))
	for _, pp := range ports {
		if pp.Longest > jit.MaxDuration || pp.Longest < jit.DefaultShortest {
			return jit.Refuse(jit.ErrInput, "Access of %s is no longest time for port %s; choose from 5m to 24h.", pp.Longest, pp.Ports)
		}
		if !pp.Any && len(pp.Sources) == 0 {
			return jit.Refuse(jit.ErrInput, "Say from where port %s may be asked for: any single address per request, or ranges.", pp.Ports)
		}
		asked = append(asked, pp.Ports)
	}
	_, err := jit.DedupePorts(asked)
	return err
}

// protectable refuses a protection whose denies could not be written or removed,
// or would be idle because somebody's allow stands above them.
func (j Checker) protectable(ctx context.Context, p jit.Protection) error {
	if err := j.CheckLocks(ctx, p.Guards()); err != nil {
		return err
	}
	owner := j.Owner
	for _, guard := range p.Guards() {
		t, w, err := j.At(ctx, guard)
		if err != nil {
			return err
		}
		locks := slices.DeleteFunc(w.Protections, func(o jit.Protection) bool { return resource.Same(o.VM, p.VM) })
		plan := owner.MakePlan(t, rules.Desired(owner.Installation, guard, w.Grants, append(locks, p)))
		if err := owner.CheckProtection(t, plan, p); err != nil {
			return err
		}
	}
	return nil
}

// StoreProtection stores the protection anew or over the one that is there; one that
// says the same is left alone.
func (j Checker) StoreProtection(ctx context.Context, p jit.Protection) error {
	now := j.Clock.Now()
	_, err := j.Adapters.Protections.Protect(ctx, p.VM, func(old jit.Protection) (jit.Protection, bool, []jit.Event, error) {
		if old.VM != "" && old.State != jit.Unprotecting && old.Same(p) {
			return old, true, nil, nil
		}
		next, events := old.ReplacedBy(p, now)
		return next, true, events, nil
	})
	if err != nil {
		return fmt.Errorf("storing the protection of %s: %w", p.Name, err)
	}
	return nil
}
