package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/protection"
	"jitbot/jit/rules"
)

// guardPass is one pass over a guard: what the store says of it, its table before
// and after the changes, and what became of each change.
type guardPass struct {
	guard         string
	owner         rules.Owner // which knows what the store says of the guard
	grants        []jit.Grant
	protections   []protection.Protection
	before, after rules.Table
	plan          rules.Plan
	failed        map[string]error // by rule name
	now           time.Time
	others        map[string]guardPass // other guards, read beside after
}

// planPass plans the pass; nothing is written yet.
func (r *Reconciler) planPass(ctx context.Context, stored admission.AtGuard, before rules.Table) guardPass {
	pass := guardPass{
		guard: stored.Guard, grants: stored.Grants, protections: stored.Protections, owner: r.ownerAt(ctx, stored, before),
		before: before, after: before, now: r.checks.Clock.Now(), failed: map[string]error{},
	}
	pass.plan = pass.owner.PlanGuard(before, stored.Stored, r.trust.Due())
	for _, b := range append(pass.plan.Blocked, pass.plan.Shadowed...) {
		pass.failed[b.Name] = b.Err
	}
	r.noteInForce(pass)
	return pass
}

// ownerAt is the owner who knows what the store says of the guard, and the grants
// whose rules are there though they do not name it. What is ours by its name alone is
// reported.
func (r *Reconciler) ownerAt(ctx context.Context, stored admission.AtGuard, t rules.Table) rules.Owner {
	grants := stored.Grants
	owner := r.owner.Knowing(stored.Guard, grants, stored.Protections)
	for _, rule := range t.Rules {
		n, astray := owner.OutsideBands(rule)
		if !astray {
			continue
		}
		if g, err := r.adapters.Grants.Grant(ctx, n.Grant); n.Grant != "" && (err == nil || errors.Is(err, jit.ErrDamaged)) {
			g.ID = n.Grant
			grants = append(slices.Clip(grants), g)
			owner = r.owner.Knowing(stored.Guard, grants, stored.Protections)
			continue
		}
		r.adapters.Log.WarnContext(ctx, "a rule with a name of ours lies outside our bands and is not touched",
			slog.String("guard", stored.Guard), slog.String("rule", n.String()), slog.Int("priority", rule.Priority))
	}
	return owner
}

// leaveMoved leaves what may stand here because a group of the same name, which Azure
// does not know just now, was moved: grants and protections follow it soon.
func (r *Reconciler) leaveMoved(ctx context.Context, pass guardPass) guardPass {
	for _, from := range r.absences.Namesakes(pass.guard) {
		stored := r.checks.Stored(ctx, from)
		pass.plan.Changes = rules.WithoutMoved(pass.plan.Changes, pass.before, from, stored.Grants, stored.Protections, r.trust.Due())
	}
	return pass
}

// readBeside reads other guards beside this one, side by side, each once while what
// was read of this one counts: what is said of several guards is of one moment. One
// that is not there just now has the zero table.
func (r *Reconciler) readBeside(ctx context.Context, pass guardPass, guards []string) error {
	guards = slices.DeleteFunc(guards, func(guard string) bool { _, read := pass.others[guard]; return read || guard == pass.guard })
	others, faults := make([]guardPass, len(guards)), make([]error, len(guards))
	ctx, cancel := context.WithTimeout(ctx, readBesideWithin)
	defer cancel()
	slots := make(chan struct{}, readBesideAtOnce)
	var wg sync.WaitGroup
	for i, guard := range guards {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			others[i], faults[i] = r.readOne(ctx, guard)
		})
	}
	wg.Wait()
	for i, guard := range guards {
		if faults[i] == nil {
			pass.others[guard] = others[i]
		}
	}
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("reading the guards beside %s: %w: %s", pass.guard, rules.ErrNotYet, err.Error()) // its pause is not this guard's
	}
	return nil
}

// readOne reads a guard and what is stored of it; one that is not there has the zero
// table.
func (r *Reconciler) readOne(ctx context.Context, guard string) (guardPass, error) {
	stored, err := r.readStored(ctx, guard)
	if err != nil {
		return guardPass{}, err
	}
	t, err := r.checks.Table(ctx, guard)
	if err != nil && !errors.Is(err, jit.ErrNotFound) {
		return guardPass{}, err
	}
	return r.planPass(ctx, stored, t), nil
}

const (
	readBesideAtOnce = 8               // guards read side by side
	readBesideWithin = 5 * time.Second // this guard waits no longer for them
)

// allAgree is nil when each of the guards, read in one reading, agrees; one that does
// not is looked at again, and why says what is amiss there.
func (r *Reconciler) allAgree(ctx context.Context, pass guardPass, guards []string, why func(guardPass) error) error {
	if cause := why(pass); cause != nil {
		return cause
	}
	if err := r.readBeside(ctx, pass, slices.Clone(guards)); err != nil {
		return err
	}
	for _, guard := range guards {
		if other, read := pass.others[guard]; read {
			if cause := why(other); cause != nil {
				r.Touch([]string{guard})
				return cause
			}
		}
	}
	return nil
}
