package jit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// errNotYet has a guard looked at again: something was sent and is not yet
// read back as it should be.
var errNotYet = errors.New("the guard does not agree yet")

// sweepGuard makes one guard agree with the store: wanted rules against the
// rules it has, the changes, the read-back, and the grants that move on. It
// runs alone for its guard.
func (s *Sweep) sweepGuard(ctx context.Context, guard string) error {
	if guard == everyGuard {
		return s.compareAll(ctx)
	}
	defer s.tried(guard)
	w, err := s.wanted(ctx, guard)
	if err != nil {
		return err
	}
	before, err := s.world.Network.Table(ctx, guard)
	if errors.Is(err, ErrNotFound) {
		return errors.Join(s.guardGone(ctx, guard, w.live), s.locksGone(ctx, guard, w.locks))
	}
	if err != nil {
		err = fmt.Errorf("reading the rules of %s: %w", guard, err)
		if blind := s.removeBlind(ctx, guard, w.live); blind != nil {
			err = blind // it is tried again soon, not when reads are let through
		}
		return errors.Join(err, s.trouble(ctx, guard, w.live, err))
	}
	v := s.draw(w, before)
	if len(v.plan.Changes) == 0 {
		return s.settle(ctx, v)
	}
	for i, err := range s.world.Network.Apply(ctx, guard, v.plan.Changes) {
		if err != nil {
			v.failed[v.plan.Changes[i].Name()] = err
		}
	}
	if v.after, err = s.world.Network.Table(ctx, guard); err != nil {
		return cmp.Or(v.unremoved(), fmt.Errorf("reading the rules of %s back: %w", guard, err))
	}
	v.now = s.clock.Now()
	return s.settle(ctx, v)
}

// wish is what the store says of a guard.
type wish struct {
	guard  string
	live   []Grant
	locks  []Protection
	unsure bool // a protection here cannot be read
}

// wanted reads it. A grant whose record is damaged keeps no door open, and does
// not hold up the closing of the others here.
func (s *Sweep) wanted(ctx context.Context, guard string) (wish, error) {
	live, err := s.world.Store.AtGuard(ctx, guard)
	if errors.Is(err, ErrDamaged) {
		s.world.Log.ErrorContext(ctx, "a grant cannot be read, so its rules are removed", slog.String("guard", guard), slog.Any("error", err))
		err = nil
	}
	if err != nil {
		return wish{}, fmt.Errorf("reading the grants at %s: %w", guard, err)
	}
	locks, err := s.world.Store.LocksAt(ctx, guard)
	unsure := errors.Is(err, ErrDamaged)
	if err != nil && !unsure {
		return wish{}, fmt.Errorf("reading the protections at %s: %w", guard, err)
	}
	return wish{guard, live, locks, unsure}, nil
}

// draw plans a visit to a guard.
func (s *Sweep) draw(w wish, before Table) visit {
	v := visit{guard: w.guard, live: w.live, locks: w.locks, before: before, after: before, now: s.clock.Now(), failed: map[string]error{}}
	v.plan = s.owner.MakePlan(before, s.owner.wantedAt(w.guard, w.live, w.locks))
	v.plan.Changes = s.keepDenies(before, v.plan.Changes, w.locks, w.unsure)
	for _, b := range v.plan.Blocked {
		v.failed[b.Name] = b.Err
	}
	s.withhold(&v)
	return v
}

// removeBlind removes the rules of closing grants by the names that were
// stored for them, while Azure lets nobody read: a door is not left open for
// that. Closed is said only when it was read.
func (s *Sweep) removeBlind(ctx context.Context, guard string, live []Grant) error {
	var changes []Change
	for _, g := range live {
		if g.State == Closing {
			for _, r := range g.Rules(s.owner.Installation, guard) {
				changes = append(changes, Change{Remove: r.Name})
			}
		}
	}
	if len(changes) == 0 {
		return nil
	}
	return errors.Join(s.world.Network.Apply(ctx, guard, changes)...)
}

