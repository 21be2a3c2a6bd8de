package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/guardpath"
	"jitbot/jit/resource"
	"jitbot/jit/rules"
)

// confirmGuard moves the grants on by what was read back, and by nothing else.
func (r *Reconciler) confirmGuard(ctx context.Context, pass guardPass) error {
	pass.others = map[string]guardPass{}
	var faults []error
	for _, g := range pass.grants {
		var err error
		switch g.State {
		case jit.Closing:
			err = r.confirmClosed(ctx, pass, g)
		case jit.Opening:
			err = r.confirmOpened(ctx, pass, g)
		case jit.Open:
			if g.MayStandAt(r.trust.Due()) { // else its rules are removed, and it closes once that can be stored
				err = r.checkOpen(ctx, pass, g)
			}
		default:
		}
		if err != nil {
			faults = append(faults, err)
		}
		if storeHangs(ctx, err) {
			return errors.Join(faults...)
		}
	}
	for _, p := range pass.protections {
		err := r.confirmProtection(ctx, pass, p)
		if err != nil {
			faults = append(faults, err)
		}
		if storeHangs(ctx, err) {
			return errors.Join(faults...)
		}
	}
	return errors.Join(append(faults, r.recordOrphans(ctx, pass))...)
}

// storeHangs reports whether the store took too long: then it is not asked for the rest
// either, since what is overdue here by then would wait for it.
func storeHangs(ctx context.Context, err error) bool {
	return errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil
}

// confirmReady moves on what already agrees and what nothing is changed for, since
// the changes for others may take minutes.
func (r *Reconciler) confirmReady(ctx context.Context, pass guardPass) error {
	pass.others = map[string]guardPass{}
	var faults []error
	for _, g := range pass.grants {
		var err error
		switch {
		case g.State == jit.Opening && r.whyNotInForce(pass, g) == nil:
			err = r.confirmOpened(ctx, pass, g)
		case g.State == jit.Closing && r.whyInForce(pass, g) == nil && !g.ConfirmedAt(pass.guard) && !pass.plan.Changing(g.ID):
			err = r.confirmClosed(ctx, pass, g)
		}
		if faults = append(faults, err); storeHangs(ctx, err) {
			break
		}
	}
	return errors.Join(faults...)
}

// besides are the other guards of the grant, and whether all of them have agreed: then
// what this one says is the last, and they are read beside it.
func besides(g jit.Grant, guard string) (others []string, last bool) {
	others = slices.DeleteFunc(guardpath.Guards(g.Paths), func(other string) bool { return resource.Same(other, guard) })
	return others, !slices.ContainsFunc(others, func(other string) bool { return !g.ConfirmedAt(other) })
}

// confirmAgreed stores that a grant agrees here, for the last guard only when all
// were read to agree in one reading; cause is why they do not.
func (r *Reconciler) confirmAgreed(ctx context.Context, pass guardPass, g jit.Grant, why func(guardPass, jit.Grant) error,
	confirm func(jit.Grant) (jit.Grant, []jit.Event, error),
) (next jit.Grant, cause, err error) {
	for {
		others, last := besides(g, pass.guard)
		if !last {
			others = nil
		}
		if cause := r.allAgree(ctx, pass, others, func(at guardPass) error { return why(at, g) }); cause != nil {
			return g, cause, nil
		}
		next, err = r.update(ctx, g.ID, func(g jit.Grant) (jit.Grant, []jit.Event, error) {
			if _, nowLast := besides(g, pass.guard); nowLast && !last {
				return g, nil, rules.ErrNotYet // another guard agreed meanwhile, and was not read beside this one
			}
			return confirm(g)
		})
		if last || !errors.Is(err, rules.ErrNotYet) {
			return next, nil, err
		}
		if g, err = r.adapters.Grants.Grant(ctx, g.ID); err != nil {
			return g, nil, fmt.Errorf("reading %s: %w", g.ID, err)
		}
	}
}

