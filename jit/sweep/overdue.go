package sweep

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/resource"
	"jitbot/jit/rules"
	"jitbot/jit/workqueue"
)

// Overdue closes what is past its until, from the rules in the network alone,
// with no store and no Slack, for when the instance that opened them is gone: it
// is what jitbot sweep runs. Subscriptions are swept side by side, and so are the
// network security groups of each, so that one that hangs delays no other.
// With unreadable it also removes the allow rules of ours whose description
// cannot be read. Rules that are not ours are never touched. The error says
// which guards could not be read; what could be is returned all the same.
func Overdue(ctx context.Context, network rules.Network, owner rules.Owner, unreadable bool, now time.Time) ([]Rule, error) {
	return selection{owner: owner, unreadable: unreadable, now: now}.sweepAll(ctx, network)
}

// selection is which rules of ours go.
type selection struct {
	owner      rules.Owner
	unreadable bool      // those that do not say until when, too
	now        time.Time // those whose until is not after it …
	grant      jit.ID    // … or, when not empty, those of this grant and no others
}

// sweepAll sweeps every guard of the subscriptions.
func (s selection) sweepAll(ctx context.Context, network rules.Network) ([]Rule, error) {
	subscriptions := network.Subscriptions()
	found, faults := make([][]Rule, len(subscriptions)), make([]error, len(subscriptions))
	one := func(ctx context.Context, t rules.Table) ([]Rule, error) { return s.sweepTable(ctx, network, t) }
	var wg sync.WaitGroup
	for i, id := range subscriptions {
		wg.Go(func() {
			tables, err := network.Tables(ctx, id)
			if err != nil {
				err = fmt.Errorf("what is overdue there stays: %w", err)
			}
			var sweepErr error
			found[i], sweepErr = sweepTables(ctx, tables, one)
			faults[i] = errors.Join(sweepErr, err)
		})
	}
	wg.Wait()
	return slices.Concat(found...), errors.Join(faults...)
}

// sweptAtOnce is how many network security groups of a subscription begin to be
// swept at once.
const sweptAtOnce = 32

// sweepTables sweeps the guards of a subscription. Firewalls are swept one after
// the other: those that share a policy, or inherit one, refuse changes at the same
// time.
func sweepTables(ctx context.Context, tables []rules.Table, one func(context.Context, rules.Table) ([]Rule, error)) ([]Rule, error) {
	const firewalls = "" // the key of all of them
	found, faults := make([][]Rule, len(tables)), make([]error, len(tables))
	at := map[string][]int{}
	for i, t := range tables {
		key := firewalls
		if !resource.IsFirewall(t.Guard) {
			key = strings.ToLower(t.Guard)
		}
		at[key] = append(at[key], i)
	}
	queue := workqueue.New(sweptAtOnce, nil, func(ctx context.Context, key string) error {
		for _, i := range at[key] {
			found[i], faults[i] = one(ctx, tables[i])
		}
		return nil // the next run tries again
	})
	for key := range at {
		queue.Add(ctx, key, false)
	}
	queue.Wait()
	return slices.Concat(found...), errors.Join(append(faults, ctx.Err())...)
}

// Rule is one rule of ours that was found.
type Rule struct {
	Guard   string // name of the guard
	Rule    string
	Grant   jit.ID
	Until   time.Time // zero when unreadable
	Outcome Outcome
	Err     error // why it is still there
}

// Outcome is what was done about one rule.
type Outcome string

// The outcomes for a rule.
const (
	Removed    Outcome = "removed"    // past its until, and read back gone
	Kept       Outcome = "kept"       // not yet due
	Unreadable Outcome = "unreadable" // its description does not say until when
	Astray     Outcome = "astray"     // ours by its name alone, outside our bands: not touched
	NotRemoved Outcome = "failed"     // due, and still there
)

