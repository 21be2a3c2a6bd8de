package reconcile

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/rules"
)

// settleGuard moves the grants on by what was read back, and by nothing else.
func (s *Reconciler) settleGuard(ctx context.Context, v pass) error {
	var faults []error
	for _, g := range v.grants {
		var err error
		switch g.State {
		case jit.Closing:
			err = s.settleClosing(ctx, v, g)
		case jit.Opening:
			err = s.settleOpening(ctx, v, g)
		case jit.Open:
			err = s.settleOpen(ctx, v, g)
		default:
		}
		if err != nil {
			faults = append(faults, err)
		}
	}
	for _, p := range v.protections {
		if err := s.settleProtection(ctx, v, p); err != nil {
			faults = append(faults, err)
		}
	}
	return errors.Join(append(faults, s.recordOrphans(ctx, v))...)
}

// settleReady moves on what already agrees, since the changes for others may
// take minutes.
func (s *Reconciler) settleReady(ctx context.Context, v pass) error {
	var faults []error
	for _, g := range v.grants {
		_, left := s.leftOf(g, v.before)
		ready, _ := s.confirmedAt(v, g)
		switch {
		case g.State == jit.Opening && ready:
			faults = append(faults, s.settleOpening(ctx, v, g))
		case g.State == jit.Closing && !left && v.before.Settled && !g.ConfirmedAt(v.guard):
			faults = append(faults, s.settleClosing(ctx, v, g))
		}
	}
	return errors.Join(faults...)
}

// settleClosing ends a grant of which nothing is left in the guard.
func (s *Reconciler) settleClosing(ctx context.Context, v pass, g jit.Grant) error {
	if cause := s.remains(v, g); cause != nil {
		return errors.Join(cause, s.trouble(ctx, v.guard, []jit.Grant{g}, cause))
	}
	closed, err := s.update(ctx, g.ID, func(g jit.Grant) (jit.Grant, []jit.Event, error) { return g.ConfirmClosed(v.guard, v.now) })
	if err == nil && closed.State == jit.Closed && closed.Clock.Ended.Equal(v.now) { // else another pass closed it, and measured
		s.adapters.Meter.Closed(closed.Clock.Ended.Sub(closed.Clock.Due))
	}
	return err
}

// remains is why something of the grant may still be in force in the guard, nil
// when it was read back gone.
func (s *Reconciler) remains(v pass, g jit.Grant) error {
	left, found := s.leftOf(g, v.after)
	if !found && v.after.Whole && !v.after.Settled {
		return rules.ErrNotYet // it still filters as before
	}
	if !found {
		return nil
	}
	cause := v.failed[left.Name]
	if cause == nil {
		cause = rules.ErrNotYet
		if _, ours := s.owner.Ours(left); !ours {
			cause = jit.Refuse(jit.ErrForbidden, "somebody moved the rule %s outside our band, so it is not touched; remove it by hand", left.Name)
		}
	}
	if errors.Is(cause, jit.ErrLocked) && !left.Allow {
		cause = jit.Refuse(jit.ErrLocked, "a lock keeps the rule %s from being removed, so it was turned into a deny and lets nobody in; remove the lock", left.Name)
	}
	return cause
}

// settleDeparted forgets a guard that the grant's VMs left once nothing of it
// is there.
func (s *Reconciler) settleDeparted(ctx context.Context, v pass, g jit.Grant) error {
	if cause := s.remains(v, g); cause != nil {
		s.adapters.Log.WarnContext(ctx, "a rule where a VM was before is not gone yet", slog.String("grant", string(g.ID)),
			slog.String("guard", v.guard), slog.Any("error", cause))
		return cause
	}
	return s.depart(ctx, g, v.guard)
}

// depart keeps what was read back of a grant as it was read: one that has moved
// again meanwhile is looked at again.
func (s *Reconciler) depart(ctx context.Context, read jit.Grant, guard string) error {
	_, err := s.update(ctx, read.ID, func(g jit.Grant) (jit.Grant, []jit.Event, error) { return g.LeftGuard(read.Left, guard) })
	return err
}

// leftOf finds a rule of the grant, wherever in the guard it stands.
func (s *Reconciler) leftOf(g jit.Grant, t rules.Table) (rules.Rule, bool) {
	for _, r := range t.Rules {
		n, ok := rules.ParseRuleName(strings.ToLower(r.Name))
		if ok && n.Installation == s.owner.Installation && n.Grant == g.ID {
			return r, true
		}
	}
	return rules.Rule{}, false
}

