package reconcile

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/rules"
)

// everyGuard is the key that compares all guards; no resource id is empty.
const everyGuard = ""

// compareAll reads every guard of the subscriptions and of the store, and
// reconciles those that do not agree: drift, orphans, and grants left by a crash.
func (r *Reconciler) compareAll(ctx context.Context) error {
	known, err := r.state.Guards(ctx)
	faults := []error{err}
	tables, err := r.adapters.Network.Tables(ctx)
	if err != nil {
		faults = append(faults, fmt.Errorf("listing the security groups and firewalls: %w", err))
	}
	stale := map[string]bool{}
	for _, guard := range known {
		stale[guard] = true // gone, or unreadable just now, unless it is listed
		if err == nil && !rules.Lists(tables, guard) {
			r.absences.Missed(guard)
		}
	}
	for _, t := range tables {
		guard := strings.ToLower(t.Guard)
		agrees, err := r.agreesWithStore(ctx, guard, t)
		stale[guard] = !agrees
		faults = append(faults, err)
	}
	for _, guard := range slices.Sorted(maps.Keys(stale)) {
		if stale[guard] {
			r.work.guards.Add(ctx, guard, false)
		}
	}
	return errors.Join(faults...)
}

// agreesWithStore reports whether the guard is as the store wants it, and has no
// grant that a pass would move on.
func (r *Reconciler) agreesWithStore(ctx context.Context, guard string, t rules.Table) (bool, error) {
	stored, err := r.readStored(ctx, guard)
	if err != nil {
		return true, err
	}
	pass := r.planPass(ctx, stored, t)
	if len(pass.plan.Changes) == 0 {
		r.orphans.replace(guard, nil) // whoever removed them
	}
	for _, g := range stored.Grants {
		moved := func(rule rules.Rule) bool { return rule.MovesPublicEnd(g) }
		if g.State != jit.Open || g.HasLeft(guard) || slices.ContainsFunc(pass.plan.Final, moved) ||
			g.Hindered(guard, r.owner.Hindrance(t, pass.plan, g)) {
			return false, nil // opening, closing, leaving or to be told: the guard is worked on anyway
		}
	}
	return len(pass.plan.Changes) == 0 && len(pass.plan.Blocked) == 0 && r.owner.ProtectionsInForce(t, stored.Protections), nil
}

func (r *Reconciler) closeDriftedGrant(ctx context.Context, id jit.ID, rule string) error {
	now := r.checks.Clock.Now()
	_, err := r.update(ctx, id, func(g jit.Grant) (jit.Grant, []jit.Event, error) { return g.CloseDrifted(rule, now) })
	r.Kick()
	return err
}
