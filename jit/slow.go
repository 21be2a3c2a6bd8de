package jit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A firewall takes Azure minutes to change, and takes one change at a time. So
// what is to be opened there gathers for a moment, goes into one change, and
// waits while a change is under way.

// gather waits for openings that come together, for as long as more come. A
// closing does not wait, but for openings that have waited for the change
// before: steady closings would keep them out for ever.
func (s *Sweep) gather(ctx context.Context, guard string) error {
	seen, held := 0, s.heldAt(guard)
	for waited := time.Duration(0); waited < gatherMost; waited += gather {
		opening, closing, err := s.atHand(ctx, guard)
		if first := held && waited == 0; err != nil || !first && (opening == seen || closing) {
			return err
		}
		seen = opening
		select {
		case <-time.After(gather):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// atHand counts the openings that the guard does not have yet, and says whether
// something is to be closed there.
func (s *Sweep) atHand(ctx context.Context, guard string) (opening int, closing bool, err error) {
	live, err := s.world.Store.AtGuard(ctx, guard)
	if err != nil && !errors.Is(err, ErrDamaged) {
		return 0, false, fmt.Errorf("reading the grants at %s: %w", guard, err)
	}
	for _, g := range live {
		if !g.agrees(guard) {
			closing = closing || g.State == Closing
			if g.State == Opening {
				opening++
			}
		}
	}
	return opening, closing, nil
}

// agrees reports whether the guard was read back as the grant's state wants it.
func (g Grant) agrees(guard string) bool {
	return !slices.ContainsFunc(g.Paths, func(p Path) bool { return SameID(p.Guard, guard) && !p.Agreed })
}

// claim keeps that what is wanted of the guard is being read and written, until
// it is released: who comes later is not in that change.
func (s *Sweep) claim(guard string) (release func()) {
	s.entry.Lock() // whoever is entering is in what is read next
	defer s.entry.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.claimed[guard] = true
	return func() {
		s.mu.Lock()
		delete(s.claimed, guard)
		s.mu.Unlock()
		s.Kick() // what waited for it
	}
}

// awaits holds an opening while a firewall on its paths is being changed, by us
// or by somebody else: begun now, it would spend its time waiting. The error,
// if any, has it tried again soon.
func (s *Sweep) awaits(ctx context.Context, g Grant, paths []Path) (held bool, err error) {
	for _, guard := range guardsOf(paths) {
		if !IsFirewall(guard) {
			continue
		}
		changing, err := s.changing(ctx, guard)
		if err != nil {
			return false, fmt.Errorf("opening %s: %w", g.ID, err)
		}
		if !changing {
			continue
		}
		s.remember(g.ID, paths)
		why := fmt.Sprintf("the %s %s is being changed, which takes Azure minutes; this comes next", KindOf(guard).Noun(), GuardName(guard))
		if err := s.hold(ctx, g, why); err != nil {
			return true, err
		}
		return true, &BusyError{Wait: heldFor, Cause: errors.New(why)}
	}
	return false, nil
}

// enter stores that the grant begins, unless a firewall on its paths was
// claimed meanwhile: then its rules would wait for the change after the next.
// The lock is held for one write of the store, and for nothing slower.
func (s *Sweep) enter(ctx context.Context, id ID, paths []Path) (began bool, err error) {
	s.entry.RLock()
	defer s.entry.RUnlock()
	if slices.ContainsFunc(guardsOf(paths), s.isClaimed) {
		s.remember(id, paths)
		return false, &BusyError{Wait: heldFor, Cause: errors.New("a firewall on its paths is being changed")}
	}
	now := s.clock.Now()
	g, err := s.update(ctx, id, one(func(g Grant) (Grant, Event, error) { return g.Begin(paths, s.config.openWithin(paths), now) }))
	return err == nil && !g.Clock.Begun.IsZero(), err
}

func (s *Sweep) isClaimed(guard string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.claimed[guard]
}

// heldFor is how soon a held opening looks again; with what lanes add to it,
// all that are held look within the time in which openings gather.
const heldFor = 2 * time.Second

func (s *Sweep) changing(ctx context.Context, guard string) (bool, error) {
	if s.isClaimed(guard) || s.wasChanging(guard) {
		return true, nil
	}
	t, err := s.world.Network.Table(ctx, guard)
	if err != nil {
		return false, fmt.Errorf("reading the rules of %s: %w", guard, err)
	}
	changing := !t.Settled && !t.Failed
	s.mu.Lock()
	defer s.mu.Unlock()
	if delete(s.changed, guard); changing {
		s.changed[guard] = time.Now()
	}
	return changing, nil
}

// wasChanging reports whether the guard was seen being changed by somebody else
// a moment ago. Later, whoever asks first looks again, and the others wait for
// what it sees: hundreds may be held.
func (s *Sweep) wasChanging(guard string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen, known := s.changed[guard]
	if !known || time.Since(seen) < heldFor {
		return known
	}
	s.changed[guard] = time.Now()
	return false
}

// heldAt reports whether an opening waits for a change of the guard to end.
func (s *Sweep) heldAt(guard string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, paths := range s.awaited {
		if behind(paths, guard) {
			return true
		}
	}
	return false
}

const maxRemembered = 1000

// remember keeps the paths of an opening that is held, so that it is not
// checked anew each time it looks.
func (s *Sweep) remember(id ID, paths []Path) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.awaited) >= maxRemembered {
		clear(s.awaited)
	}
	s.awaited[id] = paths
}

// recall gives them and forgets them.
func (s *Sweep) recall(id ID) []Path {
	s.mu.Lock()
	defer s.mu.Unlock()
	paths := s.awaited[id]
	delete(s.awaited, id)
	return paths
}

// unconfirmed has a guard written again that is changed as a whole and whose
// last change failed: that the rules of grants that close or left are not in its
// document says nothing.
func (s *Sweep) unconfirmed(w wish, t Table) []Change {
	if !t.Failed {
		return nil
	}
	var out []Change
	for _, g := range w.live {
		if behind(g.Left, w.guard) {
			g.Paths = g.Left // what it had there
		} else if g.State != Closing || g.agrees(w.guard) {
			continue
		}
		for _, r := range g.Rules(s.owner.Installation, w.guard) {
			if !named(t.Rules, r.Name) {
				out = append(out, Change{Remove: r.Name})
			}
		}
	}
	return out
}

// openWithin is how long the rules at the paths may take to be confirmed.
func (c Config) openWithin(paths []Path) time.Duration {
	if slices.ContainsFunc(paths, func(p Path) bool { return IsFirewall(p.Guard) }) {
		return max(c.FirewallWithin, c.OpenWithin)
	}
	return c.OpenWithin
}

// endDrifted closes the open grants whose rules somebody removed or changed,
// where the policy says to end them, and plans the visit anew.
func (s *Sweep) endDrifted(ctx context.Context, v visit) (visit, error) {
	ended := false
	for _, g := range v.live {
		rule := s.changedRule(v, g)
		if g.State != Open || !g.EndOnDrift || g.follows(v.guard) || rule == "" {
			continue
		}
		ended = true
		if err := s.endDrift(ctx, g.ID, rule); err != nil {
			return v, err
		}
	}
	if !ended {
		return v, nil
	}
	w, err := s.wanted(ctx, v.guard)
	return s.draw(w, v.before), err
}

// changedRule names a rule of the grant that is not as it should be here.
func (s *Sweep) changedRule(v visit, g Grant) string {
	for _, c := range v.plan.Changes {
		if c.Put == nil {
			continue
		}
		old, _ := ruleNamed(v.before, c.Put.Name)
		if n, ok := ParseRuleName(strings.ToLower(c.Put.Name)); ok && n.Grant == g.ID && !old.Equal(*c.Put) {
			return c.Put.Name
		}
	}
	return ""
}

func (s *Sweep) endDrift(ctx context.Context, id ID, rule string) error {
	now := s.clock.Now()
	_, err := s.update(ctx, id, func(g Grant) (Grant, []Event, error) { return g.CloseDrifted(rule, now) })
	s.Kick()
	return err
}
