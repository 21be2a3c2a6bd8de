package jit

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// agenda is what a pass finds to do.
type agenda struct {
	mu     sync.Mutex
	guards map[string]bool // guards to look at; true: at once
	begun  map[ID]bool     // closings that were seen
	late   ID              // a closing that is late or stuck
}

func (s *Sweep) newAgenda() *agenda {
	return &agenda{guards: map[string]bool{}, begun: map[ID]bool{}}
}

// note puts a closing on the agenda. One that was not seen before does not
// wait for the pause of whatever failed at its guard before.
func (a *agenda) note(g Grant, fresh bool, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.begun[g.ID] = true
	if g.Stuck || now.Sub(g.Clock.Due) > g.stuckAfter() {
		a.late = g.ID
	}
	for _, p := range g.Paths {
		if !p.Agreed {
			guard := strings.ToLower(p.Guard)
			a.guards[guard] = a.guards[guard] || fresh
		}
	}
}

// adopt keeps what the pass found and gives the guards to look at.
func (s *Sweep) adopt(a *agenda, first bool) map[string]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.late, s.begun = a.late, a.begun
	if first {
		for guard := range a.guards {
			s.closing[guard] = true
		}
	}
	for guard := range s.touched {
		a.guards[guard] = true
	}
	s.touched = map[string]bool{}
	return a.guards
}

const advancers = 32 // grants moved on at once, so that the store commits them together

// advanceAll moves on what is due, many at once.
func (s *Sweep) advanceAll(ctx context.Context, ids []ID, due, now time.Time, agenda *agenda) []error {
	faults := make([]error, len(ids))
	slots := make(chan struct{}, advancers)
	var wg sync.WaitGroup
	for i, id := range ids {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			g, err := s.advance(ctx, id, due, now)
			if err != nil {
				faults[i] = fmt.Errorf("moving %s on: %w", id, err)
				return
			}
			if g.State == Closing {
				agenda.note(g, !s.seen(id), now)
			}
		})
	}
	wg.Wait()
	return faults
}

// seen reports whether the closing was on the agenda of the last pass.
func (s *Sweep) seen(id ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.begun[id]
}

// advance does what the clock asks of one grant. Doors close by due, which may
// be ahead of now while the clock is suspect.
func (s *Sweep) advance(ctx context.Context, id ID, due, now time.Time) (Grant, error) {
	g, err := s.world.Store.Grant(ctx, id)
	if err != nil {
		return g, fmt.Errorf("reading it: %w", err)
	}
	switch g.State {
	case Asked:
		if now.Sub(g.Request.At) >= askedFor {
			s.checks.start(ctx, string(id), false)
		}
		return g, nil
	case Pending:
		if now.Before(g.Clock.Lapse) {
			return g, nil
		}
		return s.update(ctx, id, one(func(g Grant) (Grant, Event, error) { return g.Lapse(now) }))
	case Opening:
		return s.advanceOpening(ctx, g, now)
	case Open:
		return s.advanceOpen(ctx, g, due, now)
	case Closing:
		return s.advanceClosing(ctx, g, now)
	default:
		return g, nil
	}
}

func (s *Sweep) advanceOpening(ctx context.Context, g Grant, now time.Time) (Grant, error) {
	if g.Clock.Begun.IsZero() {
		s.opens.start(ctx, string(g.ID), false)
		return g, nil
	}
	if now.Before(g.Clock.OpenBy) {
		return g, nil // it began after the list of what is due was made
	}
	d := Decision{Ending: Failed, Reason: g.unconfirmed()}
	return s.update(ctx, g.ID, one(func(g Grant) (Grant, Event, error) { return g.CloseWhile(Opening, d, now) }))
}

func (s *Sweep) advanceOpen(ctx context.Context, g Grant, due, now time.Time) (Grant, error) {
	return s.update(ctx, g.ID, func(g Grant) (Grant, []Event, error) { return g.ExpireOrRemind(due, now) })
}

// advanceClosing ends what was never begun, and says that a closing takes too
// long where its lane is held up and cannot say so.
func (s *Sweep) advanceClosing(ctx context.Context, g Grant, now time.Time) (Grant, error) {
	switch {
	case len(g.Paths) == 0:
		return s.update(ctx, g.ID, func(g Grant) (Grant, []Event, error) { return g.Gone("", now) })
	case !g.Stuck && now.Sub(g.Clock.Closing) > g.stuckAfter():
		return s.update(ctx, g.ID, func(g Grant) (Grant, []Event, error) {
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
func (s *Sweep) update(ctx context.Context, id ID, f func(Grant) (Grant, []Event, error)) (Grant, error) {
	g, err := s.world.Store.Update(ctx, id, f)
	if errors.Is(err, ErrStale) {
		g, err = s.world.Store.Grant(ctx, id)
	}
	if err != nil {
		return g, fmt.Errorf("storing %s: %w", id, err)
	}
	return g, nil
}
