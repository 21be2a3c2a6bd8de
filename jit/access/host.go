package access

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"jitbot/jit"
)

// End ends a grant in whatever state it is, for somebody with a shell on the bot's
// machine: what is live is closed, what waits is withdrawn, and what has ended or is
// closing already is returned as it is. Only the host may.
func (s *Service) End(ctx context.Context, by jit.UserID, id jit.ID) (jit.Grant, error) {
	if err := hostOnly(by); err != nil {
		return jit.Grant{}, err
	}
	g, err := s.grant(ctx, id)
	for err == nil && !g.State.Ended() && g.State != jit.Closing {
		g, err = s.transition(ctx, id, endBy(by))
		if !errors.Is(err, jit.ErrStale) {
			break
		}
		g, err = s.grant(ctx, id) // somebody else ended it meanwhile
	}
	return g, err
}

// endBy is how the host ends a grant in the state in which it is then.
func endBy(by jit.UserID) func(jit.Grant, time.Time) (jit.Grant, jit.Event, error) {
	return func(g jit.Grant, now time.Time) (jit.Grant, jit.Event, error) {
		if g.State.Live() {
			return g.Close(jit.Decision{Ending: jit.Revoked, By: jit.Person{ID: by}}, now, now)
		}
		return g.Cancel(jit.Person{ID: by}, now)
	}
}

// EndAll ends every grant that has not ended, those that are live first, and returns
// them as they are then. With an error, those that could be ended are.
func (s *Service) EndAll(ctx context.Context, by jit.UserID) ([]jit.Grant, error) {
	if err := hostOnly(by); err != nil {
		return nil, err
	}
	all, err := s.adapters.Grants.Unfinished(ctx)
	faults := []error{err}
	slices.SortStableFunc(all, func(a, b jit.Grant) int { return liveFirst(a) - liveFirst(b) })
	var out []jit.Grant
	for _, g := range all {
		ended, err := s.End(ctx, by, g.ID)
		if err != nil {
			faults = append(faults, fmt.Errorf("ending %s: %w", g.ID, err))
			continue
		}
		out = append(out, ended)
	}
	return out, errors.Join(faults...)
}

func liveFirst(g jit.Grant) int {
	if g.State.Live() {
		return 0
	}
	return 1
}

// Look reads a grant for the host.
func (s *Service) Look(ctx context.Context, by jit.UserID, id jit.ID) (jit.Grant, error) {
	if err := hostOnly(by); err != nil {
		return jit.Grant{}, err
	}
	return s.grant(ctx, id)
}

// Copied records that the host takes a copy of something, before it does. Only the
// host may.
func (s *Service) Copied(ctx context.Context, by jit.UserID, what string) error {
	if err := hostOnly(by); err != nil {
		return err
	}
	if err := s.adapters.Record.Append(ctx, jit.Copied(by, what, s.checks.Clock.Now())); err != nil {
		return fmt.Errorf("recording a copy of %s: %w", what, err)
	}
	return nil
}

// HostRefused records that somebody of another account tried to speak to the bot on
// its machine.
func (s *Service) HostRefused(ctx context.Context, by jit.UserID) error {
	if err := s.adapters.Record.Append(ctx, jit.Rejected(by, "host command", nil, s.checks.Clock.Now())); err != nil {
		return fmt.Errorf("recording a refused host command: %w", err)
	}
	return nil
}

func hostOnly(by jit.UserID) error {
	if by.Host() {
		return nil
	}
	return jit.Refuse(jit.ErrAuthority, "%s may not do that from Slack; it is for the machine that jitbot runs on.", by)
}
