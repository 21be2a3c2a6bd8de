package reconcile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/resource"
	"jitbot/jit/rules"
)

// StuckRule is a rule of ours that no live grant explains, and that should be gone
// and cannot be removed.
type StuckRule struct {
	Guard string // resource id in lower case
	Rule  string
	Grant jit.ID
	Since time.Time
	Fault string
}

// stuckRules are the orphans whose removal failed, by guard. mu guards all of it.
type stuckRules struct {
	mu    sync.Mutex
	rules map[string][]StuckRule
}

// replace keeps which orphans could not be removed from a guard, and gives those that
// were not stuck before.
func (s *stuckRules) replace(guard string, found []StuckRule) []StuckRule {
	s.mu.Lock()
	defer s.mu.Unlock()
	var fresh []StuckRule
	for i, f := range found {
		same := func(o StuckRule) bool { return o.Rule == f.Rule }
		if old := slices.IndexFunc(s.rules[guard], same); old >= 0 {
			found[i].Since = s.rules[guard][old].Since
		} else {
			fresh = append(fresh, f)
		}
	}
	if s.rules == nil {
		s.rules = map[string][]StuckRule{}
	}
	if s.rules[guard] = found; len(found) == 0 {
		delete(s.rules, guard)
	}
	return fresh
}

// at is one that is stuck in one of the guards.
func (s *stuckRules) at(guards []string) (StuckRule, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, guard := range guards {
		if found := s.rules[guard]; len(found) > 0 {
			return found[0], true
		}
	}
	return StuckRule{}, false
}

// StuckRules lists, for health and metrics, the rules that no live grant explains and
// that Azure did not let us remove when it was tried last, by guard.
func (r *Reconciler) StuckRules() []StuckRule {
	r.orphans.mu.Lock()
	defer r.orphans.mu.Unlock()
	var out []StuckRule
	for _, found := range r.orphans.rules {
		out = append(out, found...)
	}
	slices.SortFunc(out, func(a, b StuckRule) int {
		return cmp.Or(strings.Compare(a.Guard, b.Guard), strings.Compare(a.Rule, b.Rule))
	})
	return out
}

// recordOrphans records the rules of ours that no live grant explains: those that
// this pass removed, and those that it could not.
func (r *Reconciler) recordOrphans(ctx context.Context, pass guardPass) error {
	var faults []error
	var stuck []StuckRule
	for _, c := range pass.plan.Changes {
		n, _ := rules.ParseRuleName(strings.ToLower(c.Remove))
		if n.Grant == "" || slices.ContainsFunc(pass.grants, func(g jit.Grant) bool { return g.ID == n.Grant }) {
			continue // denies come and go with protections, which say so
		}
		left, there := pass.after.Rule(c.Remove)
		switch err := pass.failed[c.Remove]; {
		case there && err != nil:
			if !left.Allow {
				err = admission.TurnedToDeny(c.Remove, err)
			}
			faults = append(faults, fmt.Errorf("removing the orphan %s: %w", c.Remove, err))
			stuck = append(stuck, StuckRule{Guard: pass.guard, Rule: c.Remove, Grant: n.Grant, Since: pass.now, Fault: admission.ReasonFor(err)})
		case there:
			faults = append(faults, rules.ErrNotYet)
		default:
			faults = append(faults, r.recordOrphan(ctx, pass, c.Remove, n.Grant, ""))
		}
	}
	return errors.Join(append(faults, r.recordStuck(ctx, pass, stuck))...)
}

// recordStuck keeps which orphans of the guard are stuck, and says so of each once.
func (r *Reconciler) recordStuck(ctx context.Context, pass guardPass, stuck []StuckRule) error {
	var faults []error
	for _, s := range r.orphans.replace(pass.guard, stuck) {
		r.adapters.Log.ErrorContext(ctx, "a rule without a live grant could not be removed",
			slog.String("guard", s.Guard), slog.String("rule", s.Rule), slog.String("error", s.Fault))
		faults = append(faults, r.recordOrphan(ctx, pass, s.Rule, s.Grant, s.Fault))
	}
	return errors.Join(faults...)
}

// recordOrphan records a rule of a grant that is not live, with the fault that keeps it
// or as removed.
func (r *Reconciler) recordOrphan(ctx context.Context, pass guardPass, rule string, grant jit.ID, fault string) error {
	var card jit.Card
	if g, err := r.adapters.Grants.Grant(ctx, grant); err == nil {
		card = g.Card
	}
	if err := r.adapters.Record.Append(ctx, jit.Orphaned(rule, pass.after.Name, grant, card, fault, pass.now)); err != nil {
		return fmt.Errorf("recording the orphan %s: %w", rule, err)
	}
	return nil
}

// whyStuck says why nothing is opened at one of the guards: a rule there should be
// gone and cannot be removed. Empty when there is none.
func (r *Reconciler) whyStuck(guards []string) string {
	s, stuck := r.orphans.at(guards)
	if !stuck {
		return ""
	}
	return "the rule " + s.Rule + " in " + resource.GuardName(s.Guard) + " should be gone and cannot be removed, and closings go first"
}
