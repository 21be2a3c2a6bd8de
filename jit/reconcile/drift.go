package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/rules"
)

// compareAndFollow starts comparing the guards, and following the VMs, of every
// subscription. Each has a pause of its own when it cannot be listed.
func (r *Reconciler) compareAndFollow(ctx context.Context) {
	for _, id := range append(r.adapters.Network.Subscriptions(), "") { // the last for what is in none of them
		r.work.lists.Add(ctx, id, false)
		r.work.inventory.Add(ctx, id, false)
	}
}

// compareAll reads every guard of a subscription, and of the store there, and
// reconciles those that do not agree: drift, orphans, and grants left by a crash.
// Guards in no configured subscription are reconciled one by one.
func (r *Reconciler) compareAll(ctx context.Context, subscription string) error {
	known, err := r.state.Guards(ctx)
	faults := []error{err}
	stale := map[string]bool{}
	for _, guard := range known {
		if r.subscriptionOf(guard) == subscription {
			stale[guard] = true // gone, or unreadable just now, unless it is listed
		}
	}
	var tables []rules.Table
	if subscription != "" {
		switch tables, err = r.adapters.Network.Tables(ctx, subscription); {
		case errors.Is(err, rules.ErrElsewhere): // what is there is compared there
			r.adapters.Log.WarnContext(ctx, "a firewall policy could not be read", slog.Any("error", err))
		case err != nil:
			faults = append(faults, fmt.Errorf("listing the security groups and firewalls: %w", err))
		}
	}
	for guard := range stale {
		if subscription != "" && err == nil && !rules.Lists(tables, guard) {
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
		r.orphans.Replace(guard, nil) // whoever removed them
	}
	for _, g := range stored.Grants {
		moved := func(rule rules.Rule) bool { return rule.MovesPublicEnd(g) }
		rewritten := g.Extension.Underway() || g.Move.Underway()
		if g.State != jit.Open || rewritten || g.HasLeft(guard) || slices.ContainsFunc(pass.plan.Final, moved) ||
			g.Hindered(guard, r.owner.Hindrance(t, pass.plan, g)) {
			return false, nil // opening, closing, being rewritten, leaving or to be told: the guard is worked on anyway
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
