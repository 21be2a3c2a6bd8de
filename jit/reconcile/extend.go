package reconcile

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/guardpath"
	"jitbot/jit/rules"
)

// HoldRewrite says why nothing of the grant is extended or moved now; empty when it may be.
func (r *Reconciler) HoldRewrite(g jit.Grant) string {
	older, guards := "", g.Guards()
	if r.startup.Older() && !r.state.Newest() {
		older = "jitbot's store may be an older copy"
	}
	return cmp.Or(r.trust.Doubt(), older, r.due.Late(guards), r.whyStuck(guards))
}

// confirmRewritten has an extension and a move hold once the rules were read back in force at
// all guards in one reading, and no other of the grant; until then, and for good where that
// comes too late, it is as before.
func (r *Reconciler) confirmRewritten(ctx context.Context, pass guardPass, read jit.Grant) error {
	if !read.Extension.Underway() && !read.Move.Underway() {
		return nil
	}
	if r.trust.Doubt() != "" {
		return rules.ErrNotYet
	}
	others, _ := besides(read, pass.guard)
	if cause := r.allAgree(ctx, pass, others, func(at guardPass) error { return r.whyNotRewritten(at, read) }); cause != nil {
		if errors.Is(cause, rules.ErrNotYet) {
			return cause // another guard says of itself what is amiss there
		}
		return errors.Join(cause, r.recordTrouble(ctx, pass.guard, []jit.Grant{read}, cause), r.giveUpMove(ctx, read, cause))
	}
	now := r.checks.Clock.Now()
	var extended, moved error
	if read.Extension.Underway() {
		_, extended = r.update(ctx, read.ID, func(g jit.Grant) (jit.Grant, []jit.Event, error) { return g.ConfirmExtended(read, now) })
	}
	if read.Move.Underway() {
		_, moved = r.update(ctx, read.ID, func(g jit.Grant) (jit.Grant, []jit.Event, error) { return g.ConfirmMoved(read, now) })
	}
	return errors.Join(extended, moved)
}

func (r *Reconciler) whyNotRewritten(pass guardPass, g jit.Grant) error {
	if other, found := pass.owner.OtherOf(pass.after, g); found {
		return cmp.Or(pass.failed[other.Name], rules.ErrNotYet)
	}
	return r.whyNotInForce(pass, g)
}

// giveUpMove has a move that Azure does not take go back.
func (r *Reconciler) giveUpMove(ctx context.Context, read jit.Grant, cause error) error {
	if !read.Move.Forth() || !admission.Lasting(cause) || r.trust.Doubt() != "" {
		return nil
	}
	now := r.checks.Clock.Now()
	_, err := r.update(ctx, read.ID, func(g jit.Grant) (jit.Grant, []jit.Event, error) {
		return g.MoveBack(read.Move, admission.ReasonFor(cause), now)
	})
	r.Touch(slices.Concat(read.Guards(), guardpath.Guards(read.Move.Other.Paths)))
	return err
}
