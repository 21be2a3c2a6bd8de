package access

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/policies"
)

// Approve gives one approval. With the last one needed the requester's
// account, rights and policy are checked again and the grant starts opening.
func (s *Service) Approve(ctx context.Context, by jit.UserID, id jit.ID) (jit.Grant, error) {
	return s.approve(ctx, by, id, func(g jit.Grant) (jit.Grant, error) { return g, nil }, jit.Grant.Approve)
}

// approve gives one approval by yes. What is to be checked for the last one is the grant as
// narrow makes it.
func (s *Service) approve(
	ctx context.Context, by jit.UserID, id jit.ID, narrow func(jit.Grant) (jit.Grant, error),
	yes func(jit.Grant, jit.Person, time.Time) (jit.Grant, jit.Event, error),
) (jit.Grant, error) {
	g, who, rule, err := s.approver(ctx, by, id, "approve")
	if err != nil {
		return g, err
	}
	need, checked := rule.Required, false
	var void []jit.UserID
	for {
		g, err = s.transition(ctx, id, func(g jit.Grant, now time.Time) (jit.Grant, jit.Event, error) {
			next, e, err := yes(g.Recount(need, void), who, now)
			if err == nil && next.State == jit.Opening && !checked {
				return g, jit.Event{}, errLastApproval
			}
			return next, e, err
		})
		if !errors.Is(err, errLastApproval) {
			return s.approved(ctx, by, g, err)
		}
		if need, void, err = s.recheckRequester(ctx, who, rule, id, narrow); err != nil {
			return g, err
		}
		checked = true
	}
}

// approved is what became of an approval.
func (s *Service) approved(ctx context.Context, by jit.UserID, g jit.Grant, err error) (jit.Grant, error) {
	if no, ok := errors.AsType[*jit.Refusal](err); ok {
		return g, s.reject(ctx, by, g, "approve", no)
	}
	if err == nil {
		s.tellBeside(ctx, g)
	}
	return g, err
}

// errLastApproval says, inside a transaction, that this approval would be the last and
// the requester must be checked first.
var errLastApproval = errors.New("the requester must be checked before the last approval")

// recheckRequester checks the requester again before the last approval, and gives how
// many approvals the VMs as they are now need, and whose count no more; who lost
// the account, the rights or the policy has the request denied by jitbot. Refused
// is also an approver, who was one by the rule before, and is none by the VMs as
// they are now.
func (s *Service) recheckRequester(
	ctx context.Context, who jit.Person, before policies.ApprovalRule, id jit.ID, narrow func(jit.Grant) (jit.Grant, error),
) (need int, void []jit.UserID, err error) {
	g, err := s.grant(ctx, id)
	if err == nil {
		g, err = narrow(g)
	}
	if err != nil {
		return 0, nil, err
	}
	var rule policies.ApprovalRule
	var vms []jit.VM
	err = admission.Patiently(ctx, func() error {
		_, sites, err := s.checks.CheckRequest(ctx, g)
		if err != nil {
			return err
		}
		vms = admission.VMsOf(sites)
		rule, err = s.checks.ApprovalRule(vms, g)
		return err
	})
	if err == nil {
		if slices.Equal(rule.ApproverActions, before.ApproverActions) {
			vms = nil // the approver's rights there were checked a moment ago
		}
		if err := s.requireApprover(ctx, who, rule, vms, g, "approve"); err != nil {
			return 0, nil, err
		}
		void, err := s.lapsedApprovals(ctx, rule, g)
		return rule.Required, void, err
	}
	var no *jit.Refusal
	if !errors.As(err, &no) {
		s.adapters.Log.ErrorContext(ctx, "a request could not be checked for its last approval",
			slog.String("grant", string(id)), slog.Any("error", err))
		if sick := s.checks.Sick(g.VMs()); sick != "" {
			return 0, nil, jit.Refuse(jit.ErrBusy, "%s, so %s is not approved; click again when that has passed.", sick, id)
		}
		return 0, nil, jit.Refuse(jit.ErrBusy,
			"The rights of %s could not be checked just now (%s), so %s is not approved; click again in a minute.",
			g.Request.By.ID, admission.Outline(err), id)
	}
	why := no.Error()
	if _, err := s.transition(ctx, id, func(g jit.Grant, now time.Time) (jit.Grant, jit.Event, error) {
		return g.Deny(jit.Person{}, why, now)
	}); err != nil {
		return 0, nil, err
	}
	return 0, nil, jit.Refuse(jit.ErrAuthority, "%s cannot be approved any more, so it was denied: %s", id, no)
}

// lapsedApprovals are those who approved and are no approvers by the rule, or may do
// nothing any more.
func (s *Service) lapsedApprovals(ctx context.Context, rule policies.ApprovalRule, g jit.Grant) ([]jit.UserID, error) {
	var out []jit.UserID
	for _, a := range g.Approvals {
		is, err := s.checks.IsListed(ctx, rule.Approvers, a.By.ID)
		if err == nil && is {
			_, err = s.checks.Identify(ctx, a.By.ID)
		}
		if gone := errors.As(err, new(*jit.Refusal)); err != nil && !gone {
			return nil, err
		} else if gone || !is {
			out = append(out, a.By.ID)
		}
	}
	return out, nil
}

// approver reads the grant and refuses everybody who is not one of its
// approvers now. Who asked cannot decide.
func (s *Service) approver(
	ctx context.Context, by jit.UserID, id jit.ID, what string,
) (jit.Grant, jit.Person, policies.ApprovalRule, error) {
	g, who, rule, vms, err := s.toDecide(ctx, by, id, what)
	if err != nil {
		return g, who, rule, err
	}
	return g, who, rule, s.requireApprover(ctx, who, rule, vms, g, what)
}

// toDecide reads a waiting request with its rule and VMs as they are now, for somebody who
// did not ask for it themselves. Whether they are an approver is not checked.
func (s *Service) toDecide(
	ctx context.Context, by jit.UserID, id jit.ID, what string,
) (g jit.Grant, who jit.Person, rule policies.ApprovalRule, vms []jit.VM, err error) {
	if who, err = s.checks.Identify(ctx, by); err != nil {
		return g, who, rule, nil, s.rejectUnknown(ctx, by, id, what, err)
	}
	if g, err = s.grant(ctx, id); err == nil {
		err = g.Decidable()
	}
	if err != nil {
		return g, who, rule, nil, err
	}
	if who.Same(g.Request.By) {
		return g, who, rule, nil, s.reject(ctx, by, g, what, jit.Refuse(jit.ErrAuthority,
			"You asked for %s yourself, so somebody else must decide it.", id))
	}
	rule, vms, err = s.checks.CurrentRule(ctx, g)
	return g, who, rule, vms, err
}

// requireApprover refuses, and records, somebody who is no approver by the rule, or
// does not hold at one of the VMs what it asks of approvers.
func (s *Service) requireApprover(
	ctx context.Context, who jit.Person, rule policies.ApprovalRule, vms []jit.VM, g jit.Grant, what string,
) error {
	approver, err := s.checks.IsListed(ctx, rule.Approvers, who.ID)
	if err != nil {
		return err
	}
	if !approver {
		return s.reject(ctx, who.ID, g, what, jit.Refuse(jit.ErrAuthority,
			"%s is no approver of %s, so that changes nothing; its card names who is.", who.ID, g.ID))
	}
	for _, vm := range vms {
		if err := s.checks.CheckRights(ctx, who, vm, rule.ApproverActions); err != nil {
			return s.reject(ctx, who.ID, g, what, err)
		}
	}
	return nil
}
