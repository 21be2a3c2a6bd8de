package access

import (
	"context"
	"fmt"
	"time"

	"jitbot/jit"
	"jitbot/jit/parse"
	"jitbot/jit/text"
)

// Revoke ends a grant that is opening or open: an approver of it, an admin or
// the host may.
func (s *Service) Revoke(ctx context.Context, by jit.UserID, id jit.ID, reason string) (jit.Grant, error) {
	if reason = text.Clean(reason); len([]rune(reason)) > parse.MaxReason {
		return jit.Grant{}, jit.Refuse(jit.ErrInput, "The reason is too long; at most %s characters are kept.", fmt.Sprint(parse.MaxReason))
	}
	if !by.Host() {
		if _, err := s.checks.Member(ctx, by); err != nil {
			return jit.Grant{}, s.rejectUnknown(ctx, by, id, "revoke", err)
		}
	}
	g, err := s.grant(ctx, id)
	if err != nil {
		return g, err
	}
	approver, admin, err := s.RolesAt(ctx, by, g)
	if err != nil {
		return g, err
	}
	if !approver && !admin {
		return g, s.reject(ctx, by, g, "revoke", jit.Refuse(jit.ErrAuthority,
			"%s may not revoke %s; its approvers and the admins may, and its holder can say done.", by, id))
	}
	if g.State == jit.Pending {
		return g, jit.Refuse(jit.ErrStale, "%s is not open yet; deny it on its card instead.", id)
	}
	return s.transition(ctx, id, func(g jit.Grant, now time.Time) (jit.Grant, jit.Event, error) {
		return g.Close(jit.Decision{Ending: jit.Revoked, By: jit.Person{ID: by}, Reason: reason}, now, now)
	})
}
