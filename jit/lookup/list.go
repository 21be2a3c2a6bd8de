package lookup

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"jitbot/jit"
)

// ListedGrant is a grant with what the reader is to it.
type ListedGrant struct {
	Grant                 jit.Grant
	Mine, Approver, Admin bool
	OnIt                  bool        // they said that they are on it
	Extends               bool        // they may decide the extension that waits
	Others                []jit.Grant // what else is open on its VMs, where the reader may approve it
}

// NewListed is the grant with what it says itself of the reader.
func NewListed(g jit.Grant, by jit.UserID) ListedGrant {
	return ListedGrant{Grant: g, Mine: g.Request.By.ID == by, OnIt: g.Claimed().By.ID == by}
}

// WithOthers finds what else is open on the VMs of those that the reader may approve,
// which the card says too.
func WithOthers(listed []ListedGrant, all []jit.Grant) []ListedGrant {
	for i, l := range listed {
		if l.Approver && !l.Mine && l.Grant.State == jit.Pending || l.Extends {
			listed[i].Others = othersOf(l.Grant, all)
		}
	}
	return listed
}

// List gives the grants that have not ended, the caller's own, or with all
// also those that the caller may see: everything for approvers, admins and the
// host, else what is for VMs that the caller may read in Azure.
func (s *Service) List(ctx context.Context, by jit.UserID, all bool) ([]ListedGrant, error) {
	if !by.Host() {
		if _, err := s.checks.Member(ctx, by); err != nil {
			return nil, err
		}
	}
	grants, err := s.checks.Adapters.Grants.Unfinished(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing grants: %w", err)
	}
	visible := s.byAzureRights(by)
	var out []ListedGrant
	for _, g := range grants {
		mine := g.Request.By.ID == by
		if !mine && !all && !by.Host() {
			continue
		}
		l := NewListed(g, by)
		if err = s.roles(ctx, by, &l); err != nil {
			return nil, err
		}
		if !mine && !l.Approver && !l.Admin && !visible.seesGrant(ctx, g) {
			continue
		}
		out = append(out, l)
	}
	return WithOthers(out, grants), nil
}

// Concerns lists the grants that have not ended and are the caller's own, and
// the requests and extensions that wait for a decision that the caller could make.
func (s *Service) Concerns(ctx context.Context, by jit.UserID) ([]ListedGrant, error) {
	if _, err := s.checks.Member(ctx, by); err != nil {
		return nil, err
	}
	all, err := s.checks.Adapters.Grants.Unfinished(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing what concerns %s: %w", by, err)
	}
	var out []ListedGrant
	for _, g := range all {
		l := NewListed(g, by)
		waits := g.State == jit.Pending && !g.ApprovedBy(jit.Person{ID: by})
		if !l.Mine && !waits && !g.ExtensionAwaits(by) {
			continue
		}
		if err = s.roles(ctx, by, &l); err != nil {
			return nil, err
		}
		if l.Mine || waits && l.Approver || l.Extends {
			out = append(out, l)
		}
	}
	return WithOthers(out, all), nil
}

// Others lists the other grants whose rules may stand at a VM of g, those that
// end first before the rest.
func (s *Service) Others(ctx context.Context, g jit.Grant) ([]jit.Grant, error) {
	all, err := s.checks.Adapters.Grants.Unfinished(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing what else is open beside %s: %w", g.ID, err)
	}
	return othersOf(g, all), nil
}

func othersOf(g jit.Grant, all []jit.Grant) []jit.Grant {
	others := slices.DeleteFunc(slices.Clone(all), func(o jit.Grant) bool { return o.ID == g.ID || !o.State.Live() || !o.Shares(g) })
	slices.SortStableFunc(others, func(a, b jit.Grant) int {
		return cmp.Or(a.Clock.Deadline.Compare(b.Clock.Deadline), cmp.Compare(a.ID, b.ID))
	})
	return others
}

// roles says what the reader is to the grant, and to an extension of it that waits.
func (s *Service) roles(ctx context.Context, by jit.UserID, l *ListedGrant) (err error) {
	g := l.Grant
	if l.Approver, l.Admin, err = s.RolesAt(ctx, by, g); err == nil && !by.Host() && g.ExtensionAwaits(by) {
		longer := g.Longer(g.Extension.By)
		longer.Approvers = g.Extension.Approvers
		l.Extends, _, err = s.RolesAt(ctx, by, longer)
	}
	return err
}

// RolesAt says what somebody is to the grant now.
func (s *Service) RolesAt(ctx context.Context, by jit.UserID, g jit.Grant) (approver, admin bool, err error) {
	if by.Host() {
		return false, true, nil
	}
	if admin, err = s.checks.IsListed(ctx, s.checks.Config.Admins, by); err != nil {
		return false, false, err
	}
	approvers := g.Approvers
	if rule, _, err := s.checks.CurrentRule(ctx, g); err == nil {
		approvers = rule.Approvers
	}
	approver, err = s.checks.IsListed(ctx, approvers, by)
	return approver, admin, err
}
