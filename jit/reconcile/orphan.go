package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/resource"
	"jitbot/jit/rules"
)

// stuckRule is a rule of ours that no live grant explains, and that should be gone
// and cannot be removed.
type stuckRule struct {
	guard string // resource id in lower case
	rule  string
	grant jit.ID
	since time.Time
	fault string
}

// orphans are the orphans whose removal failed, by guard. mu guards all of it.
type orphans struct {
	mu    sync.Mutex
	rules map[string][]stuckRule
}

// replace keeps which orphans could not be removed from a guard, and gives those that
// were not stuck before.
func (s *orphans) replace(guard string, found []stuckRule) []stuckRule {
	s.mu.Lock()
	defer s.mu.Unlock()
	var fresh []stuckRule
	for i, f := range found {
		same := func(o stuckRule) bool { return o.rule == f.rule }
		if old := slices.IndexFunc(s.rules[guard], same); old >= 0 {
			found[i].since = s.rules[guard][old].since
		} else {
			fresh = append(fresh, f)
		}
	}
	if s.rules == nil {
		s.rules = map[string][]stuckRule{}
	}
	if s.rules[guard] = found; len(found) == 0 {
		delete(s.rules, guard)
	}
	return fresh
}

// at is one that is stuck in one of the guards.
func (s *orphans) at(guards []string) (stuckRule, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, guard := range guards {
		if found := s.rules[guard]; len(found) > 0 {
			return found[0], true
		}
	}
	return stuckRule{}, false
}

// list are those of all guards, for health and metrics.
func (s *orphans) list() []admission.Stuck {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []admission.Stuck
	for _, guard := range slices.Sorted(maps.Keys(s.rules)) {
		for _, f := range s.rules[guard] {
			fault := "the rule " + f.rule + " in " + resource.GuardName(guard) + ", which no grant explains: " + f.fault
			out = append(out, admission.Stuck{Grant: f.grant, Since: f.since, Fault: fault})
		}
	}
	return out
}

// recordOrphans records the rules of ours that no live grant explains: those that
// this pass removed, and those that it could not.
func (r *Reconciler) recordOrphans(ctx context.Context, pass guardPass) error {
	var faults []error
	var stuck []stuckRule
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
			stuck = append(stuck, stuckRule{guard: pass.guard, rule: c.Remove, grant: n.Grant, since: pass.now, fault: admission.ReasonFor(err)})
		case there:
			faults = append(faults, rules.ErrNotYet)
		default:
			faults = append(faults, r.recordOrphan(ctx, pass, c.Remove, n.Grant, ""))
		}
	}
	for _, s := range r.orphans.replace(pass.guard, stuck) {
		r.adapters.Log.ErrorContext(ctx, "a rule without a live grant could not be removed",
			slog.String("guard", s.guard), slog.String("rule", s.rule), slog.String("error", s.fault))
		faults = append(faults, r.recordOrphan(ctx, pass, s.rule, s.grant, s.fault))
	}
	return errors.Join(faults...)
}

// recordOrphan records a rule of a grant that is not live, with the fault that keeps it
// or as removed.
func (r *Reconciler) recordOrphan(ctx context.Context, pass guardPass, rule string, grant jit.ID, fault string) error {
	var card jit.Card
	if g, err := r.adapters.Grants.Grant(ctx, grant); err == nil {
		if g.State == jit.Closing && fault == "" {
			return nil // it says of itself when nothing of it is left
		}
		card = g.Card
	}
	e := jit.Orphaned(rule, pass.after.Name, grant, card, fault, pass.now)
	if card == (jit.Card{}) && fault == "" {
		r.common.Add(e)
	}
	if err := r.adapters.Record.Append(ctx, e); err != nil {
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
	return "the rule " + s.rule + " in " + resource.GuardName(s.guard) + " should be gone and cannot be removed, and closings go first"
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
