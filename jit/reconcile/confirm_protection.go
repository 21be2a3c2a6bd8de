package reconcile

import (
	"context"
	"errors"
	"net/netip"
	"slices"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/resource"
	"jitbot/jit/rules"
)

// confirmProtection moves a protection on by what was read back of its denies here.
func (r *Reconciler) confirmProtection(ctx context.Context, v guardPass, p jit.Protection) error {
	if p.State == jit.Unprotecting {
		return r.confirmUnprotected(ctx, v, p)
	}
	p, err := r.confirmProtectionLeft(ctx, v, p)
	if err != nil {
		return err
	}
	for _, want := range rules.ForProtections(r.owner.Installation, v.guard, []jit.Protection{p}) {
		final := v.plan.FinalOf(want)
		if err := v.failed[final.Name]; err != nil {
			return errors.Join(err, r.recordProtectionTrouble(ctx, v, p, err))
		}
		got, found := v.after.Rule(final.Name)
		if !found || !got.Equal(final) || !got.Settled || !v.after.Settled {
			return jit.ErrNotYet
		}
	}
	if p.State == jit.Protected {
		return errors.Join(r.recordProtectionDrift(ctx, v, p), r.recordExposure(ctx, v, p))
	}
	open, err := r.whatStaysOpen(ctx, v, p)
	if err != nil {
		return err
	}
	_, err = r.storeConfirmed(ctx, p, func(p jit.Protection) (jit.Protection, bool, []jit.Event) {
		next, events := p.Confirm(v.guard, open, v.now)
		return next, true, events
	})
	return err
}

// confirmProtectionLeft forgets a guard that the VM has left once no deny for it is there.
func (r *Reconciler) confirmProtectionLeft(ctx context.Context, v guardPass, p jit.Protection) (jit.Protection, error) {
	if !jit.HasGuard(p.Left, v.guard) {
		return p, nil
	}
	gone := jit.Protection{VM: p.VM, Paths: slices.Clone(p.Left)}
	for i, path := range gone.Paths {
		gone.Paths[i].Addresses = slices.DeleteFunc(slices.Clone(path.Addresses), func(a netip.Addr) bool { return p.HasAt(path.Guard, a) })
	}
	for _, rule := range v.after.Rules {
		if n, ours := r.owner.Ours(rule); ours && n.Grant == "" && v.shutsFor(gone, rule) {
			return p, jit.ErrNotYet
		}
	}
	return r.storeProtectionLeft(ctx, p, v.guard)
}

func (r *Reconciler) storeProtectionLeft(ctx context.Context, p jit.Protection, guard string) (jit.Protection, error) {
	return r.storeConfirmed(ctx, p, func(p jit.Protection) (jit.Protection, bool, []jit.Event) {
		next, events := p.LeftGuard(guard)
		return next, true, events
	})
}

// confirmUnprotected ends a protection of which no deny is left in any guard.
func (r *Reconciler) confirmUnprotected(ctx context.Context, v guardPass, p jit.Protection) error {
	for _, rule := range v.after.Rules {
		if n, ours := r.owner.Ours(rule); ours && n.Grant == "" && v.shutsFor(p, rule) {
			cause := v.failed[rule.Name]
			if cause == nil {
				cause = jit.ErrNotYet
			}
			return errors.Join(cause, r.recordProtectionTrouble(ctx, v, p, cause))
		}
	}
	return r.storeUnprotected(ctx, p, v.guard)
}

func (r *Reconciler) storeUnprotected(ctx context.Context, p jit.Protection, guard string) error {
	now := r.checks.Clock.Now()
	_, err := r.storeConfirmed(ctx, p, func(p jit.Protection) (jit.Protection, bool, []jit.Event) {
		next, events, done := p.ConfirmUnprotected(guard, now)
		return next, !done, events
	})
	return err
}

// shutsFor reports whether the deny keeps an address shut that the protection has
// behind the guard, and that no other protection has there.
func (v guardPass) shutsFor(p jit.Protection, deny rules.Rule) bool {
	for _, path := range p.Paths {
		path.Addresses = slices.DeleteFunc(slices.Clone(path.Addresses), func(a netip.Addr) bool {
			return slices.ContainsFunc(v.protections, func(o jit.Protection) bool {
				return o.State != jit.Unprotecting && !resource.Same(o.VM, p.VM) && o.HasAt(v.guard, a)
			})
		})
		if rules.DenyMeets(jit.Protection{Paths: []jit.Path{path}}, v.guard, deny) {
			return true
		}
	}
	return false
}

// recordProtectionDrift says that somebody changed a deny of a locked VM; the plan has
// put it back.
func (r *Reconciler) recordProtectionDrift(ctx context.Context, v guardPass, p jit.Protection) error {
	for _, want := range rules.ForProtections(r.owner.Installation, v.guard, v.protections) {
		final := v.plan.FinalOf(want)
		old, _ := v.before.Rule(final.Name)
		if !rules.DenyMeets(p, v.guard, final) || rules.KeptShutBy(p, v.guard, old, final) {
			continue
		}
		return r.Protect(ctx, p.VM, func(p jit.Protection) (jit.Protection, []jit.Event) {
			return p.Drifted(final.Name, v.after.Name, v.now)
		})
	}
	return nil
}

// recordExposure says that what the denies of a locked VM leave open is not what was
// told of it: somebody's allow stands before them, or does no more.
func (r *Reconciler) recordExposure(ctx context.Context, v guardPass, p jit.Protection) error {
	here, changed, err := r.owner.Exposed(v.after, p)
	if !changed || err != nil {
		return err
	}
	open, err := r.whatStaysOpen(ctx, v, p)
	if err != nil {
		return err
	}
	_, err = r.storeConfirmed(ctx, p, func(p jit.Protection) (jit.Protection, bool, []jit.Event) {
		next, events := p.Expose(v.guard, here, open, v.now)
		return next, true, events
	})
	return err
}

// recordProtectionTrouble keeps what went wrong with a protection here.
func (r *Reconciler) recordProtectionTrouble(ctx context.Context, v guardPass, p jit.Protection, cause error) error {
	return r.Protect(ctx, p.VM, func(p jit.Protection) (jit.Protection, []jit.Event) {
		return p.Trouble(v.guard, admission.ReasonFor(cause)), nil
	})
}
