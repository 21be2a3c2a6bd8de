package admission

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"jitbot/jit"
	"jitbot/jit/inventory"
	"jitbot/jit/protection"
	"jitbot/jit/resource"
	"jitbot/jit/route"
	"jitbot/jit/rules"
)

// Protect stores a protection that was asked for at a time, which may be zero.
func (c Checker) Protect(
	ctx context.Context, who jit.Person, vm jit.VM, ports []jit.PortPolicy, asked time.Time,
) (protection.Protection, error) {
	fresh, err := c.readVM(ctx, vm.ID)
	if errors.Is(err, jit.ErrNotFound) {
		return protection.Protection{}, jit.Refuse(jit.ErrPolicy, "%s does not exist any more; check the name.", vm.Name)
	}
	if err != nil {
		return protection.Protection{}, fmt.Errorf("reading %s: %w", vm.Name, err)
	}
	p, err := c.DraftProtection(ctx, who, fresh, ports, false)
	if err != nil {
		return protection.Protection{}, err
	}
	p.Asked = asked
	return p, c.StoreProtection(ctx, p)
}

// DraftProtection makes a protection of a VM as it is now, after the guards were looked
// at: what cannot hold is refused before anything is written. One that the
// configuration wants always holds where it can, and says where it does not.
func (c Checker) DraftProtection(
	ctx context.Context, who jit.Person, vm jit.VM, ports []jit.PortPolicy, always bool,
) (protection.Protection, error) {
	policy, ok := c.Config.Policy(vm)
	if len(ports) == 0 {
		ports = policy.Ports
	}
	if !ok || len(ports) == 0 {
		return protection.Protection{}, jit.Refuse(jit.ErrPolicy, "No policy offers a port of %s, so there is nothing to protect; "+
			"ask an admin for one under policies.", vm.Name)
	}
	p := policy.Protection(vm, nil)
	p.By, p.Always, p.Ports = who, always, ports
	if err := p.CheckPorts(); err != nil {
		return protection.Protection{}, err
	}
	var err error
	if p.Paths, err = route.ProtectionPaths(vm); err != nil {
		// What is always to be shut is shut where it can be.
		if p.Paths, p.Bare = route.NSGPaths(vm); !always || len(p.Paths) == 0 {
			return protection.Protection{}, err
		}
	}
	return p, c.protectable(ctx, p)
}

// FindProtected is Find, and finds the VMs that are gone and still protected, too.
func (c Checker) FindProtected(ctx context.Context, words []string) ([]jit.VM, error) {
	found, no := c.VMs.Find(ctx, words, nil)
	if !errors.As(no, new(*jit.Refusal)) {
		return found, no
	}
	vms, err := c.VMs.ListOrStale(ctx, inventory.VMsMaxAge)
	if err != nil {
		return nil, err
	}
	protections, err := c.Adapters.Protections.Protections(ctx)
	if err != nil && !errors.Is(err, jit.ErrDamaged) { // what can be read is ended
		return nil, fmt.Errorf("listing protections: %w", err)
	}
	for _, p := range protections {
		if !slices.ContainsFunc(vms, func(vm jit.VM) bool { return resource.Same(vm.ID, p.VM) }) {
			vms = append(slices.Clip(vms), jit.VM{ID: p.VM, Name: p.Name, Group: p.Group})
		}
	}
	if found, err = inventory.Resolve(vms, words); err != nil {
		return nil, no
	}
	return found, nil
}

// protectable refuses a protection whose denies could not be written or removed,
// or would be idle because somebody's allow stands above them.
func (c Checker) protectable(ctx context.Context, p protection.Protection) error {
	if err := c.CheckRemovable(ctx, p.Guards()); err != nil {
		return err
	}
	return c.eachPlan(ctx, p, func(owner rules.Owner, t rules.Table, plan rules.Plan) error {
		return owner.CheckProtection(t, plan, p)
	})
}

// eachPlan plans the protection against each of its guards as they are.
func (c Checker) eachPlan(ctx context.Context, p protection.Protection, each func(rules.Owner, rules.Table, rules.Plan) error) error {
	for _, guard := range p.Guards() {
		t, w, err := c.At(ctx, guard)
		if err != nil {
			return err
		}
		owner := c.Owner.Knowing(guard, w.Grants, w.Protections)
		others := slices.DeleteFunc(w.Protections, func(o protection.Protection) bool { return resource.Same(o.VM, p.VM) })
		plan := owner.MakePlan(t, rules.Desired(owner.Installation, guard, w.Grants, append(others, p), c.Clock.Now()))
		if err := each(owner, t, plan); err != nil {
			return err
		}
	}
	return nil
}

// AllowsBeside are the allows of other people that meet a protection of the VM as it
// would be: each is told to found with the name of its guard, and whether the denies
// overrule it. Refused is what Protect would refuse.
func (c Checker) AllowsBeside(
	ctx context.Context, who jit.Person, vm jit.VM, ports []jit.PortPolicy, found func(group, rule string, overruled bool),
) error {
	p, err := c.DraftProtection(ctx, who, vm, ports, false)
	if err != nil {
		return err
	}
	return c.eachPlan(ctx, p, func(owner rules.Owner, t rules.Table, plan rules.Plan) error {
		overruled, kept := owner.Allows(t, plan, p)
		for _, name := range overruled {
			found(t.Name, name, true)
		}
		for _, name := range kept {
			found(t.Name, name, false)
		}
		return nil
	})
}

// StoreProtection stores the protection anew or over the one that is there; one that
// says the same is left as it is but for when it was asked for, and one that was asked
// for before the one that is there is refused.
func (c Checker) StoreProtection(ctx context.Context, p protection.Protection) error {
	now := c.Clock.Now()
	older := false // the store may run it again
	_, err := c.Adapters.Protections.Protect(ctx, p.VM, func(old protection.Protection) (protection.Protection, bool, []jit.Event, error) {
		held := old.VM != "" && old.State != protection.Unprotecting
		older = held && !p.Asked.IsZero() && old.AskedAt().After(p.Asked)
		switch {
		case older:
			return old, true, nil, nil
		case held && old.Same(p):
			return old.AskedAgain(cmp.Or(p.Asked, now)), true, nil, nil
		}
		next, events := old.ReplacedBy(p, now)
		return next, true, events, nil
	})
	if err != nil {
		return fmt.Errorf("storing the protection of %s: %w", p.Name, err)
	}
	if older {
		return jit.Refuse(jit.ErrStale, "%s was protected anew after that, and that holds; protect it again if you want it otherwise.", p.Name)
	}
	return nil
}
