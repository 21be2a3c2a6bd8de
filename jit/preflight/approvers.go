package preflight

import (
	"context"
	"errors"
	"slices"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/policies"
)

// Approvers says, before anybody asks, who could approve. It changes nothing and needs
// no store, so whether a name once meant another Entra user is not known to it.
type Approvers struct{ checks admission.Checker }

// NewApprovers makes one. Of the adapters it needs Directory, People and Log.
func NewApprovers(c policies.Config, w admission.Adapters) Approvers {
	w.Names = nil
	return Approvers{admission.NewChecker(c, w)}
}

// Person is the member with the Entra user they are tied to. A Refusal is what
// they would read who is none.
func (a Approvers) Person(ctx context.Context, id jit.UserID) (jit.Person, error) {
	return a.checks.Identify(ctx, id)
}

// Enough refuses an approval rule that fewer people could approve by than it
// requires.
func (a Approvers) Enough(ctx context.Context, rule policies.ApprovalRule) error {
	return a.checks.EnoughApprovers(ctx, rule, jit.Person{})
}

// Lack is an approver who does not hold what an entry asks of approvers.
type Lack struct {
	Who jit.Person
	Why *jit.Refusal
}

// Lacking are those of the rule's approvers who do not hold now, at one of the VMs, what it
// asks of them: the first thing that each lacks. With an error, those that were found are
// returned too.
func (a Approvers) Lacking(ctx context.Context, rule policies.ApprovalRule, vms []jit.VM) (out []Lack, err error) {
	ids, err := a.checks.Silent(ctx, slices.Concat(rule.Approvers, rule.EscalateTo), jit.Grant{})
	for _, id := range ids {
		who, failed := a.checks.Identify(ctx, id)
		for _, vm := range vms {
			if failed == nil {
				failed = a.checks.CheckRights(ctx, who, vm, rule.ApproverActions)
			}
		}
		if no, ok := errors.AsType[*jit.Refusal](failed); ok {
			out = append(out, Lack{Who: jit.Person{ID: id}, Why: no})
		} else {
			err = errors.Join(err, failed)
		}
	}
	return out, err
}
