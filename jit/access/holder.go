package access

import (
	"context"
	"time"

	"jitbot/jit"
)

// Done ends the holder's own grant early.
func (s *Service) Done(ctx context.Context, by jit.UserID, id jit.ID) (jit.Grant, error) {
	g, err := s.requireHolder(ctx, by, id, "done", "only the holder can say that they are done; an approver or admin can revoke it")
	if err != nil {
		return g, err
	}
	return s.transition(ctx, id, func(g jit.Grant, now time.Time) (jit.Grant, jit.Event, error) {
		return g.Close(jit.Decision{Ending: jit.Finished, By: g.Request.By}, now, now)
	})
}

// Cancel withdraws the requester's own waiting request.
func (s *Service) Cancel(ctx context.Context, by jit.UserID, id jit.ID) (jit.Grant, error) {
	g, err := s.requireHolder(ctx, by, id, "cancel", "only whoever asked can cancel it; an approver can deny it")
	if err != nil {
		return g, err
	}
	return s.transition(ctx, id, func(g jit.Grant, now time.Time) (jit.Grant, jit.Event, error) {
		return g.Cancel(g.Request.By, now)
	})
}

// requireHolder refuses, and records, everybody but the holder of the grant.
func (s *Service) requireHolder(ctx context.Context, by jit.UserID, id jit.ID, what, hint string) (jit.Grant, error) {
	if _, err := s.checks.Member(ctx, by); err != nil {
		return jit.Grant{}, err
	}
	g, err := s.grant(ctx, id)
	if err != nil {
		return g, err
	}
	if g.Request.By.ID != by {
		return g, s.reject(ctx, by, g, what, jit.Refuse(jit.ErrAuthority, "%s belongs to %s; %s.", id, g.Request.By.ID, hint))
	}
	return g, nil
}
