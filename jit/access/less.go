package access

import (
	"context"
	"log/slog"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
)

// ToNarrow is a waiting request for an approver who may approve less of it.
func (s *Service) ToNarrow(ctx context.Context, by jit.UserID, id jit.ID) (jit.Grant, error) {
	g, _, err := s.toNarrow(ctx, by, id)
	return g, err
}

func (s *Service) toNarrow(ctx context.Context, by jit.UserID, id jit.ID) (jit.Grant, []jit.VM, error) {
	g, who, rule, vms, err := s.toDecide(ctx, by, id, "approve")
	if err == nil {
		err = s.requireApprover(ctx, who, rule, nil, g, "approve")
	}
	if err == nil && g.ApprovedBy(who) {
		err = jit.Refuse(jit.ErrStale, "You have already approved %s; somebody else must approve it too.", id)
	}
	return g, vms, err
}

// ApproveLess gives one approval as Approve does, to less than is asked for: the narrower
// terms hold for all, and the requester is told.
func (s *Service) ApproveLess(ctx context.Context, by jit.UserID, id jit.ID, less jit.Extent) (jit.Grant, error) {
	g, vms, err := s.toNarrow(ctx, by, id)
	if err != nil {
		return g, err
	}
	narrowed, err := g.Narrowed(less)
	if err != nil {
		return g, err
	}
	for _, vm := range vms {
		r := narrowed.Request
		if _, err := s.checks.WithinPolicy(ctx, vm, r.Ports, r.Sources, r.Duration); err != nil {
			return g, err
		}
	}
	g, err = s.approve(ctx, by, id, func(g jit.Grant) (jit.Grant, error) { return g.Narrowed(less) },
		func(g jit.Grant, by jit.Person, now time.Time) (jit.Grant, jit.Event, error) {
			return g.ApproveLess(by, less, now)
		})
	if err == nil {
		s.foreseeLess(ctx, g)
	}
	return g, err
}

// foreseeLess has the card warn of no more than what is opened. A warning too many is no
// reason to keep anybody waiting.
func (s *Service) foreseeLess(ctx context.Context, g jit.Grant) {
	if g.State != jit.Pending || len(g.Warnings)+len(g.Notes) == 0 {
		return
	}
	_, sites, err := s.checks.CheckRequest(ctx, g)
	var warnings, notes []string
	if err == nil {
		warnings, notes, err = s.checks.Foresee(ctx, g, sites)
	}
	if err == nil {
		_, err = s.adapters.Grants.Update(ctx, g.ID, func(now jit.Grant) (jit.Grant, []jit.Event, error) {
			next, events := now.Foreseen(g.Request.Extent(), warnings, notes, s.checks.Clock.Now())
			return next, events, nil
		})
	}
	if err != nil {
		s.adapters.Log.WarnContext(ctx, "what speaks against less of a request could not be found out",
			slog.String("grant", string(g.ID)), slog.String("error", admission.Outline(err)))
	}
}
