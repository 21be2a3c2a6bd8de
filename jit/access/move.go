package access

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/guardpath"
)

// Move lets the caller in from another address, in place of the one before, to their own open
// grant: account, rights and policy are checked as for the first, and nobody approves it
// anew. Until the rules were read back it may still be open from the old address, and where Azure
// refuses it stays so.
func (s *Service) Move(ctx context.Context, by jit.UserID, id jit.ID, to netip.Prefix) (jit.Grant, error) {
	end, err := s.askers.begin(ctx, by)
	if err != nil {
		return jit.Grant{}, err
	}
	defer end()
	g, err := s.requireHolder(ctx, by, id, "move", "only the holder can move it")
	if err != nil {
		return g, err
	}
	if err := g.Movable(to, s.checks.Clock.Now()); err != nil {
		return g, err
	}
	if why := s.loop.HoldRewrite(g); why != "" {
		return g, jit.Refuse(jit.ErrBusy, "%s, so %s is not moved; try again when that has passed.", why, g.ID)
	}
	origin, err := s.recheckMove(ctx, g, to)
	if err != nil {
		return g, err
	}
	within := s.config.TimeToOpen(slices.Concat(origin.Paths, g.Paths)) // a firewall may be left
	g, err = s.transition(ctx, id, func(g jit.Grant, now time.Time) (jit.Grant, jit.Event, error) {
		return g.MoveTo(origin, now.Add(within), now)
	})
	if err == nil {
		s.loop.Touch(g.Guards())
	}
	return g, err
}

// recheckMove checks all that must hold for the holder to be let in from the source now, and
// gives where rules are written for it, and what is dangerous about that.
func (s *Service) recheckMove(ctx context.Context, g jit.Grant, to netip.Prefix) (origin guardpath.Origin, err error) {
	moved := g.From(guardpath.Origin{Sources: []netip.Prefix{to}})
	err = admission.Patiently(ctx, func() error {
		_, sites, err := s.checks.CheckRequest(ctx, moved)
		if err != nil {
			return err
		}
		if err := s.sameDeciders(ctx, g, moved, sites); err != nil {
			return err
		}
		origin = guardpath.Origin{Sources: moved.Request.Sources, Paths: admission.PathsOf(sites)}
		origin.Warnings, origin.Notes, err = s.checks.Foresee(ctx, moved, sites)
		return err
	})
	if err == nil {
		err = s.refuseSecond(ctx, moved)
	}
	if err == nil || errors.As(err, new(*jit.Refusal)) {
		return origin, err
	}
	s.adapters.Log.ErrorContext(ctx, "a move could not be checked", slog.String("grant", string(g.ID)), slog.Any("error", err))
	if sick := s.checks.Sick(g.VMs()); sick != "" {
		return origin, jit.Refuse(jit.ErrBusy, "%s, so %s is not moved; try again when that has passed.", sick, g.ID)
	}
	return origin, jit.Refuse(jit.ErrBusy, "Whether %s may be moved could not be checked just now (%s); try again in a minute.",
		g.ID, admission.Outline(err))
}

// sameDeciders refuses a source that others would approve, outside of what was approved, or
// that lets in others of whom its approvers were not warned.
func (s *Service) sameDeciders(ctx context.Context, g, moved jit.Grant, sites []admission.ResolvedTarget) error {
	to := moved.Request.Sources
	if !guardpath.Within(to[0], g.ApprovedSources()) {
		for _, vm := range admission.VMsOf(sites) {
			for _, port := range g.Request.Ports {
				was, _ := s.config.Approval(vm, []jit.Ports{port}, g.ApprovedSources(), g.Request.AsAsked().Duration)
				if is, ok := s.config.Approval(vm, []jit.Ports{port}, to, g.Request.AsAsked().Duration); !ok || is != was {
					return jit.Refuse(jit.ErrPolicy, "Others decide about access from %s, so %s is not moved there; ask anew with /jit request.",
						to[0].String(), g.ID)
				}
			}
		}
	}
	if len(g.Approvals) == 0 {
		return nil
	}
	along, err := s.checks.LetInAlong(ctx, sites, moved.Request)
	along = slices.DeleteFunc(along, func(note string) bool { return slices.Contains(g.Warnings, note) })
	if err == nil && len(along) > 0 {
		return jit.Refuse(jit.ErrPolicy, "From %s others would be let in too, which nobody approved, so %s is not moved there: %s "+
			"Ask anew with /jit request.", to[0].String(), g.ID, strings.Join(along, " "))
	}
	return err
}

// refuseSecond refuses a move to where another grant of the same person lets them in to the
// same already.
func (s *Service) refuseSecond(ctx context.Context, moved jit.Grant) error {
	live, err := s.adapters.Grants.Unfinished(ctx)
	if err != nil {
		return fmt.Errorf("looking for what %s has besides: %w", moved.Request.By.ID, err)
	}
	now := s.checks.Clock.Now()
	part := grantPart{targets: moved.Request.Targets, ports: moved.Request.Ports}
	for _, o := range live {
		other := o.ID != moved.ID && o.Request.By.ID == moved.Request.By.ID && o.State != jit.Closing && !isEnding(o, now)
		if other && coversAsk(o.Request, part, moved.Request) {
			return refuseAskedTwice(o)
		}
	}
	return nil
}
