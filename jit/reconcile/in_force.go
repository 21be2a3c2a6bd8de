package reconcile

import (
	"context"
	"strings"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/protection"
)

// noteInForce notes what the guard held when the pass began.
func (r *Reconciler) noteInForce(pass guardPass) {
	for _, g := range pass.grants {
		if g.BegunBefore(pass.now) && r.missing(pass, g) == "" {
			r.inForce.Note(string(g.ID), pass.guard)
		}
	}
	for _, p := range pass.protections {
		if r.missingDeny(pass, p) == "" {
			r.inForce.Note(strings.ToLower(p.VM), pass.guard)
		}
	}
}

// wasInForce reports whether the rules of an open grant were in force wherever it has
// any since jitbot started. Guards that no pass has looked at yet are read for it.
func (r *Reconciler) wasInForce(ctx context.Context, g jit.Grant) bool {
	for _, guard := range guardpath.Guards(g.Paths) {
		if r.inForce.Has(string(g.ID), guard) {
			continue
		}
		stored, err := r.readStored(ctx, guard)
		if err != nil {
			return false
		}
		table, err := r.checks.Table(ctx, guard)
		if err != nil {
			return false
		}
		r.planPass(ctx, stored, table) // which notes what is in force
	}
	return r.inForce.Has(string(g.ID), guardpath.Guards(g.Paths)...)
}

// missing names a rule of the grant that was not as it should be when the pass began.
func (r *Reconciler) missing(pass guardPass, g jit.Grant) string {
	return pass.plan.Missing(r.owner.Installation, pass.before, g)
}

// missingDeny names a deny of the protection that was not as it should be then.
func (r *Reconciler) missingDeny(pass guardPass, p protection.Protection) string {
	return pass.plan.MissingDeny(r.owner.Installation, pass.before, pass.protections, p)
}
