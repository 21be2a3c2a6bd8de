package access

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"jitbot/jit"
)

// Claim is "I am on it" of an approver of a waiting request, which blocks nobody; a second
// one of the same person gives it back.
func (s *Service) Claim(ctx context.Context, by jit.UserID, id jit.ID) (jit.Grant, error) {
	g, who, rule, _, err := s.toDecide(ctx, by, id, "claim")
	if err == nil {
		err = s.requireApprover(ctx, who, rule, nil, g, "claim")
	}
	if err != nil {
		return g, err
	}
	return s.transition(ctx, id, func(g jit.Grant, now time.Time) (jit.Grant, jit.Event, error) {
		return g.ClaimOrGiveBack(who, now)
	})
}

// Attend does what a request waits for now: the check of one that was cut off, and of one
// that nobody decides the end of a claim, reminders and escalation.
func (s *Service) Attend(ctx context.Context, id jit.ID) (jit.Grant, error) {
	g, err := s.grant(ctx, id)
	if err != nil || g.State != jit.Pending {
		if err == nil && g.State == jit.Asked {
			return s.Check(ctx, id)
		}
		return g, err
	}
	now := s.checks.Clock.Now()
	var silent, reached []jit.UserID
	if _, people := g.AskDue(now); people {
		silent, reached, err = s.asked(ctx, g)
		if err != nil && now.Sub(g.Wake()) < findWithin {
			return g, fmt.Errorf("finding who has not answered %s: %w", id, err)
		}
		if err != nil {
			s.adapters.Log.ErrorContext(ctx, "who has not answered cannot be told, so all of the entry are named",
				slog.String("grant", string(id)), slog.Any("error", err))
			silent, reached = named(g.Approvers, true), named(g.Asking.EscalateTo, false)
		}
	}
	g, err = s.adapters.Grants.Update(ctx, id, func(g jit.Grant) (jit.Grant, []jit.Event, error) {
		return g.Ask(silent, reached, now)
	})
	if err != nil {
		return g, fmt.Errorf("asking again for %s: %w", id, err)
	}
	return g, nil
}

// findWithin is for how long it is tried to find who has not answered; then nobody waits for
// that any more.
const findWithin = time.Minute

// named are the ids as they are, those of user groups as well or not.
func named(ids []string, groups bool) (out []jit.UserID) {
	for _, id := range ids {
		if groups || !strings.HasPrefix(id, "S") {
			out = append(out, jit.UserID(id))
		}
	}
	return out
}

// asked are those who could approve the grant and have not, and those whom its escalation
// reaches. Where the rule of now cannot be told, they are those of the ask: to be asked is
// no authority.
func (s *Service) asked(ctx context.Context, g jit.Grant) (silent, reached []jit.UserID, err error) {
	approvers, beside := g.Approvers, g.Asking.EscalateTo
	if rule, _, err := s.checks.CurrentRule(ctx, g); err == nil {
		approvers, beside = rule.Approvers, rule.EscalateTo
	}
	if silent, err = s.checks.Silent(ctx, approvers, g); err != nil {
		return nil, nil, err
	}
	reached, err = s.checks.Silent(ctx, beside, g)
	return silent, reached, err
}
