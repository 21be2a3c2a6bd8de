package access

import (
	"context"
	"fmt"

	"jitbot/jit"
	"jitbot/jit/lookup"
)

// ToDecide gives a grant as List does, with what a decision about it needs. It refuses
// nobody: whoever decides is checked then.
func (s *Service) ToDecide(ctx context.Context, by jit.UserID, id jit.ID) (lookup.ListedGrant, error) {
	g, err := s.grant(ctx, id)
	if err != nil {
		return lookup.ListedGrant{}, err
	}
	l := lookup.NewListed(g, by)
	if l.Mine || g.State != jit.Pending || g.ApprovedBy(jit.Person{ID: by}) {
		return l, nil
	}
	if l.Approver, l.Admin, err = s.RolesAt(ctx, by, g); err != nil || !l.Approver {
		return l, err
	}
	all, err := s.adapters.Grants.Unfinished(ctx)
	if err != nil {
		return l, fmt.Errorf("listing what is open beside %s: %w", id, err)
	}
	return lookup.WithOthers([]lookup.ListedGrant{l}, all)[0], nil
}
