package jit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
)

// orphans records the rules of ours that no live grant explains and that this
// visit removed.
func (s *Sweep) orphans(ctx context.Context, v visit) error {
	var faults []error
	for _, c := range v.plan.Changes {
		n, _ := ParseRuleName(c.Remove)
		if c.Remove == "" || n.Grant == "" || slices.ContainsFunc(v.live, func(g Grant) bool { return g.ID == n.Grant }) {
			continue // denies come and go with protections, which say so
		}
		if err := v.failed[c.Remove]; err != nil {
			s.world.Log.ErrorContext(ctx, "a rule without a live grant could not be removed",
				slog.String("guard", v.guard), slog.String("rule", c.Remove), slog.Any("error", err))
			faults = append(faults, fmt.Errorf("removing the orphan %s: %w", c.Remove, err))
			continue
		}
		if _, there := ruleNamed(v.after, c.Remove); there {
			continue // looked at again by the next comparison
		}
		var card Card
		if g, err := s.world.Store.Grant(ctx, n.Grant); err == nil {
			card = g.Card
		}
		if err := s.world.Store.Append(ctx, OrphanRemoved(c.Remove, v.after.Name, n.Grant, card, v.now)); err != nil {
			faults = append(faults, fmt.Errorf("recording the orphan %s: %w", c.Remove, err))
		}
	}
	return errors.Join(faults...)
}

// guardGone deals with a guard that was deleted: its rules are gone with it.
func (s *Sweep) guardGone(ctx context.Context, guard string, live []Grant) error {
	now := s.clock.Now()
	var faults []error
	for _, g := range live {
		var err error
		if g.State == Closing {
			_, err = s.update(ctx, g.ID, func(g Grant) (Grant, []Event, error) { return g.Gone(guard, now) })
		} else if behind(g.Left, guard) {
			err = s.depart(ctx, g, guard)
		} else if why := "the " + KindOf(guard).Noun() + " " + GuardName(guard) + " was deleted"; g.State == Open {
			err = s.end(ctx, g, Decision{Ending: Vanished, Reason: why}, now)
		} else {
			err = s.fail(ctx, g.ID, why, now)
		}
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// tried notes that an overdue closing of the start has had its turn.
func (s *Sweep) tried(guard string) {
	s.mu.Lock()
	waited := s.closing[guard]
	delete(s.closing, guard)
	s.mu.Unlock()
	if waited {
		s.Kick() // Slack may be served now
	}
}

// compareAll looks at every guard of the subscriptions and of the store, and
// sweeps those that do not agree: drift, orphans, and grants left by a crash.
func (s *Sweep) compareAll(ctx context.Context) error {
	known, err := s.world.Store.Guards(ctx)
	faults := []error{err}
	tables, err := s.world.Network.Tables(ctx)
	if err != nil {
		faults = append(faults, fmt.Errorf("listing the security groups and firewalls: %w", err))
	} else {
		s.mu.Lock()
		s.heard = true
		s.mu.Unlock()
	}
	visit := map[string]bool{}
	for _, guard := range known {
		visit[guard] = true // gone, or unreadable just now, unless it is listed
	}
	for _, t := range tables {
		guard := strings.ToLower(t.Guard)
		agrees, err := s.compare(ctx, guard, t)
		visit[guard] = !agrees
		faults = append(faults, err)
	}
	for _, guard := range sortedKeys(visit) {
		if visit[guard] {
			s.guards.start(ctx, guard, false)
		}
	}
	return errors.Join(faults...)
}

// compare reports whether the guard is as the store wants it.
func (s *Sweep) compare(ctx context.Context, guard string, t Table) (bool, error) {
	w, err := s.wanted(ctx, guard)
	if err != nil {
		return true, err
	}
	for _, r := range t.Rules {
		if n, astray := s.owner.Astray(r); astray {
			s.world.Log.WarnContext(ctx, "a rule with a name of ours lies outside our bands and is not touched",
				slog.String("guard", guard), slog.String("rule", n.String()), slog.Int("priority", r.Priority))
		}
	}
	v := s.draw(w, t)
	for _, g := range w.live {
		if g.State != Open || behind(g.Left, guard) || slices.ContainsFunc(v.plan.Final, g.relocated) ||
			g.hindered(guard, s.owner.hindrance(t, v.plan, g)) {
			return false, nil // opening, closing, leaving or to be told: the guard is worked on anyway
		}
	}
	return len(v.plan.Changes) == 0 && len(v.plan.Blocked) == 0 && s.owner.locksAgree(t, w.locks), nil
}

// locksAgree reports whether the protections are in force at the guard, as far
// as was told: no other allow than was seen last stands before their denies.
func (o Owner) locksAgree(t Table, locks []Protection) bool {
	return !slices.ContainsFunc(locks, func(p Protection) bool {
		_, changed, err := o.exposed(t, p)
		return err != nil || changed || p.State != Locked || len(p.Left) > 0
	})
}
