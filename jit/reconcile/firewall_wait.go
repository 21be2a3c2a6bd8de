package reconcile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/passes"
	"jitbot/jit/resource"
)

const (
	gatherFor  = 5 * time.Second  // openings at a firewall wait this long for others, to share one change
	gatherMost = 30 * time.Second // and this long at the most, while others come
)

// gatherOpenings waits for openings that come together, for as long as more come. A
// closing does not wait, but for openings that have waited for the change
// before: steady closings would keep them out for ever.
func (r *Reconciler) gatherOpenings(ctx context.Context, guard string) error {
	seen, held := 0, r.firewalls.OpeningWaitsAt(guard)
	for waited := time.Duration(0); waited < gatherMost; waited += gatherFor {
		opening, closing, err := r.countUnwritten(ctx, guard)
		if first := held && waited == 0; err != nil || !first && (opening == seen || closing) {
			return err
		}
		seen = opening
		select {
		case <-time.After(gatherFor):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// countUnwritten counts the openings that the guard does not have yet, and says whether
// something is to be closed there.
func (r *Reconciler) countUnwritten(ctx context.Context, guard string) (opening int, closing bool, err error) {
	live, err := r.adapters.Grants.AtGuard(ctx, guard)
	if err != nil && !errors.Is(err, jit.ErrDamaged) {
		return 0, false, fmt.Errorf("reading the grants at %s: %w", guard, err)
	}
	for _, g := range live {
		if !g.ConfirmedAt(guard) {
			closing = closing || g.State == jit.Closing
			if g.State == jit.Opening {
				opening++
			}
		}
	}
	return opening, closing, nil
}

// claimFirewall keeps that the firewall is being read and written, until it is
// released: then what waited for it is tried.
func (r *Reconciler) claimFirewall(guard string) (release func()) {
	r.firewalls.Claim(guard)
	return func() {
		r.firewalls.Release(guard)
		r.Kick()
	}
}

// delayForFirewall holds an opening while a firewall on its paths is being changed, by us
// or by somebody else: begun now, it would spend its time waiting. The error,
// if any, has it tried again soon.
func (r *Reconciler) delayForFirewall(ctx context.Context, g jit.Grant, paths []guardpath.Path) (delayed bool, err error) {
	for _, guard := range guardpath.Guards(paths) {
		if !resource.IsFirewall(guard) {
			continue
		}
		changing, err := r.isFirewallChanging(ctx, guard)
		if err != nil {
			return false, fmt.Errorf("opening %s: %w", g.ID, err)
		}
		if !changing {
			continue
		}
		r.firewalls.RememberPaths(g.ID, paths)
		why := fmt.Sprintf("the %s %s is being changed, which takes Azure minutes; this comes next",
			resource.KindOf(guard).Noun(), resource.GuardName(guard))
		if err := r.delayOpening(ctx, g, why); err != nil {
			return true, err
		}
		return true, &jit.BusyError{Wait: passes.OpeningWaitsFor, Cause: errors.New(why)}
	}
	return false, nil
}

// isFirewallChanging reports whether Azure is at work on the firewall, for us or
// for somebody else.
func (r *Reconciler) isFirewallChanging(ctx context.Context, guard string) (bool, error) {
	if r.firewalls.IsClaimed(guard) || r.firewalls.WasChanging(guard) {
		return true, nil
	}
	t, err := r.adapters.Network.Table(ctx, guard)
	if err != nil {
		return false, fmt.Errorf("reading the rules of %s: %w", guard, err)
	}
	changing := !t.Settled && !t.Failed
	r.firewalls.NoteChanging(guard, changing)
	return changing, nil
}

// storeBegun stores that the grant begins, unless a firewall on its paths was
// claimed meanwhile: then its rules would wait for the change after the next.
// Claims wait for one write of the store, and for nothing slower.
func (r *Reconciler) storeBegun(ctx context.Context, id jit.ID, paths []guardpath.Path) (began bool, err error) {
	begun, err := r.firewalls.BeginUnlessClaimed(id, paths, func() error {
		now := r.checks.Clock.Now()
		g, err := r.update(ctx, id, oneEvent(func(g jit.Grant) (jit.Grant, jit.Event, error) {
			return g.Begin(paths, r.config.TimeToOpen(paths), now)
		}))
		began = err == nil && !g.Clock.Begun.IsZero()
		return err
	})
	if !begun {
		return false, &jit.BusyError{Wait: passes.OpeningWaitsFor, Cause: errors.New("a firewall on its paths is being changed")}
	}
	return began, err
}
