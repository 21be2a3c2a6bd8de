package reconcile

import (
	"context"
	"errors"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/route"
)

// followGrant ends a grant whose VM is gone, and has its rules follow a VM whose
// addresses or guards changed. One that is being opened, for minutes perhaps, is
// given up then: what the holder would be let to may be somebody else's. It ends
// as well where its rules would open another VM along, or let in too many.
func (r *Reconciler) followGrant(ctx context.Context, g jit.Grant, c currentVMs) error {
	now := r.checks.Clock.Now()
	var sites []admission.ResolvedTarget
	for _, t := range g.Request.Targets {
		vm, err := r.readWhole(ctx, t.VM, c.byID)
		if errors.Is(err, jit.ErrNotFound) {
			return r.closeWhile(ctx, g, jit.Decision{Ending: jit.Vanished, Reason: t.Name + admission.Missing(err)}, now)
		}
		if err != nil {
			return err
		}
		if vm.Blind && g.Slow() {
			return nil // the firewalls before it may be as they were
		}
		paths, err := route.Paths(r.config.Installation, vm, g.Request.Ports, g.Request.Sources)
		if err != nil {
			return r.closeWhile(ctx, g, jit.Decision{Ending: jit.Vanished, Reason: admission.ReasonFor(err)}, now)
		}
		sites = append(sites, admission.ResolvedTarget{VM: vm, Paths: paths})
	}
	err := r.checks.OpensNoMore(ctx, sites, c.byAddress, c.tables, g.Request)
	if errors.As(err, new(*jit.Refusal)) {
		return r.closeWhile(ctx, g, jit.Decision{Ending: jit.Failed, Reason: admission.ReasonFor(err)}, now)
	}
	if err != nil {
		return err
	}
	return r.followPaths(ctx, g, admission.PathsOf(sites), now)
}

// followPaths compares the paths that were found with those of the grant.
func (r *Reconciler) followPaths(ctx context.Context, g jit.Grant, paths []jit.Path, now time.Time) error {
	switch {
	case jit.SamePaths(paths, g.Paths):
		return nil
	case g.State == jit.Opening:
		why := "what is before a VM, or its addresses, changed while it was being opened; ask again"
		return r.closeWhile(ctx, g, jit.Decision{Ending: jit.Failed, Reason: why}, now)
	default:
		return r.reroute(ctx, g, paths, now)
	}
}

// reroute has the rules of an open grant follow to where its VMs are now.
func (r *Reconciler) reroute(ctx context.Context, g jit.Grant, paths []jit.Path, now time.Time) error {
	err := r.checks.CheckLocks(ctx, jit.GuardsOf(paths))
	if errors.As(err, new(*jit.Refusal)) { // where it went, the rule could not be removed
		return r.closeWhile(ctx, g, jit.Decision{Ending: jit.Failed, Reason: admission.ReasonFor(err)}, now)
	}
	if err != nil {
		return err
	}
	if r.wasInForce(ctx, g) { // else they are looked for where it went, and not written there
		r.inForce.Note(string(g.ID), jit.GuardsOf(paths)...)
	}
	_, err = r.update(ctx, g.ID, func(g jit.Grant) (jit.Grant, []jit.Event, error) { return g.Follow(paths, now) })
	r.Touch(append(g.Guards(), jit.GuardsOf(paths)...))
	return err
}

// closeWhile closes a grant that is still in the state in which it was seen.
func (r *Reconciler) closeWhile(ctx context.Context, seen jit.Grant, d jit.Decision, now time.Time) error {
	_, err := r.update(ctx, seen.ID, oneEvent(func(g jit.Grant) (jit.Grant, jit.Event, error) { return g.CloseWhile(seen.State, d, now) }))
	r.Kick()
	return err
}
