package reconcile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/resource"
	"jitbot/jit/rules"
)

// reconcileGuard makes one guard agree with the store: wanted rules against the
// rules it has, the changes, the read-back, and the grants that move on. It
// runs alone for its guard.
func (r *Reconciler) reconcileGuard(ctx context.Context, guard string) error {
	defer r.closingTried(guard)
	if resource.IsFirewall(guard) {
		if err := r.gatherOpenings(ctx, guard); err != nil {
			return err
		}
		defer r.claimFirewall(guard)()
	}
	stored, err := r.readStored(ctx, guard)
	if err != nil {
		return err
	}
	before, err := r.checks.Table(ctx, guard)
	if errors.Is(err, jit.ErrNotFound) {
		r.orphans.Replace(guard, nil)
		return r.missingGuard(ctx, stored)
	}
	if err != nil {
		if removeErr := r.removeUnread(ctx, guard, stored.Grants); removeErr != nil {
			err = removeErr // it is tried again soon, not when reads are let through
		}
		return errors.Join(err, r.recordTrouble(ctx, guard, stored.Grants, err))
	}
	r.absences.Seen(guard)
	pass, unheldErr := r.closeUnheld(ctx, r.planPass(ctx, stored, before))
	pass = r.leaveMoved(ctx, r.withhold(pass))
	if len(pass.plan.Changes) == 0 {
		return errors.Join(r.confirmGuard(ctx, pass), unheldErr)
	}
	var readyErr error
	if resource.IsFirewall(guard) || !pass.plan.Removes() { // what is to be removed waits for nobody
		readyErr = r.confirmReady(ctx, pass)
	}
	r.applyChanges(ctx, pass, pass.plan.Changes)
	r.applyChanges(ctx, pass, pass.before.DenyRefused(pass.plan.Changes, pass.failed))
	if pass.after, err = r.adapters.Network.Table(ctx, guard); err != nil {
		return cmp.Or(pass.plan.WhyUnremoved(pass.failed), fmt.Errorf("reading the rules of %s back: %w", guard, err))
	}
	pass.now = r.checks.Clock.Now()
	err = errors.Join(r.confirmGuard(ctx, pass), unheldErr, readyErr)
	return cmp.Or(pass.plan.WhyUnremoved(pass.failed), err) // no pause of anybody else's
}

// readStored reads what the store says of the guard. A grant whose record is damaged
// keeps nothing open, and does not hold up the closing of the others here.
func (r *Reconciler) readStored(ctx context.Context, guard string) (admission.AtGuard, error) {
	stored := r.checks.Stored(ctx, guard)
	if errors.Is(stored.GrantsFault, jit.ErrDamaged) {
		r.adapters.Log.ErrorContext(ctx, "a grant cannot be read, so its rules are removed",
			slog.String("guard", guard), slog.Any("error", stored.GrantsFault))
		stored.GrantsFault = nil
	}
	if stored.Unsure = errors.Is(stored.ProtectionsFault, jit.ErrDamaged); stored.Unsure {
		stored.ProtectionsFault = nil
	}
	return stored, stored.Fault()
}

// applyChanges makes changes and keeps what failed.
func (r *Reconciler) applyChanges(ctx context.Context, pass guardPass, changes []rules.Change) {
	if len(changes) == 0 {
		return
	}
	for i, err := range r.adapters.Network.Apply(ctx, pass.guard, changes) {
		if err != nil {
			pass.failed[changes[i].Name()] = err
		}
	}
}

// removeUnread removes the rules of grants that are closing, or whose time is over, by
// the names that were stored for them, while Azure lets nobody read: a port is not left open for
// that. Closed is said only when it was read.
func (r *Reconciler) removeUnread(ctx context.Context, guard string, live []jit.Grant) error {
	changes := r.owner.RemoveUnread(guard, live, r.trust.Due())
	if len(changes) == 0 || resource.KindOf(guard) == resource.ClassicFirewall { // one document, which must be read to be changed
		return nil
	}
	return errors.Join(r.adapters.Network.Apply(ctx, guard, changes)...)
}

// recordTrouble keeps what went wrong with each grant here; a closing that was
// forbidden, or takes too long, is stuck and said so once.
func (r *Reconciler) recordTrouble(ctx context.Context, guard string, grants []jit.Grant, cause error) error {
	now := r.checks.Clock.Now()
	var faults []error
	for _, seen := range grants {
		after, err := r.update(ctx, seen.ID, func(g jit.Grant) (jit.Grant, []jit.Event, error) {
			if g.State != seen.State {
				return g, nil, nil // it moved on, and this says nothing of what it is at now
			}
			stuck := errors.Is(cause, jit.ErrForbidden) || errors.Is(cause, jit.ErrLocked) || now.Sub(g.Clock.Closing) > g.StuckAfter()
			next, events := g.Trouble(guard, admission.ReasonFor(cause), stuck, now)
			return next, events, nil
		})
		if after.Stuck && !seen.Stuck {
			r.adapters.Log.ErrorContext(ctx, "a closing is stuck, and the port may be open", slog.String("grant", string(seen.ID)),
				slog.String("guard", guard), slog.Any("error", cause))
		}
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// closingTried notes that an overdue closing of the start has had its turn.
func (r *Reconciler) closingTried(guard string) {
	if r.startup.Tried(guard) {
		r.Kick() // Slack may be served now
	}
}