func (s selection) sweepTable(ctx context.Context, network rules.Network, t rules.Table) ([]Rule, error) {
	var found []Rule
	var due []int // index into found of each rule to remove
	for _, rule := range t.Rules {
		r, ours := s.classify(t, rule)
		if !ours {
			continue
		}
		if r.Outcome == NotRemoved || r.Outcome == Unreadable && s.unreadable {
			due = append(due, len(found))
		}
		found = append(found, r)
	}
	if len(due) == 0 {
		return found, nil
	}
	remove(ctx, network, t, found, due)
	var after rules.Table
	err := admission.Patiently(ctx, func() (err error) { after, err = network.Table(ctx, t.Guard); return err })
	if err != nil && !errors.Is(err, jit.ErrNotFound) {
		return found, fmt.Errorf("reading the rules of %s back: %w", t.Name, err)
	}
	atWork := err == nil && !after.Settled // it may filter as before
	for _, i := range due {
		left, there := after.Rule(found[i].Rule)
		if there && !left.Allow {
			found[i].Err = admission.TurnedToDeny(left.Name, found[i].Err)
		}
		found[i] = found[i].afterRemoval(there, atWork)
	}
	return found, nil
}

// remove removes the rules that are due, and notes why one could not be.
func remove(ctx context.Context, network rules.Network, t rules.Table, found []Rule, due []int) {
	var changes []rules.Change
	for _, i := range due {
		changes = append(changes, rules.Change{Remove: found[i].Rule})
	}
	_ = admission.Patiently(ctx, func() error { // each outcome is kept
		outcomes := network.Apply(ctx, t.Guard, changes)
		failed := map[string]error{}
		for i, err := range outcomes {
			if found[due[i]].Err = err; err != nil {
				failed[found[due[i]].Rule] = err
			}
		}
		if denies := t.DenyRefused(changes, failed); len(denies) > 0 {
			network.Apply(ctx, t.Guard, denies) // what it did is read
		}
		return errors.Join(outcomes...)
	})
}

// classify tells an allow rule of our installation that is looked for from all
// others. Due ones start as not removed.
func (s selection) classify(t rules.Table, rule rules.Rule) (Rule, bool) {
	n, ok := rules.ParseRuleName(strings.ToLower(rule.Name)) // Azure does not mind its case
	if !ok || n.Installation != s.owner.Installation || n.Grant == "" || s.grant != "" && n.Grant != s.grant {
		return Rule{}, false
	}
	r := Rule{Guard: t.Name, Rule: rule.Name, Grant: n.Grant, Outcome: Kept}
	d, ok := rules.ParseDescription(rule.Description)
	if ok && d.Grant == n.Grant {
		r.Until = d.Until
	}
	_, ours := s.owner.Ours(rule)
	switch {
	case !ours:
		r.Outcome = Astray
	case s.grant != "":
		r.Outcome = NotRemoved
	case r.Until.IsZero():
		r.Outcome = Unreadable
	case !r.Until.After(s.now):
		r.Outcome = NotRemoved
	}
	return r, true
}

// afterRemoval is the rule after its removal was tried.
func (r Rule) afterRemoval(there, atWork bool) Rule {
	switch {
	case there:
		r.Outcome = NotRemoved
	case atWork:
		r.Outcome = NotRemoved
		if r.Err == nil {
			r.Err = rules.ErrNotYet
		}
	default:
		r.Outcome, r.Err = Removed, nil
	}
	return r
}

// Overdue reports whether the rule should be gone and may not be.
func (r Rule) Overdue() bool {
	return r.Outcome == NotRemoved || r.Outcome == Unreadable
}

// String is a line for a terminal.
func (r Rule) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-10s %s %s in %s", r.Outcome, r.Grant, r.Rule, r.Guard)
	if !r.Until.IsZero() {
		fmt.Fprintf(&b, ", until %s", r.Until.Format(time.RFC3339))
	}
	if r.Err != nil {
		fmt.Fprintf(&b, ": %s", admission.ReasonFor(r.Err))
	}
	return b.String()
}
