package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/guardpath"
	"jitbot/jit/inventory"
	"jitbot/jit/protection"
	"jitbot/jit/resource"
	"jitbot/jit/route"
	"jitbot/jit/rules"
)

// followProtections keeps every protection in step with its VM, and queues the
// VMs that the configuration protects always and nothing protects yet.
func (r *Reconciler) followProtections(ctx context.Context, c currentVMs, began time.Time) []error {
	protections, err := r.adapters.Protections.Protections(ctx)
	if err = r.tolerateDamage(ctx, err); err != nil {
		return []error{fmt.Errorf("listing protections: %w", err)}
	}
	protected := make(map[string]bool, len(protections))
	var faults []error
	for _, p := range protections {
		protected[strings.ToLower(p.VM)] = true
		if p.At.Before(began) && c.concerns(p.VM) { // else it knows better than the list
			faults = append(faults, r.followProtection(ctx, p, protections, c))
		}
	}
	for id, vm := range c.byID {
		if policy, ok := r.config.Policy(vm); ok && policy.Always && !protected[id] && r.enforcer.Due(vm) {
			r.work.protections.Add(ctx, id, false)
		}
	}
	return faults
}

// followProtection keeps a protection, one of all, in step with its VM and its policy.
func (r *Reconciler) followProtection(ctx context.Context, p protection.Protection, all []protection.Protection, c currentVMs) error {
	if p.State == protection.Unprotecting {
		return nil
	}
	vm, err := r.readWhole(ctx, p.VM, c)
	if errors.Is(err, inventory.ErrUnwatched) {
		r.unwatched.Do(func() {
			r.adapters.Log.WarnContext(ctx, "a protected VM is in a subscription that is not configured, "+
				"so it stays shut as it is, and others perhaps; put the subscription back to unprotect it",
				slog.String("vm", p.VM))
		})
		return nil
	}
	if errors.Is(err, jit.ErrNotFound) {
		return r.followPlace(ctx, p, c)
	}
	if err != nil && !errors.Is(err, admission.ErrAbsent) {
		return err
	}
	if err != nil {
		return nil //nolint:nilerr // its denies stay
	}
	if done, err := r.followPolicy(ctx, p, vm); done {
		return err
	}
	if err := errors.Join(r.enforcer.TellUnread(ctx, vm, p), r.followAlwaysAllowed(ctx, vm, p)); err != nil {
		return err
	}
	return r.followInterfaces(ctx, p, vm, r.checks.Detached(ctx, p, vm, c.byID, all, r.absences))
}

// followInterfaces keeps a protection in step with the interfaces of its VM, and with
// those that were detached from it and stay shut.
func (r *Reconciler) followInterfaces(ctx context.Context, p protection.Protection, vm jit.VM, detached []jit.Interface) error {
	whole, lost := vm, map[string][]netip.Addr{}
	whole.Interfaces = slices.Concat(vm.Interfaces, detached)
	for _, nic := range detached {
		addresses := jit.VM{Interfaces: []jit.Interface{nic}}.Addresses()
		lost[strings.ToLower(nic.ID)] = slices.Compact(slices.SortedFunc(slices.Values(addresses), netip.Addr.Compare))
	}
	own, bare := route.NSGPaths(vm)
	if len(own) == 0 { // its denies stay for a group, which may be on its way
		whole.Interfaces = append(whole.Interfaces, jit.Interface{Addresses: admission.Remembered(p, bare)})
	}
	paths, _ := route.NSGPaths(whole)
	if len(paths) == 0 {
		return r.endProtection(ctx, p, admission.ReasonFor(route.RefuseUnprotectable(vm)))
	}
	now := r.checks.Clock.Now()
	if next, _ := p.Move(vm, paths, bare, lost, now); next.Revision == p.Revision {
		return nil
	}
	err := r.Protect(ctx, p.VM, func(p protection.Protection) (protection.Protection, []jit.Event) {
		return p.Move(vm, paths, bare, lost, now)
	})
	if !guardpath.Same(paths, p.Paths) || !slices.Equal(bare, p.Bare) {
		r.Touch(append(p.Guards(), guardpath.Guards(paths)...))
	}
	return err
}

// followPlace follows the interfaces and addresses of a protected VM that is gone: to
// the VMs that have them now. It ends once they serve nothing any more, for longer than
// a move takes.
func (r *Reconciler) followPlace(ctx context.Context, p protection.Protection, c currentVMs) error {
	heirs := admission.Heirs(p, c.byID, func(guard string) bool { return r.isGuardGone(ctx, guard, c.listed) })
	if len(heirs) > 0 {
		inherited, err := r.checks.Inherit(ctx, p, heirs)
		if err == nil && !inherited {
			return r.endProtection(ctx, p, heirs[0].Group+"/"+heirs[0].Name+" has its addresses now, and a protection of its own")
		}
		return err
	}
	if time.Since(r.absences.Missed(p.VM)) < admission.MoveLimit {
		return nil
	}
	switch serves, err := r.checks.StillServes(ctx, p); {
	case err != nil:
		return err
	case serves:
		r.absences.Seen(p.VM) // it is looked at again after as long a while
	case c.listed.After(r.absences.Missed("what " + p.VM + " had")):
		return r.endProtection(ctx, p, "the VM does not exist any more, and nothing has its addresses")
	}
	return nil
}

// isGuardGone reports whether the guard is proved to be there no more under its id: a
// second answer says so, and so do lists begun after the first.
func (r *Reconciler) isGuardGone(ctx context.Context, guard string, listed time.Time) bool {
	_, err := r.checks.Table(ctx, guard)
	if !errors.Is(err, jit.ErrNotFound) || errors.Is(err, inventory.ErrUnwatched) || !listed.After(r.absences.Missed(guard)) {
		return false
	}
	tables, err := r.adapters.Network.Tables(ctx, resource.Subscription(guard))
	return err == nil && !rules.Lists(tables, guard)
}

// followPolicy has a protection be as the policy of its VM has it now. done says
// that there is nothing more to follow.
func (r *Reconciler) followPolicy(ctx context.Context, p protection.Protection, vm jit.VM) (done bool, err error) {
	policy, ok := r.config.Policy(vm)
	switch {
	case p.Always && !policy.Always && p.By.ID == "":
		return true, r.endProtection(ctx, p, "the configuration no longer protects it")
	case p.Always && !policy.Always:
		return true, r.Protect(ctx, p.VM, func(p protection.Protection) (protection.Protection, []jit.Event) { return p.HandBack(), nil })
	case ok && !policy.Agrees(p) && r.enforcer.Due(vm):
		r.work.protections.Add(ctx, strings.ToLower(vm.ID), false)
	}
	return false, nil
}

func (r *Reconciler) endProtection(ctx context.Context, p protection.Protection, why string) error {
	now := r.checks.Clock.Now()
	err := r.Protect(ctx, p.VM, func(p protection.Protection) (protection.Protection, []jit.Event) {
		return p.End(jit.Person{}, why, now)
	})
	r.Touch(p.Guards())
	return err
}
