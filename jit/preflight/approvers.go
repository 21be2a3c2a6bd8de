package preflight

import (
	"context"

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