// confirmOpened confirms what is in force here, and gives up what Azure will
// not take.
func (r *Reconciler) confirmOpened(ctx context.Context, pass guardPass, g jit.Grant) error {
	opened, cause, err := r.confirmAgreed(ctx, pass, g, r.whyNotInForce, func(g jit.Grant) (jit.Grant, []jit.Event, error) {
		return g.ConfirmGuard(pass.guard, r.publicEnds(pass, g), pass.now)
	})
	if cause == nil {
		r.inForce.Note(string(g.ID), pass.guard)
	}
	switch {
	case err != nil:
		return err
	case cause != nil && admission.Lasting(cause):
		return r.failOpening(ctx, g.ID, admission.ReasonFor(cause), pass.now, g.VMsAt(pass.guard)...)
	case cause != nil:
		return errors.Join(cause, r.recordTrouble(ctx, pass.guard, []jit.Grant{g}, cause))
	case opened.State == jit.Open && opened.Clock.Opened.Equal(pass.now):
		r.adapters.Meter.Opened(opened.Clock.Opened.Sub(opened.Clock.Approved))
	}
	return nil
}

// whyNotInForce is nil when every rule of the grant here was read back in force.
func (r *Reconciler) whyNotInForce(pass guardPass, g jit.Grant) error {
	return pass.plan.WhyNotInForce(r.owner.Installation, pass.after, pass.guard, pass.failed, g)
}

// publicEnds are where the rules of the grant in a firewall let its holder in.
func (r *Reconciler) publicEnds(pass guardPass, g jit.Grant) []guardpath.PublicEnd {
	return pass.plan.PublicEnds(r.owner.Installation, pass.guard, g)
}

// confirmClosed ends a grant of which nothing is left in the guard.
func (r *Reconciler) confirmClosed(ctx context.Context, pass guardPass, g jit.Grant) error {
	open := r.checks.LetInAnyway(ctx, g)
	closed, cause, err := r.confirmAgreed(ctx, pass, g, r.whyInForce, func(g jit.Grant) (jit.Grant, []jit.Event, error) {
		return g.StaysOpen(open).ConfirmClosed(pass.guard, pass.now)
	})
	if cause != nil {
		return errors.Join(cause, r.recordTrouble(ctx, pass.guard, []jit.Grant{g}, cause))
	}
	if err == nil && closed.State == jit.Closed && closed.Clock.Ended.Equal(pass.now) { // else another pass closed it, and measured
		r.adapters.Meter.Closed(closed.Clock.Ended.Sub(closed.Clock.Due))
	}
	return err
}

// whyInForce is why something of the grant may still be in force in the guard, nil
// when it was read back gone from a guard that is settled, whoever wrote to it last,
// or when the guard itself is proved gone. One that only is not there just now is
// handed to missingGuard.
func (r *Reconciler) whyInForce(pass guardPass, g jit.Grant) error {
	left, found := r.owner.RuleOf(pass.after, g.ID)
	absent := pass.after.Guard == ""
	switch {
	case !found && pass.after.Settled:
		return nil
	case absent && slices.ContainsFunc(g.Paths, func(p guardpath.Path) bool { return p.Gone && resource.Same(p.Guard, pass.guard) }):
		return nil
	case !found || pass.failed[left.Name] == nil:
		return rules.ErrNotYet
	case left.Allow:
		return pass.failed[left.Name]
	default:
		return admission.TurnedToDeny(left.Name, pass.failed[left.Name])
	}
}

