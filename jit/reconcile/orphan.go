package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"jitbot/jit"
	"jitbot/jit/rules"
)

// recordOrphans records the rules of ours that no live grant explains and that this
// pass removed.
func (r *Reconciler) recordOrphans(ctx context.Context, pass guardPass) error {
	var faults []error
	for _, c := range pass.plan.Changes {
		n, _ := rules.ParseRuleName(c.Remove)
		if c.Remove == "" || n.Grant == "" || slices.ContainsFunc(pass.grants, func(g jit.Grant) bool { return g.ID == n.Grant }) {
			continue // denies come and go with protections, which say so
		}
		if err := pass.failed[c.Remove]; err != nil {
			r.adapters.Log.ErrorContext(ctx, "a rule without a live grant could not be removed",
				slog.String("guard", pass.guard), slog.String("rule", c.Remove), slog.Any("error", err))
			faults = append(faults, fmt.Errorf("removing the orphan %s: %w", c.Remove, err))
			continue
		}
		if _, there := pass.after.Rule(c.Remove); there {
			continue // it is read again by the next comparison
		}
		var card jit.Card
		if g, err := r.adapters.Grants.Grant(ctx, n.Grant); err == nil {
			if g.State == jit.Closing {
				continue // which says of itself when nothing of it is left
			}
			card = g.Card
		}
		e := jit.OrphanRemoved(c.Remove, pass.after.Name, n.Grant, card, pass.now)
		if err := r.adapters.Record.Append(ctx, e); err != nil {
			faults = append(faults, fmt.Errorf("recording the orphan %s: %w", c.Remove, err))
		}
		if card == (jit.Card{}) {
			r.common.Add(e)
		}
	}
	return errors.Join(faults...)
}

// tellCommon tells the channel what has happened to many, one message a kind. What
// cannot be stored is gathered again.
func (r *Reconciler) tellCommon(ctx context.Context) error {
	var faults []error
	for _, e := range r.common.Take(r.checks.Clock.Now()) {
		if err := r.adapters.Record.Append(ctx, e); err != nil {
			r.common.Add(e)
			faults = append(faults, fmt.Errorf("telling the channel: %w", err))
		}
	}
	return errors.Join(faults...)
}
