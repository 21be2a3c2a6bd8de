package reconcile

import (
	"cmp"
	"context"
	"errors"

	"jitbot/jit"
	"jitbot/jit/rules"
)

// HoldExtension says why nothing of the grant is extended now; empty when it may be.
func (r *Reconciler) HoldExtension(g jit.Grant) string {
	older, guards := "", g.Guards()
	if r.startup.Older() && !r.state.Newest() {
		older = "jitbot's store may be an older copy"
	}
	return cmp.Or(r.trust.Doubt(), older, r.due.Late(guards), r.whyStuck(guards))
}

// confirmExtended has the new deadline hold once the rules with the new until were read
// back in force at all guards in one reading; until then, and for good where that comes
// too late, the old one does.
func (r *Reconciler) confirmExtended(ctx context.Context, pass guardPass, read jit.Grant) error {
	if !read.Extension.Underway() {
		return nil
	}
	if r.trust.Doubt() != "" {
		return rules.ErrNotYet
	}
	others, _ := besides(read, pass.guard)
	if cause := r.allAgree(ctx, pass, others, func(at guardPass) error { return r.whyNotInForce(at, read) }); cause != nil {
		return errors.Join(cause, r.recordTrouble(ctx, pass.guard, []jit.Grant{read}, cause))
	}
	now := r.checks.Clock.Now()
	_, err := r.update(ctx, read.ID, func(g jit.Grant) (jit.Grant, []jit.Event, error) { return g.ConfirmExtended(read, now) })
	return err
}
