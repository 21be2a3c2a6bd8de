package jit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// lookAtHolders starts looking at the holder of every open grant again.
func (s *Sweep) lookAtHolders(ctx context.Context) {
	grants, err := s.world.Store.Unfinished(ctx)
	if err != nil {
		s.world.Log.ErrorContext(ctx, "listing the grants whose holders are looked at", slog.Any("error", err))
	}
	for _, g := range grants {
		if g.State == Open {
			s.holders.start(ctx, string(g.ID), false)
		}
	}
}

// recheck closes an open grant whose holder lost the account or the rights.
// What cannot be read just now is kept and warned of: taking access away from
// somebody at work because Slack or Azure is down would be a fault of ours.
func (s *Sweep) recheck(ctx context.Context, id string) error {
	g, err := s.world.Store.Grant(ctx, ID(id))
	if err != nil {
		return fmt.Errorf("reading %s: %w", id, err)
	}
	if g.State != Open {
		return nil
	}
	err = patiently(ctx, func() error { return s.holds(ctx, g) })
	now := s.clock.Now()
	no := (*Refusal)(nil)
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("looking at the holder of %s again: %w", id, ctx.Err())
	case err == nil:
		_, err := s.update(ctx, g.ID, func(g Grant) (Grant, []Event, error) { return g.unchecked(false, "", now) })
		return err
	case errors.As(err, &no):
		return s.end(ctx, g.ID, Decision{Ending: RightsLost, Reason: no.Error()}, now)
	default:
		s.world.Log.WarnContext(ctx, "the rights of a holder could not be read, and the grant is kept", slog.String("grant", id), slog.Any("error", err))
		why := "The holder's rights could not be read (" + outline(err) + "); the access is kept until they can."
		_, err := s.update(ctx, g.ID, func(g Grant) (Grant, []Event, error) { return g.unchecked(true, why, now) })
		return err
	}
}

// unchecked keeps whether the holder's rights could be read, and says it once
// when they could not.
func (g Grant) unchecked(yes bool, why string, now time.Time) (Grant, []Event, error) {
	if g.State != Open || g.Unchecked == yes {
		return g, nil, nil
	}
	g = g.changed()
	g.Unchecked = yes
	if !yes {
		return g, nil, nil
	}
	return g, []Event{g.event(EventUnchecked, Person{}, now, why)}, nil
}

// holds refuses a holder whose account or rights are gone.
func (s *Sweep) holds(ctx context.Context, g Grant) error {
	who, err := s.person(ctx, g.Request.By.ID)
	if err != nil {
		return err
	}
	if err := sameEntra(g, who); err != nil {
		return err
	}
	for _, t := range g.Request.Targets {
		if err := s.rights(ctx, who, VM{ID: t.VM, Name: t.Name}, s.config.RequiredActions); err != nil {
			return err
		}
	}
	return nil
}