// keepDenies drops removals of denies that no protection known here explains:
// when the store was lost, or cannot be read, what keeps doors shut stays.
func (s *Sweep) keepDenies(t Table, changes []Change, locks []Protection, unsure bool) []Change {
	return slices.DeleteFunc(changes, func(c Change) bool {
		n, _ := ParseRuleName(c.Name())
		if n.Grant != "" {
			return false
		}
		if unsure {
			return true
		}
		old, found := ruleNamed(t, c.Remove)
		return c.Put == nil && found && !explained(t.Guard, old, locks)
	})
}

// explained reports whether every address that the deny keeps shut is that of
// a protection known at the guard.
func explained(guard string, deny Rule, locks []Protection) bool {
	return !slices.ContainsFunc(deny.Destinations, func(d string) bool {
		one := Rule{Destinations: []string{d}}
		return !slices.ContainsFunc(locks, func(p Protection) bool { return p.meets(guard, one) })
	})
}

// visit is one look at a guard: what it held before and after the changes.
type visit struct {
	guard         string
	live          []Grant
	locks         []Protection
	before, after Table
	plan          Plan
	failed        map[string]error // by rule name
	now           time.Time
}

// unremoved is why a removal failed. What could not be read back waits for as
// long as Azure asks, a removal does not.
func (v visit) unremoved() error {
	for _, c := range v.plan.Changes {
		if err := v.failed[c.Remove]; c.Remove != "" && err != nil {
			return err
		}
	}
	return nil
}

// withhold drops the writes of rules that a deny above them would make idle:
// what cannot be in force is not written.
func (s *Sweep) withhold(v *visit) {
	v.plan.Changes = slices.DeleteFunc(v.plan.Changes, func(c Change) bool {
		if c.Put == nil || !c.Put.Allow {
			return false
		}
		d, shadowed := v.before.Shadow(*c.Put)
		if shadowed {
			v.failed[c.Put.Name] = shadowRefusal(v.before, d)
		}
		return shadowed
	})
}

// settle moves the grants on by what was read back, and by nothing else.
func (s *Sweep) settle(ctx context.Context, v visit) error {
	var faults []error
	for _, g := range v.live {
		var err error
		switch g.State {
		case Closing:
			err = s.settleClosing(ctx, v, g)
		case Opening:
			err = s.settleOpening(ctx, v, g)
		case Open:
			err = s.settleOpen(ctx, v, g)
		default:
		}
		if err != nil {
			faults = append(faults, err)
		}
	}
	for _, p := range v.locks {
		if err := s.settleLock(ctx, v, p); err != nil {
			faults = append(faults, err)
		}
	}
	return errors.Join(append(faults, s.orphans(ctx, v))...)
}

// settleClosing ends a grant of which nothing is left in the guard.
func (s *Sweep) settleClosing(ctx context.Context, v visit, g Grant) error {
	left, found := s.leftOf(g, v.after)
	if !found {
		closed, err := s.update(ctx, g.ID, func(g Grant) (Grant, []Event, error) { return g.Gone(v.guard, v.now) })
		if err == nil && closed.State == Closed && closed.Clock.Ended.Equal(v.now) { // else another visit closed it, and measured
			s.world.Meter.Closed(closed.Clock.Ended.Sub(closed.Clock.Due))
		}
		return err
	}
	cause := v.failed[left.Name]
	if cause == nil {
		cause = errNotYet
		if _, ours := s.owner.Ours(left); !ours {
			cause = Refuse(ErrForbidden, "somebody moved the rule %s outside our band, so it is not touched; remove it by hand", left.Name)
		}
	}
	return errors.Join(cause, s.trouble(ctx, v.guard, []Grant{g}, cause))
}

// leftOf finds a rule of the grant, wherever in the guard it stands.
func (s *Sweep) leftOf(g Grant, t Table) (Rule, bool) {
	for _, r := range t.Rules {
		n, ok := ParseRuleName(strings.ToLower(r.Name))
		if ok && n.Installation == s.owner.Installation && n.Grant == g.ID {
			return r, true
		}
	}
	return Rule{}, false
}

