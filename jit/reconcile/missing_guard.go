package reconcile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/protection"
	"jitbot/jit/rules"
)

// missingGuard deals with a guard that Azure does not know just now. It is gone when
// a second answer says so and a list of all, begun later, lacks it too; then the
// list is searched for where its rules are by now. Until then what is to be closed is
// removed by name: what reads are answered from may be behind.
func (r *Reconciler) missingGuard(ctx context.Context, stored admission.AtGuard) error {
	guard := stored.Guard
	if len(stored.Grants) == 0 && len(stored.Protections) == 0 {
		return nil
	}
	absent := fmt.Errorf("reading %s: %w", guard, admission.ErrAbsent)
	proved := admission.SecondAnswer
	if r.subscriptionOf(guard) == "" {
		proved = admission.MoveLimit // no list would name it
	}
	if time.Since(r.absences.Missed(guard)) < proved {
		return errors.Join(absent, r.removeUnread(ctx, guard, stored.Grants), r.recordTrouble(ctx, guard, stored.Grants, absent))
	}
	tables, err := r.checks.EveryTable(ctx)
	if err != nil {
		return errors.Join(fmt.Errorf("looking for %s: %w", guard, err), r.recordTrouble(ctx, guard, stored.Grants, absent))
	}
	if rules.Lists(tables, guard) {
		return absent
	}
	now := r.checks.Clock.Now()
	var faults []error
	for _, g := range stored.Grants {
		moved := r.owner.MovedTo(tables, g)
		_, err := r.update(ctx, g.ID, func(g jit.Grant) (jit.Grant, []jit.Event, error) { return g.GuardGone(guard, moved, now) })
		r.Touch(moved)
		faults = append(faults, err)
	}
	for _, p := range stored.Protections {
		faults = append(faults, r.protectionAtGone(ctx, p, guard, tables))
	}
	return errors.Join(faults...)
}

// protectionAtGone has a protection follow its denies out of a guard that is gone, or
// agree that these are gone with it.
func (r *Reconciler) protectionAtGone(ctx context.Context, p protection.Protection, guard string, tables []rules.Table) error {
	moved := r.owner.MovedProtection(tables, p, guard)
	r.Touch(moved)
	if p.State == protection.Unprotecting && len(moved) == 0 {
		return r.storeUnprotected(ctx, p, guard)
	}
	return r.Protect(ctx, p.VM, func(p protection.Protection) (protection.Protection, []jit.Event) {
		return p.GuardGone(guard, moved), nil
	})
}
