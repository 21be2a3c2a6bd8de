package reconcile

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"jitbot/jit"
	"jitbot/jit/closings"
)

const (
	advancers   = 32                     // grants moved on at once, so that the store commits them together
	storeWithin = 500 * time.Millisecond // a pass waits no longer for the store: rules that are overdue go by what was read
	storeSlow   = 5 * time.Second        // work on a guard waits no longer: what is due there next would wait along
	askedFor    = 15 * time.Second       // a request not checked by then was cut off, and is checked again
)

// advanceDue moves on every grant whose time has come, closings first.
func (r *Reconciler) advanceDue(ctx context.Context, first bool) error {
	due, now := r.trust.Due(), r.checks.Clock.Now()
	ids, err := r.adapters.Grants.Due(ctx, due)
	var faults []error
	if err != nil {
		faults = append(faults, fmt.Errorf("finding what is due: %w", err)) // what was found is closed all the same
	}
	found := closings.NewFound()
	faults = append(faults, r.advanceAll(ctx, ids, due, now, found)...)
	if first {
		r.startup.WaitFor(found.Guards())
	}
	for guard, urgent := range r.due.Replace(found) {
		r.work.guards.Add(ctx, guard, urgent)
	}
	return errors.Join(faults...)
}

// advanceAll moves on what is due, many at once, and notes the closings in
// found.
func (r *Reconciler) advanceAll(ctx context.Context, ids []jit.ID, due, now time.Time, found *closings.Found) []error {
	faults := make([]error, len(ids))
	slots := make(chan struct{}, advancers)
	within, cancel := context.WithTimeout(ctx, storeWithin)
	defer cancel()
	var wg sync.WaitGroup
	for i, id := range ids {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			g, err := r.advance(within, id, due, now)
			if err != nil {
				faults[i] = fmt.Errorf("moving %s on: %w", id, err)
			}
			switch fresh := !r.due.SawClosing(id); {
			case err == nil && g.State == jit.Closing:
				found.AddClosing(g, fresh, now)
			case err != nil && g.State.Live() && !g.MayStandAt(due):
				found.AddOverdue(g, fresh, now)
			}
			r.queueAdvanced(ctx, g, err, now)
		})
	}
	wg.Wait()
	return faults
}

// queueAdvanced has the workers go on with a grant that was moved on, or, with an
// error, was not.
func (r *Reconciler) queueAdvanced(ctx context.Context, g jit.Grant, err error, now time.Time) {
	switch {
	case g.State == jit.Asked && now.Sub(g.Request.At) >= askedFor, err == nil && asksAgain(g, now):
		r.work.requests.Add(ctx, string(g.ID), false)
	case g.State == jit.Opening && g.Clock.Begun.IsZero(), g.State == jit.Closing && err == nil && len(g.Paths) == 0:
		r.work.openings.Add(ctx, string(g.ID), false)
	}
}

// asksAgain reports whether a request that nobody decides is to be asked about again.
func asksAgain(g jit.Grant, now time.Time) bool {
	due, _ := g.AskDue(now)
	return due
}

// advance does what the clock asks of one grant. Grants expire by due, which may
// be ahead of now while the clock is suspect. With an error it returns the grant as
// it was read.
func (r *Reconciler) advance(ctx context.Context, id jit.ID, due, now time.Time) (jit.Grant, error) {
	g, err := r.adapters.Grants.Grant(context.WithoutCancel(ctx), id) // however long the others took
	if err != nil {
		return g, fmt.Errorf("reading it: %w", err)
	}
	next, err := r.advanceRead(ctx, g, due, now)
	if err != nil {
		return g, err
	}
	return next, nil
}

// advanceRead is advance of a grant that was read.
func (r *Reconciler) advanceRead(ctx context.Context, g jit.Grant, due, now time.Time) (jit.Grant, error) {
	switch g.State {
	case jit.Pending:
		if now.Before(g.Clock.Lapse) {
			return g, nil
		}
		return r.update(ctx, g.ID, oneEvent(func(g jit.Grant) (jit.Grant, jit.Event, error) { return g.Lapse(now) }))
	case jit.Opening:
		return r.advanceOpening(ctx, g, due, now)
	case jit.Open:
		return r.advanceOpen(ctx, g, due, now)
	case jit.Closing:
		return r.advanceClosing(ctx, g, now)
	default:
		return g, nil
	}
}

func (r *Reconciler) advanceOpening(ctx context.Context, g jit.Grant, due, now time.Time) (jit.Grant, error) {
	if g.Clock.Begun.IsZero() || due.Before(g.Clock.OpenBy) {
		return g, nil // it is prepared; or began after the list of what is due was made
	}
	d := jit.Decision{Ending: jit.Failed, Reason: g.Unconfirmed()}
	return r.update(ctx, g.ID, oneEvent(func(g jit.Grant) (jit.Grant, jit.Event, error) { return g.CloseWhile(jit.Opening, d, now) }))
}

func (r *Reconciler) advanceOpen(ctx context.Context, g jit.Grant, due, now time.Time) (jit.Grant, error) {
	doubt := r.trust.Doubt()
	next, err := r.update(ctx, g.ID, func(g jit.Grant) (jit.Grant, []jit.Event, error) { return g.ExpireOrRemind(doubt, due, now) })
	if g.Move.Forth() && !next.Move.Forth() {
		r.Touch(next.Guards()) // where it goes back
	}
	return next, err
}

// advanceClosing ends what was never begun, and says that a closing takes too
// long where its guard is held up and cannot say so. What an older copy of the store
// had not begun may have begun since: endUnbegun ends it, after a restart too.
func (r *Reconciler) advanceClosing(ctx context.Context, g jit.Grant, now time.Time) (jit.Grant, error) {
	switch {
	case len(g.Paths) == 0 && g.Decision.Reason != whileDown:
		return r.update(ctx, g.ID, func(g jit.Grant) (jit.Grant, []jit.Event, error) { return g.ConfirmClosed("", now) })
	case !g.Stuck && now.Sub(g.Clock.Closing) > g.StuckAfter():
		return r.update(ctx, g.ID, func(g jit.Grant) (jit.Grant, []jit.Event, error) {
			next, events := g.Trouble("", "it takes longer than it should", true, now)
			return next, events, nil
		})
	default:
		return g, nil
	}
}

// update runs a transition. One that comes too late, because somebody else
// moved the grant on, is no fault.
func (r *Reconciler) update(ctx context.Context, id jit.ID, f func(jit.Grant) (jit.Grant, []jit.Event, error)) (jit.Grant, error) {
	ctx, cancel := context.WithTimeout(ctx, storeSlow)
	defer cancel()
	g, err := r.adapters.Grants.Update(ctx, id, f)
	if errors.Is(err, jit.ErrStale) {
		g, err = r.adapters.Grants.Grant(ctx, id)
	}
	if err != nil {
		return g, fmt.Errorf("storing %s: %w", id, err)
	}
	if g.State.Ended() {
		r.inForce.Forget(string(id))
		r.adminDenials.Forget(id)
	}
	return g, nil
}

// oneEvent lifts a transition with one event.
func oneEvent(f func(jit.Grant) (jit.Grant, jit.Event, error)) func(jit.Grant) (jit.Grant, []jit.Event, error) {
	return func(g jit.Grant) (jit.Grant, []jit.Event, error) {
		next, e, err := f(g)
		return next, []jit.Event{e}, err
	}
}
