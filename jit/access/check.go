package access

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
)

// askedLapse is how old a request may be when it is first checked: the address
// it came from may be somebody else's by then.
const askedLapse = 10 * time.Minute

// Check decides about a request that was stored: rights, policy, the guards on
// the way, and whether enough people could approve. It becomes pending or
// opening, or is refused; then the refusal is returned beside the grant. A
// grant that was checked before is returned as it is.
func (s *Service) Check(ctx context.Context, id jit.ID) (jit.Grant, error) {
	g, err := s.grant(ctx, id)
	if err != nil || g.State != jit.Asked {
		return g, err
	}
	if s.checks.Clock.Now().Sub(g.Request.At) > askedLapse {
		return s.refuse(ctx, g, jit.Refuse(jit.ErrStale,
			"It could not be checked in time, because jitbot was down, so nothing is opened; ask again."))
	}
	terms, err := s.patientTerms(ctx, g)
	if no := (*jit.Refusal)(nil); errors.As(err, &no) {
		if rest, some := g.Request.Without(no); some {
			some := g
			some.Request = rest
			terms, err = s.patientTerms(ctx, some)
		}
	}
	if ctx.Err() != nil {
		return g, fmt.Errorf("checking %s: %w", id, ctx.Err()) // it stays asked and is checked again
	}
	if err != nil {
		return s.refuse(ctx, g, err)
	}
	now := s.checks.Clock.Now()
	g, err = s.adapters.Grants.Update(ctx, id, func(g jit.Grant) (jit.Grant, []jit.Event, error) {
		g, e, err := g.Admit(terms, now)
		return g, []jit.Event{e}, err
	})
	if err != nil {
		return s.reread(ctx, id, err)
	}
	s.loop.Kick()
	s.tellBeside(ctx, g)
	return g, nil
}

// patientTerms is termsOf, tried again while Azure is busy.
func (s *Service) patientTerms(ctx context.Context, g jit.Grant) (terms jit.Terms, err error) {
	err = admission.Patiently(ctx, func() error { terms, err = s.termsOf(ctx, g); return err })
	return terms, err
}

// termsOf checks the request and says on what terms it is admitted.
func (s *Service) termsOf(ctx context.Context, g jit.Grant) (jit.Terms, error) {
	who, sites, err := s.checks.CheckRequest(ctx, g)
	if err != nil {
		return jit.Terms{}, err
	}
	vms := admission.VMsOf(sites)
	var remind time.Duration
	drift := false
	for _, site := range sites {
		if policy, ok := s.config.Policy(site.VM); ok {
			remind = max(remind, policy.RemindBefore)
			drift = drift || policy.EndOnDrift
		}
	}
	rule, err := s.checks.ApprovalRule(vms, g)
	if err != nil {
		return jit.Terms{}, err
	}
	if !rule.Auto.Set() {
		if err := s.checks.EnoughApprovers(ctx, rule, who); err != nil {
			return jit.Terms{}, err
		}
	}
	g.Request.By = who
	warnings, notes, err := s.checks.Foresee(ctx, g, sites)
	if err != nil {
		return jit.Terms{}, err
	}
	auto, holds := s.auto(ctx, g, rule)
	if !holds {
		auto = jit.Auto{}
		err = s.checks.EnoughApprovers(ctx, rule, who)
	}
	channel := rule.Channel
	if channel == "" {
		channel = s.config.Channel
	}
	return jit.Terms{
		By: who, Required: rule.Required, Approvers: rule.Approvers, PendingFor: rule.PendingFor,
		Warnings: warnings, Notes: notes, Channel: channel, RemindBefore: remind, EndOnDrift: drift,
		Extend: s.extendTerms(vms), Request: g.Request, Escalate: rule.Escalate, Auto: auto,
		Asking: jit.Asking{ClaimFor: rule.ClaimFor, RemindAfter: rule.RemindAfter, EscalateTo: rule.EscalateTo},
	}, err
}

// refuse ends a request whose check said no. A check that could not be made is
// a no as well: nothing is opened in doubt.
func (s *Service) refuse(ctx context.Context, g jit.Grant, cause error) (jit.Grant, error) {
	no := new(jit.Refusal)
	if !errors.As(cause, &no) {
		s.adapters.Log.ErrorContext(ctx, "a request could not be checked", slog.String("grant", string(g.ID)), slog.Any("error", cause))
		no = uncheckable(cause)
		if sick := s.checks.Sick(g.VMs()); sick != "" {
			no = jit.Refuse(jit.ErrBusy, "%s, so nothing is opened; ask again when that has passed.%s", sick, s.checks.BesideSick())
		}
	}
	now := s.checks.Clock.Now()
	refused, err := s.adapters.Grants.Update(ctx, g.ID, func(g jit.Grant) (jit.Grant, []jit.Event, error) {
		g, e, err := g.RefuseFor(no, now)
		return g, []jit.Event{e}, err
	})
	if err != nil {
		return s.reread(ctx, g.ID, err)
	}
	return refused, no
}

// uncheckable says why a request could not be checked: a passing cause as passing, a
// lasting one with who can mend it.
func uncheckable(cause error) *jit.Refusal {
	switch {
	case errors.Is(cause, jit.ErrForbidden):
		return jit.Refuse(jit.ErrAuthority, "Your request could not be checked (%s), so nothing is opened, and asking again does not help: "+
			"have an admin give jitbot the role that jitbot role prints.", admission.Outline(cause))
	case admission.Lasting(cause):
		return jit.Refuse(jit.ErrAuthority, "Your request could not be checked, because Azure refuses what jitbot asked for, "+
			"so nothing is opened, and asking again does not help: have an admin look for %s in jitbot's log.", "a request could not be checked")
	default:
		return jit.Refuse(jit.ErrAuthority,
			"Your rights could not be checked just now (%s), so nothing is opened; ask again in a minute.", admission.Outline(cause))
	}
}

// reread returns the grant as another made it meanwhile, when the error says
// that it was just too late.
func (s *Service) reread(ctx context.Context, id jit.ID, err error) (jit.Grant, error) {
	if !errors.Is(err, jit.ErrStale) {
		return jit.Grant{}, fmt.Errorf("storing the check of %s: %w", id, err)
	}
	return s.grant(ctx, id)
}
