package jit

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"jitbot/jit/resource"
)

// Others lists the other grants whose rules may stand at a VM of g, those that
// end first before the rest.
func (s *Service) Others(ctx context.Context, g Grant) ([]Grant, error) {
	all, err := s.adapters.Store.Unfinished(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing what else is open beside %s: %w", g.ID, err)
	}
	others := slices.DeleteFunc(all, func(o Grant) bool { return o.ID == g.ID || !o.State.Live() || !o.shares(g) })
	slices.SortStableFunc(others, func(a, b Grant) int {
		return cmp.Or(a.Clock.Deadline.Compare(b.Clock.Deadline), cmp.Compare(a.ID, b.ID))
	})
	return others, nil
}

func (g Grant) shares(o Grant) bool {
	return slices.ContainsFunc(g.Request.Targets, func(t Target) bool {
		return slices.ContainsFunc(o.Request.Targets, func(u Target) bool { return resource.Same(t.VM, u.VM) })
	})
}

// Concerns lists the grants that have not ended and are the caller's own, and
// the requests that wait for a decision that the caller could make.
func (s *Service) Concerns(ctx context.Context, by UserID) ([]Listed, error) {
	if _, err := s.checks.Member(ctx, by); err != nil {
		return nil, err
	}
	all, err := s.adapters.Store.Unfinished(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing what concerns %s: %w", by, err)
	}
	var out []Listed
	for _, g := range all {
		l := Listed{Grant: g, Mine: g.Request.By.ID == by}
		if !l.Mine && (g.State != Pending || g.ApprovedBy(Person{ID: by})) {
			continue
		}
		if l.Approver, l.Admin, err = s.standing(ctx, by, g); err != nil {
			return nil, err
		}
		if l.Mine || l.Approver {
			out = append(out, l)
		}
	}
	return out, nil
}