// settleOpening confirms what is in force here, and gives up what Azure will
// not take.
func (s *Reconciler) settleOpening(ctx context.Context, v pass, g jit.Grant) error {
	done, cause := s.confirmedAt(v, g)
	if done {
		opened, err := s.update(ctx, g.ID, func(g jit.Grant) (jit.Grant, []jit.Event, error) {
			return g.ConfirmGuard(v.guard, s.publicEnds(v, g), v.now)
		})
		if err == nil && opened.State == jit.Open && opened.Clock.Opened.Equal(v.now) {
			s.adapters.Meter.Opened(opened.Clock.Opened.Sub(opened.Clock.Approved))
		}
		return err
	}
	if admission.Lasting(cause) {
		return s.fail(ctx, g.ID, admission.ReasonFor(cause), v.now)
	}
	return errors.Join(cause, s.trouble(ctx, v.guard, []jit.Grant{g}, cause))
}

// confirmedAt reports whether every rule of the grant here was read back in force,
// or what stands in the way.
func (s *Reconciler) confirmedAt(v pass, g jit.Grant) (bool, error) {
	for _, want := range rules.ForGrant(s.owner.Installation, v.guard, g) {
		if err := v.failed[want.Name]; err != nil {
			return false, err
		}
		final := v.plan.FinalOf(want)
		ok, err := v.after.InForce(final)
		if err != nil {
			return false, err
		}
		if !ok {
			return false, rules.ErrNotYet
		}
	}
	return true, nil
}

// publicEnds are where the rules of the grant in a firewall let its holder in.
func (s *Reconciler) publicEnds(v pass, g jit.Grant) []jit.PublicEnd {
	return v.plan.PublicEnds(s.owner.Installation, v.guard, g)
}

// settleOpen notices that somebody removed or changed a rule of a live grant;
// the plan has repaired it.
func (s *Reconciler) settleOpen(ctx context.Context, v pass, g jit.Grant) error {
	if jit.HasGuard(g.Left, v.guard) {
		return s.settleDeparted(ctx, v, g)
	}
	moved := !g.ConfirmedAt(v.guard)
	for _, want := range rules.ForGrant(s.owner.Installation, v.guard, g) {
		relocated := v.plan.FinalOf(want).MovesPublicEnd(g)
		changed, err := s.settleChanged(ctx, v, g, want, relocated)
		if err != nil {
			return err
		}
		moved = moved || relocated
		if !changed || relocated || !g.ConfirmedAt(v.guard) {
			continue // its door was taken; or written for the first time, since the VM moved here
		}
		if err := s.drifted(ctx, g, want.Name, v.now); err != nil {
			return err
		}
	}
	if moved {
		return s.settleMoved(ctx, v, g)
	}
	return s.settleHindered(ctx, v, g)
}

// settleMoved keeps that the rules of an open grant were read back where its VM
// is now, and tells its holder of a door that is another one.
func (s *Reconciler) settleMoved(ctx context.Context, v pass, g jit.Grant) error {
	_, err := s.update(ctx, g.ID, func(stored jit.Grant) (jit.Grant, []jit.Event, error) {
		return stored.Rerouted(g.Paths, v.guard, s.publicEnds(v, stored), v.now)
	})
	return err
}

// settleChanged reports whether a rule of an open grant was not as wanted when
// the pass began, and is now. With again it is looked at in any case.
func (s *Reconciler) settleChanged(ctx context.Context, v pass, g jit.Grant, want rules.Rule, again bool) (changed bool, err error) {
	final := v.plan.FinalOf(want)
	if old, _ := v.before.Rule(want.Name); old.Equal(final) && !again {
		return false, nil
	}
	ok, err := v.after.InForce(final)
	switch {
	case err != nil || v.failed[want.Name] != nil:
		cause := errors.Join(v.failed[want.Name], err)
		return false, errors.Join(cause, s.trouble(ctx, v.guard, []jit.Grant{g}, cause))
	case !ok:
		return false, rules.ErrNotYet
	}
	return true, nil
}

func (s *Reconciler) drifted(ctx context.Context, g jit.Grant, rule string, now time.Time) error {
	_, err := s.update(ctx, g.ID, func(g jit.Grant) (jit.Grant, []jit.Event, error) { return g.Drifted(rule, now) })
	return err
}
