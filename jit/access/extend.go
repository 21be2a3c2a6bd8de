package access

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/parse"
	"jitbot/jit/policies"
)

// Extend asks for that much more time of the caller's own open grant: account, rights and
// policy are checked as for the first, and approvers are asked unless none are needed. The
// old deadline holds until the rules were read back with the new one.
func (s *Service) Extend(ctx context.Context, by jit.UserID, id jit.ID, d time.Duration) (jit.Grant, error) {
	g, err := s.requireHolder(ctx, by, id, "extend", "only the holder can extend it")
	if err != nil {
		return g, err
	}
	if g.State != jit.Open {
		return g, g.Extendable(d, g.ExtendTerms, s.checks.Clock.Now())
	}
	who, vms, rule, err := s.recheckExtension(ctx, g, d)
	if err != nil {
		return g, err
	}
	terms := s.extendTerms(vms)
	if err := g.Extendable(d, terms, s.checks.Clock.Now()); err != nil {
		return g, err
	}
	required := rule.Required
	if terms.NoApproval && !g.Request.Narrowed() { // else the time that approvers took away would come back by itself
		required = 0
	} else if err := s.checks.EnoughApprovers(ctx, rule, who); err != nil {
		return g, err
	}
	g, err = s.transition(ctx, id, func(g jit.Grant, now time.Time) (jit.Grant, jit.Event, error) {
		return g.Extend(d, terms, required, rule.Approvers, now)
	})
	return g, s.rewrite(g, err)
}

// extendTerms are those of the policies as they are now, the strictest of the VMs.
func (s *Service) extendTerms(vms []jit.VM) jit.ExtendTerms {
	var terms jit.ExtendTerms
	for i, vm := range vms {
		policy, _ := s.config.Policy(vm)
		if terms = terms.Strictest(policy.Extend); i == 0 {
			terms = policy.Extend
		}
	}
	return terms
}

// recheckExtension checks all that must hold for the holder to get more time now, and
// gives the rule of who approves it: that for a request as long as it would be open.
func (s *Service) recheckExtension(
	ctx context.Context, g jit.Grant, d time.Duration,
) (who jit.Person, vms []jit.VM, rule policies.ApprovalRule, err error) {
	if why := s.loop.HoldRewrite(g); why != "" {
		return who, nil, rule, jit.Refuse(jit.ErrBusy, "%s, so %s is not extended; try again when that has passed.", why, g.ID)
	}
	err = admission.Patiently(ctx, func() error {
		var sites []admission.ResolvedTarget
		if who, sites, err = s.checks.CheckRequest(ctx, g); err != nil {
			return err
		}
		vms = admission.VMsOf(sites)
		rule, err = s.checks.ApprovalRule(vms, g.Longer(d))
		return err
	})
	if err == nil || errors.As(err, new(*jit.Refusal)) {
		return who, vms, rule, err
	}
	s.adapters.Log.ErrorContext(ctx, "an extension could not be checked", slog.String("grant", string(g.ID)), slog.Any("error", err))
	if sick := s.checks.Sick(g.VMs()); sick != "" {
		return who, nil, rule, jit.Refuse(jit.ErrBusy, "%s, so %s is not extended; try again when that has passed.", sick, g.ID)
	}
	return who, nil, rule, jit.Refuse(jit.ErrBusy, "The rights of %s could not be checked just now (%s), so %s is not extended; "+
		"try again in a minute.", g.Request.By.ID, admission.Outline(err), g.ID)
}

// rewrite has the rules of an extension that is approved be rewritten at once.
func (s *Service) rewrite(g jit.Grant, err error) error {
	if err == nil && g.Extension.Underway() {
		s.loop.Touch(g.Guards())
	}
	return err
}

// ApproveExtension gives one approval to the extension of the number. With the last one
// needed the holder and the policy are checked again, and its rules are rewritten.
func (s *Service) ApproveExtension(ctx context.Context, by jit.UserID, id jit.ID, number int) (jit.Grant, error) {
	g, who, err := s.extensionDecider(ctx, by, id, number, "approve")
	if err != nil {
		return g, err
	}
	_, vms, rule, err := s.recheckExtension(ctx, g, g.Extension.By)
	if err == nil {
		err = g.BeforeExtension().Extendable(g.Extension.By, s.extendTerms(vms), s.checks.Clock.Now())
	}
	if no := (*jit.Refusal)(nil); errors.As(err, &no) && !errors.Is(err, jit.ErrBusy) {
		return s.denyUnentitled(ctx, g, number, no)
	}
	if err != nil {
		return g, err
	}
	if err := s.requireApprover(ctx, who, rule, vms, g, "approve"); err != nil {
		return g, err
	}
	g.Approvals = g.Extension.Approvals
	void, err := s.lapsedApprovals(ctx, rule, g)
	if err != nil {
		return g, err
	}
	g, err = s.transition(ctx, id, func(g jit.Grant, now time.Time) (jit.Grant, jit.Event, error) {
		return g.ApproveExtension(number, who, rule.Required, void, now)
	})
	if errors.Is(err, jit.ErrAuthority) {
		return g, s.reject(ctx, by, g, "approve", err)
	}
	return g, s.rewrite(g, err)
}

// denyUnentitled ends the extension of a holder who may not have it any more.
func (s *Service) denyUnentitled(ctx context.Context, g jit.Grant, number int, no *jit.Refusal) (jit.Grant, error) {
	why := no.Error()
	if _, err := s.transition(ctx, g.ID, func(g jit.Grant, now time.Time) (jit.Grant, jit.Event, error) {
		return g.DenyExtension(number, jit.Person{}, why, now)
	}); err != nil {
		return g, err
	}
	return g, jit.Refuse(jit.ErrAuthority, "%s cannot be extended any more, so that was denied: %s", g.ID, no)
}

// DenyExtension ends the extension of the number with a no, which may have a reason; the
// access goes on to its deadline.
func (s *Service) DenyExtension(ctx context.Context, by jit.UserID, id jit.ID, number int, reason string) (jit.Grant, error) {
	if reason != "" {
		var err error
		if reason, err = parse.Reason(reason); err != nil {
			return jit.Grant{}, err
		}
	}
	g, who, err := s.extensionDecider(ctx, by, id, number, "deny")
	if err != nil {
		return g, err
	}
	return s.transition(ctx, id, func(g jit.Grant, now time.Time) (jit.Grant, jit.Event, error) {
		return g.DenyExtension(number, who, reason, now)
	})
}

// extensionDecider refuses everybody who is no approver of the extension now, and whoever
// asked for it.
func (s *Service) extensionDecider(ctx context.Context, by jit.UserID, id jit.ID, number int, what string) (jit.Grant, jit.Person, error) {
	who, err := s.checks.Identify(ctx, by)
	if err != nil {
		return jit.Grant{}, who, s.rejectUnknown(ctx, by, id, what, err)
	}
	g, err := s.grant(ctx, id)
	if err == nil {
		err = g.ExtensionDecidable(number, s.checks.Clock.Now())
	}
	if err != nil {
		return g, who, err
	}
	if who.Same(g.Request.By) {
		return g, who, s.reject(ctx, by, g, what, jit.Refuse(jit.ErrAuthority,
			"You asked to extend %s yourself, so somebody else must decide it.", id))
	}
	rule, vms, err := s.checks.CurrentRule(ctx, g.Longer(g.Extension.By))
	if err != nil {
		return g, who, err
	}
	return g, who, s.requireApprover(ctx, who, rule, vms, g, what)
}
