package reconcile

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/guardpath"
	"jitbot/jit/protection"
	"jitbot/jit/rules"
)

// confirmProtection moves a protection on by what was read back of its denies here.
func (r *Reconciler) confirmProtection(ctx context.Context, pass guardPass, p protection.Protection) error {
	if p.State == protection.Unprotecting {
		return r.confirmUnprotected(ctx, pass, p)
	}
	p, err := r.confirmProtectionLeft(ctx, pass, p)
	if err != nil {
		return err
	}
	guards := guardpath.Guards(p.Paths)
	if p.State == protection.Protected {
		guards = nil
	}
	cause := r.allAgree(ctx, pass, guards, func(at guardPass) error { return at.whyNotDenied(r.owner.Installation, p) })
	switch {
	case errors.Is(cause, rules.ErrNotYet):
		return cause
	case cause != nil:
		return errors.Join(cause, r.recordProtectionTrouble(ctx, pass, p, cause))
	case p.State == protection.Protected:
		return errors.Join(r.recordProtectionDrift(ctx, pass, p), r.recordExposure(ctx, pass, p))
	}
	open, err := r.whatStaysOpen(ctx, pass, p)
	if err != nil {
		return err
	}
	_, err = r.storeConfirmed(ctx, p, func(p protection.Protection) (protection.Protection, bool, []jit.Event) {
		next, events := p.Confirm(pass.guard, open, pass.now)
		return next, true, events
	})
	return err
}

// whyNotDenied is nil when every deny of the protection here was read back in force,
// else what stands in the way.
func (pass guardPass) whyNotDenied(installation string, p protection.Protection) error {
	for _, want := range rules.ForProtections(installation, pass.guard, []protection.Protection{p}) {
		final := pass.plan.FinalOf(want)
		if err := pass.failed[final.Name]; err != nil {
			return err
		}
		if got, found := pass.after.Rule(final.Name); !found || !got.Equal(final) || !got.Settled || !pass.after.Settled {
			return rules.ErrNotYet
		}
	}
	return nil
}

// confirmProtectionLeft forgets a guard that the VM has left once no deny for it is there.
func (r *Reconciler) confirmProtectionLeft(ctx context.Context, pass guardPass, p protection.Protection) (protection.Protection, error) {
	if !p.HasLeft(pass.guard) {
		return p, nil
	}
	gone := protection.Protection{VM: p.VM, Paths: slices.Clone(p.Left)}
	for i, path := range gone.Paths {
		gone.Paths[i].Addresses = slices.DeleteFunc(slices.Clone(path.Addresses), func(a netip.Addr) bool { return p.HasAt(path.Guard, a) })
	}
	for _, rule := range pass.after.Rules {
		if n, ours := pass.owner.Ours(rule); ours && n.Grant == "" && rule.ShutsFor(gone, pass.guard, pass.protections) {
			return p, rules.ErrNotYet
		}
	}
	if !pass.after.Settled {
		return p, rules.ErrNotYet
	}
	return r.storeProtectionLeft(ctx, p, pass.guard)
}

func (r *Reconciler) storeProtectionLeft(ctx context.Context, p protection.Protection, guard string) (protection.Protection, error) {
	return r.storeConfirmed(ctx, p, func(p protection.Protection) (protection.Protection, bool, []jit.Event) {
		next, events := p.LeftGuard(guard)
		return next, true, events
	})
}

// confirmUnprotected ends a protection of which no deny is left in any guard.
func (r *Reconciler) confirmUnprotected(ctx context.Context, pass guardPass, p protection.Protection) error {
	for _, rule := range pass.after.Rules {
		if n, ours := pass.owner.Ours(rule); ours && n.Grant == "" && rule.ShutsFor(p, pass.guard, pass.protections) {
			cause := pass.failed[rule.Name]
			if cause == nil {
				cause = rules.ErrNotYet
			}
			return errors.Join(cause, r.recordProtectionTrouble(ctx, pass, p, cause))
		}
	}
	if !pass.after.Settled {
		return rules.ErrNotYet
	}
	return r.storeUnprotected(ctx, p, pass.guard)
}

