package access

import (
	"context"
	"time"

	"jitbot/jit"
	"jitbot/jit/parse"
)

// Deny refuses a waiting request; the reason is required.
func (s *Service) Deny(ctx context.Context, by jit.UserID, id jit.ID, reason string) (jit.Grant, error) {
	reason, err := parse.Reason(reason)
	if err != nil {
		return jit.Grant{}, err
	}
	g, who, _, err := s.approver(ctx, by, id, "deny")
	if err != nil {
		return g, err
	}
	return s.transition(ctx, id, func(g jit.Grant, now time.Time) (jit.Grant, jit.Event, error) {
		return g.Deny(who, reason, now)
	})
}
