package jit

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	advancers = 32               // grants moved on at once, so that the store commits them together
	askedFor  = 15 * time.Second // a request not checked by then was cut off, and is checked again
)

const (
	stuckAfter = time.Minute      // a closing that takes longer shows as stuck
	slowStuck  = 10 * time.Minute // the same where a firewall is changed
)

// advanceAll moves on what is due, many at once.
func (r *Reconciler) advanceAll(ctx context.Context, ids []ID, due, now time.Time, agenda *agenda) []error {
	faults := make([]error, len(ids))
	slots := make(chan struct{}, advancers)
	var wg sync.WaitGroup
	for i, id := range ids {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			g, err := r.advance(ctx, id, due, now)
			if err != nil {
				faults[i] = fmt.Errorf("moving %s on: %w", id, err)
				return
			}
			if g.State == Closing {
				agenda.note(g, !r.due.seen(id), now)
			}
		})
	}
	wg.Wait()
	return faults
}

// advance does what the clock asks of one grant. Doors close by due, which may
// be ahead of now while the clock is suspect.
func (r *Reconciler) advance(ctx context.Context, id ID, due, now time.Time) (Grant, error) {
	g, err := r.adapters.Store.Grant(ctx, id)
	if err != nil {
		return g, fmt.Errorf("reading it: %w", err)
	}
	switch g.State {
	case Asked:
		if now.Sub(g.Request.At) >= askedFor {
			r.work.checks.Add(ctx, string(id), false)
		}
		return g, nil
	case Pending:
		if now.Before(g.Clock.Lapse) {
			return g, nil
		}
		return r.update(ctx, id, one(func(g Grant) (Grant, Event, error) { return g.Lapse(now) }))
	case Opening:
		return r.advanceOpening(ctx, g, now)
	case Open:
		return r.advanceOpen(ctx, g, due, now)
	case Closing:
		return r.advanceClosing(ctx, g, now)
	default:
		return g, nil
	}
}

func (r *Reconciler) advanceOpening(ctx context.Context, g Grant, now time.Time) (Grant, error) {
	if g.Clock.Begun.IsZero() {
		r.work.opens.Add(ctx, string(g.ID), false)
		return g, nil
	}
	if now.Before(g.Clock.OpenBy) {
		return g, nil // it began after the list of what is due was made
	}
	d := Decision{Ending: Failed, Reason: g.unconfirmed()}
	return r.update(ctx, g.ID, one(func(g Grant) (Grant, Event, error) { return g.CloseWhile(Opening, d, now) }))
}

func (r *Reconciler) advanceOpen(ctx context.Context, g Grant, due, now time.Time) (Grant, error) {
	return r.update(ctx, g.ID, func(g Grant) (Grant, []Event, error) { return g.ExpireOrRemind(due, now) })
}

// advanceClosing ends what was never begun, and says that a closing takes too
// long where its guard is held up and cannot say so.
func (r *Reconciler) advanceClosing(ctx context.Context, g Grant, now time.Time) (Grant, error) {
	switch {
	case len(g.Paths) == 0:
		return r.update(ctx, g.ID, func(g Grant) (Grant, []Event, error) { return g.ConfirmClosed("", now) })
	case !g.Stuck && now.Sub(g.Clock.Closing) > g.stuckAfter():
		return r.update(ctx, g.ID, func(g Grant) (Grant, []Event, error) {
			next, events := g.Trouble("", "it takes longer than it should", true, now)
			return next, events, nil
		})
	default:
		return g, nil
	}
}

// stuckAfter is how long a closing may take before it counts as stuck.
func (g Grant) stuckAfter() time.Duration {
	if g.slow() {
		return slowStuck
	}
	return stuckAfter
}

// unconfirmed says why a grant was not confirmed in time.
func (g Grant) unconfirmed() string {
	for _, p := range g.Paths {
		if p.Fault != "" {
			return "it was not confirmed in time: " + p.Fault
		}
	}
	return "it was not confirmed in time"
}

// one lifts a transition with one event.
func one(f func(Grant) (Grant, Event, error)) func(Grant) (Grant, []Event, error) {
	return func(g Grant) (Grant, []Event, error) {
		next, e, err := f(g)
		return next, []Event{e}, err
	}
}

// update runs a transition. One that comes too late, because somebody else
// moved the grant on, is no fault.
func (r *Reconciler) update(ctx context.Context, id ID, f func(Grant) (Grant, []Event, error)) (Grant, error) {
	g, err := r.adapters.Store.Update(ctx, id, f)
	if errors.Is(err, ErrStale) {
		g, err = r.adapters.Store.Grant(ctx, id)
	}
	if err != nil {
		return g, fmt.Errorf("storing %s: %w", id, err)
	}
	return g, nil
}