// checkOpen records that somebody removed or changed a rule of a live grant;
// the plan has repaired it.
func (r *Reconciler) checkOpen(ctx context.Context, pass guardPass, g jit.Grant) error {
	if g.HasLeft(pass.guard) {
		return r.confirmLeft(ctx, pass, g)
	}
	moved := !g.ConfirmedAt(pass.guard)
	for _, want := range rules.ForGrant(r.owner.Installation, pass.guard, g) {
		relocated := pass.plan.FinalOf(want).MovesPublicEnd(g)
		changed, err := r.isRewritten(ctx, pass, g, want, relocated)
		asBefore := pass.plan.StandsAsBefore(r.owner.Installation, pass.before, g, want.Name)
		switch {
		case err != nil && (asBefore || g.Move.Forth()):
			return errors.Join(err, r.giveUpMove(ctx, g, err)) // nobody else kept it from being rewritten
		case err != nil:
			return errors.Join(err, r.recordUnwritten(ctx, pass, g, want, err))
		}
		moved = moved || relocated
		if !changed || relocated || asBefore || !g.ConfirmedAt(pass.guard) {
			continue // its public end was taken; or written for the first time, since the VM moved here
		}
		if err := r.recordDrift(ctx, g, want.Name, pass.now); err != nil {
			return err
		}
	}
	if moved {
		return errors.Join(r.storeRerouted(ctx, pass, g), r.confirmRewritten(ctx, pass, g))
	}
	return errors.Join(r.recordHindrance(ctx, pass, g), r.confirmRewritten(ctx, pass, g))
}

// confirmLeft forgets a guard that the grant's VMs left once nothing of it
// is there.
func (r *Reconciler) confirmLeft(ctx context.Context, pass guardPass, g jit.Grant) error {
	if cause := r.whyInForce(pass, g); cause != nil {
		r.adapters.Log.WarnContext(ctx, "a rule where a VM was before is not gone yet", slog.String("grant", string(g.ID)),
			slog.String("guard", pass.guard), slog.Any("error", cause))
		return cause
	}
	if g.Move.Underway() {
		defer r.Touch(guardpath.Guards(g.Paths)) // which waited for that
	}
	return r.storeLeft(ctx, g, pass.guard)
}

// storeLeft keeps what was read back of a grant as it was read: one that has moved
// again meanwhile is read again.
func (r *Reconciler) storeLeft(ctx context.Context, read jit.Grant, guard string) error {
	_, err := r.update(ctx, read.ID, func(g jit.Grant) (jit.Grant, []jit.Event, error) { return g.LeftGuard(read.Left, guard) })
	return err
}

// isRewritten reports whether a rule of an open grant was not as wanted when
// the pass began, and is now. With again it is read in any case.
func (r *Reconciler) isRewritten(ctx context.Context, pass guardPass, g jit.Grant, want rules.Rule, again bool) (changed bool, err error) {
	final := pass.plan.FinalOf(want)
	if old, _ := pass.before.Rule(want.Name); old.Equal(final) && !again {
		return false, nil
	}
	ok, err := pass.after.InForce(final)
	switch {
	case err != nil || pass.failed[want.Name] != nil:
		cause := errors.Join(pass.failed[want.Name], err)
		return false, errors.Join(cause, r.recordTrouble(ctx, pass.guard, []jit.Grant{g}, cause))
	case !ok:
		return false, rules.ErrNotYet
	}
	return true, nil
}

// recordDrift records that somebody removed or changed a rule of the grant.
func (r *Reconciler) recordDrift(ctx context.Context, g jit.Grant, rule string, now time.Time) error {
	_, err := r.update(ctx, g.ID, func(g jit.Grant) (jit.Grant, []jit.Event, error) { return g.Drifted(rule, now) })
	return err
}

// storeRerouted keeps that the rules of an open grant were read back where its VM
// is now, and tells its holder of a public end that is another one.
func (r *Reconciler) storeRerouted(ctx context.Context, pass guardPass, g jit.Grant) error {
	_, err := r.update(ctx, g.ID, func(stored jit.Grant) (jit.Grant, []jit.Event, error) {
		return stored.Rerouted(g.Paths, pass.guard, r.publicEnds(pass, stored), pass.now)
	})
	return err
}