// ruleNamed finds a rule by its name, whose case does not count in Azure.
func ruleNamed(t Table, name string) (Rule, bool) {
	for _, r := range t.Rules {
		if strings.EqualFold(r.Name, name) {
			return r, true
		}
	}
	return Rule{}, false
}

// settleOpening confirms what is in force here, and gives up what Azure will
// not take.
func (s *Sweep) settleOpening(ctx context.Context, v visit, g Grant) error {
	done, cause := s.agreed(v, g)
	if done {
		opened, err := s.update(ctx, g.ID, func(g Grant) (Grant, []Event, error) { return g.Agree(v.guard, v.now) })
		if err == nil && opened.State == Open && opened.Clock.Opened.Equal(v.now) {
			s.world.Meter.Opened(opened.Clock.Opened.Sub(opened.Clock.Approved))
		}
		return err
	}
	if hopeless(cause) {
		return s.fail(ctx, g.ID, reason(cause), v.now)
	}
	return errors.Join(cause, s.trouble(ctx, v.guard, []Grant{g}, cause))
}

// agreed reports whether every rule of the grant here was read back in force,
// or what stands in the way.
func (s *Sweep) agreed(v visit, g Grant) (bool, error) {
	for _, want := range g.Rules(s.owner.Installation, v.guard) {
		if err := v.failed[want.Name]; err != nil {
			return false, err
		}
		final := finalRule(v.plan, want)
		ok, err := v.after.InForce(final)
		if err != nil {
			return false, err
		}
		if !ok {
			return false, errNotYet
		}
	}
	return true, nil
}

// finalRule is the wanted rule with the name and priority it has in the guard.
func finalRule(p Plan, want Rule) Rule {
	for _, r := range p.Final {
		if strings.EqualFold(r.Name, want.Name) {
			return r
		}
	}
	return want
}

// hopeless reports whether trying again cannot help: Azure forbids or refuses
// it, or somebody's rule is in the way.
func hopeless(err error) bool {
	return errors.As(err, new(*Refusal)) || errors.Is(err, ErrForbidden) || errors.Is(err, ErrLocked) || errors.Is(err, ErrInvalid)
}

// reason puts an error into words for a reader; only refusals and Azure's own
// reasons are shown.
func reason(err error) string {
	no := (*Refusal)(nil)
	switch {
	case errors.As(err, &no):
		return no.Error()
	case errors.Is(err, errNotYet):
		return "Azure has not put the change into force yet"
	case errors.Is(err, ErrForbidden):
		return "Azure forbids jitbot to change this network security group; give it the role that jitbot role prints"
	case errors.Is(err, ErrLocked):
		return "a lock on the network security group or above it is in the way; remove it"
	case errors.Is(err, ErrInvalid):
		return "Azure refuses the rule: " + CleanText(err.Error())
	case errors.Is(err, ErrBusy), errors.Is(err, ErrConflict):
		return "Azure is busy; jitbot keeps trying"
	default:
		return "Azure did not answer; jitbot keeps trying"
	}
}

// settleOpen notices that somebody removed or changed a rule of a live grant;
// the plan has repaired it.
func (s *Sweep) settleOpen(ctx context.Context, v visit, g Grant) error {
	for _, want := range g.Rules(s.owner.Installation, v.guard) {
		final := finalRule(v.plan, want)
		if old, _ := ruleNamed(v.before, want.Name); old.Equal(final) {
			continue
		}
		ok, err := v.after.InForce(final)
		switch {
		case err != nil || v.failed[want.Name] != nil:
			cause := errors.Join(v.failed[want.Name], err)
			return errors.Join(cause, s.trouble(ctx, v.guard, []Grant{g}, cause))
		case !ok:
			return errNotYet
		}
		if g.follows(v.guard) {
			continue // written for the first time, since the VM moved here
		}
		if err := s.drifted(ctx, g, want.Name, v.now); err != nil {
			return err
		}
	}
	if !g.follows(v.guard) {
		return nil
	}
	_, err := s.update(ctx, g.ID, func(g Grant) (Grant, []Event, error) {
		next, _ := g.settle(v.guard)
		return next, nil, nil
	})
	return err
}