func (r *Reconciler) storeUnprotected(ctx context.Context, p protection.Protection, guard string) error {
	now := r.checks.Clock.Now()
	_, err := r.storeConfirmed(ctx, p, func(p protection.Protection) (protection.Protection, bool, []jit.Event) {
		next, events, done := p.ConfirmUnprotected(guard, now)
		return next, !done, events
	})
	return err
}

// recordProtectionDrift says that somebody changed a deny of a protected VM; the plan has
// put it back.
func (r *Reconciler) recordProtectionDrift(ctx context.Context, pass guardPass, p protection.Protection) error {
	deny := r.missingDeny(pass, p)
	switch {
	case deny == "":
		return nil
	case !r.inForce.Has(strings.ToLower(p.VM), pass.guard):
		r.common.Add(p.ShutAgain(pass.now)) // it was not there when jitbot started
		return nil
	default:
		return r.Protect(ctx, p.VM, func(p protection.Protection) (protection.Protection, []jit.Event) {
			return p.Drifted(deny, pass.after.Name, pass.now)
		})
	}
}

// recordExposure says that what the denies of a protected VM leave open is not what was
// told of it: somebody's allow stands before them, or does no more.
func (r *Reconciler) recordExposure(ctx context.Context, pass guardPass, p protection.Protection) error {
	here, changed, err := r.owner.ExposedBy(pass.after, p)
	if !changed && !rules.Faulted(p, pass.guard) || err != nil {
		return err
	}
	open, err := r.whatStaysOpen(ctx, pass, p)
	if err != nil {
		return err
	}
	_, err = r.storeConfirmed(ctx, p, func(p protection.Protection) (protection.Protection, bool, []jit.Event) {
		next, events := p.Expose(pass.guard, here, open, pass.now)
		return next, true, events
	})
	return err
}

// recordProtectionTrouble keeps what went wrong with a protection here. That a deny of it
// is not there is told when it cannot be written, or could not for a while.
func (r *Reconciler) recordProtectionTrouble(ctx context.Context, pass guardPass, p protection.Protection, cause error) error {
	rule, exposed := "", false
	if p.State != protection.Unprotecting {
		rule = pass.plan.MissingDeny(r.owner.Installation, pass.after, pass.protections, p)
	}
	if rule != "" {
		if !r.goesOn("a deny of "+p.VM, pass.guard, cause) {
			return nil
		}
		exposed = p.State == protection.Protected && r.isExposed(ctx, pass, p)
	}
	return r.Protect(ctx, p.VM, func(p protection.Protection) (protection.Protection, []jit.Event) {
		return p.Trouble(pass.guard, rule, admission.ReasonFor(cause), exposed, pass.now)
	})
}

// goesOn reports whether what could not be written at the guard is to be told: trying
// again cannot help, or Azure asks for a long pause, or it has been tried for a while.
func (r *Reconciler) goesOn(what, guard string, cause error) bool {
	since := r.absences.Missed(what + " at " + guard)
	busy := (*jit.BusyError)(nil)
	return admission.Lasting(cause) || errors.As(cause, &busy) && busy.Wait > saidWait || time.Since(since) >= saidWait
}

// isExposed reports whether no guard before some address of the protection holds a deny
// of it. What cannot be read just now may.
func (r *Reconciler) isExposed(ctx context.Context, pass guardPass, p protection.Protection) bool {
	if err := r.readBeside(ctx, pass, guardpath.Guards(p.Paths)); err != nil {
		return false
	}
	denied := map[netip.Addr]bool{}
	for _, path := range p.Paths {
		table := pass.after
		if other, read := pass.others[strings.ToLower(path.Guard)]; read {
			table = other.after
		}
		for _, a := range path.Addresses {
			denied[a] = denied[a] || r.owner.Denies(table, p, path, a)
		}
	}
	return slices.Contains(slices.Collect(maps.Values(denied)), false)
}
