package reconcile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/guardpath"
	"jitbot/jit/text"
)

const saidWait = 10 * time.Second // an opening that waits longer than this for Azure says so

// prepareOpening makes an approved grant ready for its first write: everything is
// checked once more and the paths are stored. Where opening must wait, the grant
// says so.
func (r *Reconciler) prepareOpening(ctx context.Context, id string) error {
	waited := r.firewalls.TakePaths(jit.ID(id))
	g, err := r.adapters.Grants.Grant(ctx, jit.ID(id))
	if err != nil {
		return fmt.Errorf("reading %s: %w", id, err)
	}
	if g.State != jit.Opening || !g.Clock.Begun.IsZero() {
		return r.endUnbegun(ctx, g)
	}
	now := r.checks.Clock.Now()
	if r.startup.FoundOlder(g.Clock.Approved) {
		return r.failOpening(ctx, g.ID, whileDown, now)
	}
	if why := cmp.Or(r.trust.Doubt(), r.due.Hold(g.ID, r.due.HeldAt(g.ID))); why != "" {
		return r.delayOpening(ctx, g, why)
	}
	if now.Sub(g.Clock.Approved) > approvalValidFor {
		return r.failOpening(ctx, g.ID, "its approval is too old to be used, ask again", now)
	}
	if delayed, err := r.delayForFirewall(ctx, g, waited); delayed || err != nil {
		return err
	}
	paths, err := r.pathsOf(ctx, g)
	if no := (*jit.Refusal)(nil); errors.As(err, &no) {
		return r.failOpening(ctx, g.ID, no.Error(), now, no.VMs...)
	}
	if err != nil && g.Waiting == "" && now.Sub(g.Clock.Approved) > r.config.OpenWithin {
		return r.failOpening(ctx, g.ID, "it could not be checked in time: "+admission.Outline(err), now)
	}
	if busy := (*jit.BusyError)(nil); errors.As(err, &busy) && busy.Wait > saidWait {
		err = errors.Join(err, r.delayOpening(ctx, g, "Azure takes no requests for "+text.Duration(busy.Wait)))
	}
	if err != nil {
		return fmt.Errorf("checking %s before its first write: %w", id, err)
	}
	return r.startOpening(ctx, g, paths)
}

// pathsOf checks once more all that must hold, and finds the paths.
func (r *Reconciler) pathsOf(ctx context.Context, g jit.Grant) ([]guardpath.Path, error) {
	_, sites, err := r.checks.CheckRequest(ctx, g)
	if err != nil {
		return nil, err
	}
	paths := admission.PathsOf(sites)
	return paths, r.checks.CheckRemovable(ctx, guardpath.Guards(paths))
}

// startOpening stores the paths and starts at its guards, when they can be written now.
func (r *Reconciler) startOpening(ctx context.Context, g jit.Grant, paths []guardpath.Path) error {
	if why := r.due.Hold(g.ID, guardpath.Guards(paths)); why != "" {
		return r.delayOpening(ctx, g, why)
	}
	if slices.ContainsFunc(paths, func(p guardpath.Path) bool { return !r.adapters.Readiness.Spare(p.Guard) }) {
		return r.delayOpening(ctx, g, admission.BudgetSpent)
	}
	if why := r.whyStuck(guardpath.Guards(paths)); why != "" {
		return r.delayOpening(ctx, g, why)
	}
	if delayed, err := r.delayForFirewall(ctx, g, paths); delayed || err != nil {
		return err
	}
	began, err := r.storeBegun(ctx, g.ID, paths)
	if err != nil || !began {
		return err
	}
	for _, guard := range guardpath.Guards(paths) {
		r.work.guards.Add(ctx, guard, true)
	}
	return nil
}

// delayOpening keeps an opening waiting and says why; an approval that grows stale
// meanwhile is not used.
func (r *Reconciler) delayOpening(ctx context.Context, g jit.Grant, why string) error {
	now := r.checks.Clock.Now()
	if now.Sub(g.Clock.Approved) > approvalValidFor {
		return r.failOpening(ctx, g.ID, "it waited too long to be opened: "+why, now)
	}
	_, err := r.update(ctx, g.ID, func(g jit.Grant) (jit.Grant, []jit.Event, error) { return g.Delay(why, now) })
	return err
}

// failOpening closes a grant that cannot be opened, and says why, and of which VMs where
// that is known.
func (r *Reconciler) failOpening(ctx context.Context, id jit.ID, why string, now time.Time, vms ...string) error {
	_, err := r.update(ctx, id, oneEvent(func(g jit.Grant) (jit.Grant, jit.Event, error) {
		return g.Close(jit.Decision{Ending: jit.Failed, Reason: why, VMs: vms}, now, now)
	}))
	r.Kick()
	return err
}
