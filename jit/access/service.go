package access

import (
	"context"
	"errors"
	"fmt"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/lookup"
	"jitbot/jit/policies"
	"jitbot/jit/protection"
	"jitbot/jit/record"
)

// Service is what people can do. The bot and the command line call the same
// methods; authority is checked here, at each use, from ids. What they can see is that
// of the Service of lookup.
type Service struct {
	*lookup.Service

	checks   admission.Checker
	config   policies.Config
	adapters admission.Adapters
	history  record.History
	loop     Loop
	askers   *askers
}

// Loop is what makes Azure agree with what a Service stored.
type Loop interface {
	// Kick has the loop do at once what is due.
	Kick()
	// Touch has it reconcile guards at once, whose ids are in lower case.
	Touch(guards []string)
	// HoldRewrite says why nothing of the grant is extended or moved now; empty when it may be.
	HoldRewrite(g jit.Grant) string
	// Protect stores a change of a VM's protection; f is as in Protections.
	Protect(ctx context.Context, vm string, f func(protection.Protection) (protection.Protection, []jit.Event)) error
}

// New makes the service; the loop is told when there is work for it. Both
// must share the checker, so that they measure by one clock.
func New(checks admission.Checker, history lookup.History, loop Loop) *Service {
	return &Service{
		Service: lookup.New(checks, history), checks: checks, config: checks.Config, adapters: checks.Adapters,
		history: history, loop: loop, askers: newAskers(),
	}
}

// Known refuses everybody but full, active members; guests learn nothing.
func (s *Service) Known(ctx context.Context, by jit.UserID) error {
	_, err := s.checks.Member(ctx, by)
	return err
}

// Admin refuses whoever is not an admin, before anything is shown that only
// admins can use. What they do is checked again when they do it.
func (s *Service) Admin(ctx context.Context, by jit.UserID) error {
	if _, err := s.checks.Member(ctx, by); err != nil {
		return err
	}
	admin, err := s.checks.IsListed(ctx, s.config.Admins, by)
	if err != nil {
		return err
	}
	if !admin {
		return refuseNonAdmin()
	}
	return nil
}

func refuseNonAdmin() error {
	return jit.Refuse(jit.ErrAuthority, "Only admins may protect and unprotect; ask one of those under admins in the configuration.")
}

func (s *Service) grant(ctx context.Context, id jit.ID) (jit.Grant, error) {
	if !id.Valid() {
		return jit.Grant{}, jit.Refuse(jit.ErrInput, "%s is no grant; a grant is named like g-7k2qd. See /jit list.", string(id))
	}
	g, err := s.adapters.Grants.Grant(ctx, id)
	if errors.Is(err, jit.ErrNotFound) {
		return g, jit.Refuse(jit.ErrNotFound, "There is no grant %s; see /jit list for yours.", id)
	}
	if err != nil {
		return g, fmt.Errorf("reading %s: %w", id, err)
	}
	return g, nil
}

// transition runs a transition; a stale one is told as it is.
func (s *Service) transition(ctx context.Context, id jit.ID,
	f func(jit.Grant, time.Time) (jit.Grant, jit.Event, error),
) (jit.Grant, error) {
	now := s.checks.Clock.Now()
	g, err := s.adapters.Grants.Update(ctx, id, func(g jit.Grant) (jit.Grant, []jit.Event, error) {
		g, e, err := f(g, now)
		return g, []jit.Event{e}, err
	})
	if err != nil {
		return g, fmt.Errorf("changing %s: %w", id, err)
	}
	s.loop.Kick()
	return g, nil
}

// reject records an attempt without authority and returns the refusal.
func (s *Service) reject(ctx context.Context, by jit.UserID, g jit.Grant, what string, no error) error {
	if !errors.Is(no, jit.ErrAuthority) {
		return no
	}
	if err := s.adapters.Record.Append(ctx, g.Rejected(by, what, s.checks.Clock.Now())); err != nil {
		return fmt.Errorf("recording a refused %s: %w", what, err)
	}
	return no
}

// rejectUnknown is reject for somebody who could not be identified, of a grant
// that may not be there.
func (s *Service) rejectUnknown(ctx context.Context, by jit.UserID, id jit.ID, what string, no error) error {
	g, err := s.grant(ctx, id)
	if err != nil {
		return no
	}
	return s.reject(ctx, by, g, what, no)
}