// follows reports whether the rules of an open grant at the guard were not yet
// read back since its VM moved behind it.
func (g Grant) follows(guard string) bool {
	return slices.ContainsFunc(g.Paths, func(p Path) bool { return SameID(p.Guard, guard) && !p.Agreed })
}

func (s *Sweep) drifted(ctx context.Context, g Grant, rule string, now time.Time) error {
	_, err := s.update(ctx, g.ID, func(g Grant) (Grant, []Event, error) {
		if g.State != Open {
			return g, nil, nil
		}
		g = g.changed()
		return g, []Event{g.event(EventDrift, Person{}, now, "Somebody removed or changed the rule "+rule+"; it was put back.")}, nil
	})
	return err
}

// orphans records the rules of ours that no live grant explains and that this
// visit removed.
func (s *Sweep) orphans(ctx context.Context, v visit) error {
	var faults []error
	for _, c := range v.plan.Changes {
		n, _ := ParseRuleName(c.Remove)
		if c.Remove == "" || n.Grant == "" || isLive(v.live, n.Grant) {
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
		e := Event{At: v.now, Kind: EventOrphan, Grant: n.Grant, Text: "The rule " + c.Remove + " of " + v.after.Name + " had no live grant and was removed."}
		if g, err := s.world.Store.Grant(ctx, n.Grant); err == nil && g.Card != (Card{}) {
			e.tell = []Audience{ToThread}
		}
		if err := s.world.Store.Append(ctx, e); err != nil {
			faults = append(faults, fmt.Errorf("recording the orphan %s: %w", c.Remove, err))
		}
	}
	return errors.Join(faults...)
}

func isLive(live []Grant, id ID) bool {
	for _, g := range live {
		if g.ID == id {
			return true
		}
	}
	return false
}

// guardGone deals with an NSG that was deleted: its rules are gone with it.
func (s *Sweep) guardGone(ctx context.Context, guard string, live []Grant) error {
	now := s.clock.Now()
	var faults []error
	for _, g := range live {
		var err error
		if g.State == Closing {
			_, err = s.update(ctx, g.ID, func(g Grant) (Grant, []Event, error) { return g.Gone(guard, now) })
		} else if why := "the network security group " + guard[strings.LastIndexByte(guard, '/')+1:] + " was deleted"; g.State == Open {
			err = s.end(ctx, g.ID, Decision{Ending: Vanished, Reason: why}, now)
		} else {
			err = s.fail(ctx, g.ID, why, now)
		}
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// trouble keeps what went wrong with each grant here; a closing that was
// forbidden, or takes too long, is stuck and said so once.
func (s *Sweep) trouble(ctx context.Context, guard string, grants []Grant, cause error) error {
	now := s.clock.Now()
	var faults []error
	for _, g := range grants {
		after, err := s.update(ctx, g.ID, func(g Grant) (Grant, []Event, error) {
			stuck := errors.Is(cause, ErrForbidden) || errors.Is(cause, ErrLocked) || now.Sub(g.Clock.Closing) > stuckAfter
			next, events := g.Trouble(guard, reason(cause), stuck, now)
			return next, events, nil
		})
		if after.Stuck && !g.Stuck {
			s.world.Log.ErrorContext(ctx, "a closing is stuck, and the port may be open", slog.String("grant", string(g.ID)),
				slog.String("guard", guard), slog.Any("error", cause))
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
		faults = append(faults, fmt.Errorf("listing the network security groups: %w", err))
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
	for _, g := range w.live {
		if g.State != Open {
			return false, nil // opening or closing: the guard is worked on anyway
		}
	}
	for _, p := range w.locks {
		if p.State != Locked || len(p.Left) > 0 {
			return false, nil
		}
	}
	v := s.draw(w, t)
	return len(v.plan.Changes) == 0 && len(v.plan.Blocked) == 0, nil
}
