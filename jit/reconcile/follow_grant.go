package reconcile

import (
	"context"
	"errors"
	"slices"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/guardpath"
	"jitbot/jit/resource"
	"jitbot/jit/route"
)

// followGrant ends a grant whose VM is gone, and has its rules follow a VM whose
// addresses or guards changed. One that is being opened, for minutes perhaps, is
// given up then: what the holder would be let to may be somebody else's. It ends
// as well where its rules would open another VM along, or let in too many.
func (r *Reconciler) followGrant(ctx context.Context, g jit.Grant, c currentVMs) error {
	now := r.checks.Clock.Now()
	var sites []admission.ResolvedTarget
	var elsewhere []guardpath.Path // of VMs in other subscriptions, which are followed there
	for _, t := range g.Request.Targets {
		if !c.concerns(t.VM) {
			others := func(p guardpath.Path) bool { return !resource.Same(p.VM, t.VM) }
			elsewhere = append(elsewhere, slices.DeleteFunc(slices.Clone(g.Paths), others)...)
			continue
		}
		site, gone, err := r.resolveTarget(ctx, g, t, c)
		if gone != "" {
			return r.closeWhile(ctx, g, jit.Decision{Ending: jit.Vanished, Reason: gone}, now)
		}
		if err != nil {
			return err
		}
		sites = append(sites, site)
	}
	err := r.checks.OpensNoMore(ctx, sites, c.byAddress, c.tables, g.Request)
	if errors.As(err, new(*jit.Refusal)) {
		return r.closeWhile(ctx, g, jit.Decision{Ending: jit.Failed, Reason: admission.ReasonFor(err)}, now)
	}
	if err != nil {
		return err
	}
	r.followAdminRules(ctx, g, sites, c.subscription)
	return r.followPaths(ctx, g, admission.PathsOf(sites), elsewhere, now)
}

// resolveTarget finds a VM of a grant as it is now, or says why the grant ends: it is
// gone, or cannot be reached any more.
func (r *Reconciler) resolveTarget(
	ctx context.Context, g jit.Grant, t jit.Target, c currentVMs,
) (site admission.ResolvedTarget, gone string, err error) {
	vm, err := r.readTarget(ctx, g, t, c)
	switch {
	case errors.Is(err, admission.ErrAbsent):
		return admission.AsWritten(g, t), "", nil // another VM may have its addresses by now
	case errors.Is(err, jit.ErrNotFound):
		return site, t.Name + admission.Missing(err), nil
	case err != nil:
		return site, "", err
	case t.Replaced(vm):
		return site, t.Name + admission.Recreated, nil
	case vm.Blind && g.Slow(): // the firewalls before it may be as they were
		return admission.AsWritten(g, t), "", nil
	}
	paths, err := route.Paths(r.config.Installation, vm, g.Request.Ports, g.Request.Sources)
	if err != nil {
		return site, admission.ReasonFor(err), nil
	}
	return admission.ResolvedTarget{VM: vm, Paths: paths}, "", nil
}

// followAdminRules notes what admin rules deny of a live grant, and has it told; what
// cannot be read is as it was.
func (r *Reconciler) followAdminRules(ctx context.Context, g jit.Grant, sites []admission.ResolvedTarget, subscription string) {
	text, err := "", r.checks.AdminDenied(ctx, sites, g.Request)
	if no := (*jit.Refusal)(nil); errors.As(err, &no) {
		text, err = no.Error(), nil
	}
	if err == nil && g.State == jit.Open && r.adminDenials.Note(g, subscription, text) {
		r.Touch(guardpath.Guards(g.Paths))
	}
}

// readTarget is readWhole of a target. A list that has another machine under its
// name may be older than the grant, so that is asked for; which machine it is, where
// the record does not say, is kept.
func (r *Reconciler) readTarget(ctx context.Context, g jit.Grant, t jit.Target, c currentVMs) (jit.VM, error) {
	vm, err := r.readWhole(ctx, t.VM, c)
	if err == nil && t.Replaced(vm) {
		vm, err = r.adapters.Inventory.VM(ctx, t.VM)
	}
	if err == nil && t.VMID == "" {
		_, err = r.update(ctx, g.ID, func(g jit.Grant) (jit.Grant, []jit.Event, error) { return g.Identified(vm), nil, nil })
	}
	return vm, err
}

// followPaths compares the paths that were found, and those elsewhere, with those of
// the grant.
func (r *Reconciler) followPaths(ctx context.Context, g jit.Grant, found, elsewhere []guardpath.Path, now time.Time) error {
	switch {
	case guardpath.Same(slices.Concat(found, elsewhere), g.Paths):
		return nil
	case g.State == jit.Opening:
		why := "what is before a VM, or its addresses, changed while it was being opened; ask again"
		return r.closeWhile(ctx, g, jit.Decision{Ending: jit.Failed, Reason: why}, now)
	default:
		return r.reroute(ctx, g, found, elsewhere, now)
	}
}

// reroute has the rules of an open grant follow to where its VMs are now.
func (r *Reconciler) reroute(ctx context.Context, g jit.Grant, found, elsewhere []guardpath.Path, now time.Time) error {
	err := r.checks.CheckRemovable(ctx, guardpath.Guards(found))
	if errors.As(err, new(*jit.Refusal)) { // where it went, the rule could not be removed
		return r.closeWhile(ctx, g, jit.Decision{Ending: jit.Failed, Reason: admission.ReasonFor(err)}, now)
	}
	if err != nil {
		return err
	}
	seen, paths := g.Paths, slices.Concat(found, elsewhere)
	if r.wasInForce(ctx, g) { // else they are looked for where it went, and not written there
		r.inForce.Note(string(g.ID), guardpath.Guards(paths)...)
	}
	_, err = r.update(ctx, g.ID, func(g jit.Grant) (jit.Grant, []jit.Event, error) {
		if !guardpath.Same(g.Paths, seen) {
			return g, nil, nil // it moved meanwhile, and is followed again
		}
		return g.Follow(paths, now)
	})
	r.Touch(append(g.Guards(), guardpath.Guards(paths)...))
	return err
}

// closeWhile closes a grant that is still in the state in which it was seen.
func (r *Reconciler) closeWhile(ctx context.Context, seen jit.Grant, d jit.Decision, now time.Time) error {
	_, err := r.update(ctx, seen.ID, oneEvent(func(g jit.Grant) (jit.Grant, jit.Event, error) { return g.CloseWhile(seen.State, d, now) }))
	r.Kick()
	return err
}
