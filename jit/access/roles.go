package access

import (
	"context"

	"jitbot/jit"
)

// rolesAt says what somebody is to the grant now.
func (s *Service) rolesAt(ctx context.Context, by jit.UserID, g jit.Grant) (approver, admin bool, err error) {
	if by.Host() {
		return false, true, nil
	}
	if admin, err = s.checks.IsListed(ctx, s.config.Admins, by); err != nil {
		return false, false, err
	}
	approvers := g.Approvers
	if rule, _, err := s.currentRule(ctx, g); err == nil {
		approvers = rule.Approvers
	}
	approver, err = s.checks.IsListed(ctx, approvers, by)
	return approver, admin, err
}
