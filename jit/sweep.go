package jit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	tick        = time.Second      // closing begins within this of the deadline
	driftEvery  = 30 * time.Second // every guard is compared this often, so drift shows within a minute
	markEvery   = time.Minute      // the clock's high-water mark is stored this often
	askedFor    = 15 * time.Second // a request not checked by then was cut off, and is checked again
	stuckAfter  = time.Minute      // a closing that takes longer shows as stuck
	maxSkew     = 30 * time.Second // Azure's clock may differ by this much
	trustAfter  = 5 * time.Minute  // Azure's clock must agree for this long to overrule the mark
	maxBack     = 5 * time.Second  // the wall clock may go back by this much
	holdFor     = time.Hour        // an opening held longer than this fails: the approval is stale
	guardLanes  = 64               // guards worked on at once
	openLanes   = 16               // grants prepared for opening at once
	rightLanes  = 4                // holders looked at again at once
	rightsEvery = 5 * time.Minute  // a holder who lost the rights is noticed within this
	servingWait = 10 * time.Second // Slack waits at most this long for the first closings
)

// Sweep is the loop that makes the network agree with the store. It is
// level-triggered: each pass starts from the store and from Azure, never from
// memory, so that recovery, retries and drift are the same code as normal
// work.
type Sweep struct {
	judge
	owner   Owner
	roster  *roster
	kick    chan struct{}
	served  chan struct{}
	follows *lanes                          // one key: what became of the VMs
	check   func(context.Context, ID) error // finishes a request that was cut off

	guards  *lanes // key: a guard in lower case
	opens   *lanes // key: a grant that is to begin
	checks  *lanes // key: a grant that is asked
	holders *lanes // key: somebody with open grants, looked at again

	mu          sync.Mutex
	touched     map[string]bool // guards to be looked at in the next pass
	closing     map[string]bool // guards with overdue closings at the start, not yet tried
	begun       map[ID]bool     // closings that the last pass saw
	late        ID              // a closing that is stuck or late
	heard       bool            // Azure has answered since the start
	agreesSince time.Time       // since when Azure's clock agrees, while the mark does not
	suspect     string          // why the clock is not to be trusted
	mark        time.Time       // highest clock reading stored
}

// NewSweep makes the loop; Run starts it.
func NewSweep(c Config, w World) *Sweep {
	s := &Sweep{
		judge: judge{c, w, &chronometer{}}, owner: Owner{c.Installation, c.Bands}, roster: newRoster(w.Inventory),
		kick: make(chan struct{}, 1), served: make(chan struct{}), closing: map[string]bool{}, touched: map[string]bool{},
	}
	s.guards = newLanes(guardLanes, s.sweepGuard)
	s.opens = newLanes(openLanes, s.begin)
	s.checks = newLanes(openLanes, func(ctx context.Context, id string) error { return s.check(ctx, ID(id)) })
	s.follows = newLanes(1, s.follow)
	s.holders = newLanes(rightLanes, s.recheck)
	return s
}

// Kick asks for a pass now.
func (s *Sweep) Kick() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// Skip moves the clock by which grants are measured ahead, and never back: a
// demonstration need not wait for a deadline. Doors only close earlier by it.
func (s *Sweep) Skip(d time.Duration) {
	s.clock.skip(d)
	s.Kick()
}

// Now is the clock by which grants are measured.
func (s *Sweep) Now() time.Time { return s.clock.Now() }

// touch has guards looked at now.
func (s *Sweep) touch(guards []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range guards {
		s.touched[g] = true
	}
	s.Kick()
}

// Served is closed once every closing that was overdue at the start has been
// tried: then Slack may be served.
func (s *Sweep) Served() <-chan struct{} { return s.served }

// Run sweeps until ctx ends, then waits for the work under way. The service's
// Check finishes requests that a crash cut off.
func (s *Sweep) Run(ctx context.Context, check func(context.Context, ID) (Grant, error)) error {
	s.check = func(ctx context.Context, id ID) error {
		_, err := check(ctx, id)
		if errors.As(err, new(*Refusal)) {
			return nil
		}
		return err
	}
	defer func() { s.guards.wait(); s.opens.wait(); s.checks.wait(); s.holders.wait(); s.follows.wait() }()
	started := time.Now()
	if err := s.bindInstallation(ctx); err != nil {
		return err
	}
	s.startClock(ctx)
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	var drifted, marked time.Time
	var looked time.Time // holders may have lost their rights while jitbot was down
	first := true
	for {
		if err := s.pass(ctx, first); err != nil && ctx.Err() == nil {
			s.world.Log.ErrorContext(ctx, "a pass of the sweep failed", slog.Any("error", err))
		} else {
			first = false
		}
		if time.Since(drifted) >= driftEvery {
			drifted = time.Now()
			s.guards.start(ctx, everyGuard, false)
			s.follows.start(ctx, "", false)
		}
		if time.Since(marked) >= markEvery {
			marked = time.Now()
			s.markClock(ctx)
		}
		if time.Since(looked) >= rightsEvery {
			looked = time.Now()
			s.lookAtHolders(ctx)
		}
		s.serve(!first, time.Since(started))
		select {
		case <-ctx.Done():
			return nil
		case <-s.kick:
		case <-ticker.C:
		}
	}
}

// bindInstallation refuses a store that holds another installation's grants:
// their rules carry its name, so this one would neither see nor close them.
func (s *Sweep) bindInstallation(ctx context.Context) error {
	kept, err := s.world.Store.Bind(ctx, "installation", s.config.Installation)
	if err != nil {
		return fmt.Errorf("keeping the installation's name: %w", err)
	}
	if kept != s.config.Installation {
		return Refuse(ErrPolicy, "The store belongs to installation %s and the configuration says %s: rules of the old name would never be closed; put the name back, or use another store.", kept, s.config.Installation)
	}
	return nil
}

// everyGuard is the lane that compares all guards; no resource id is empty.
const everyGuard = ""

// serve lets Slack in when the overdue closings were tried or took too long.
func (s *Sweep) serve(passed bool, waited time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.served:
	default:
		if passed && len(s.closing) == 0 || waited >= servingWait {
			close(s.served)
		}
	}
}

// pass moves on every grant whose time has come, closings first.
func (s *Sweep) pass(ctx context.Context, first bool) error {
	due, now := s.due(), s.clock.Now()
	ids, err := s.world.Store.Due(ctx, due)
	var faults []error
	if err != nil {
		faults = append(faults, fmt.Errorf("finding what is due: %w", err)) // what was found is closed all the same
	}
	agenda := s.newAgenda()
	faults = append(faults, s.advanceAll(ctx, ids, due, now, agenda)...)
	for guard, urgent := range s.adopt(agenda, first) {
		s.guards.start(ctx, guard, urgent)
	}
	return errors.Join(faults...)
}

// agenda is what a pass finds to do.
type agenda struct {
	mu     sync.Mutex
	guards map[string]bool // guards to look at; true: at once
	begun  map[ID]bool     // closings that were seen
	late   ID              // a closing that is late or stuck
}

func (s *Sweep) newAgenda() *agenda {
	return &agenda{guards: map[string]bool{}, begun: map[ID]bool{}}
}

// note puts a closing on the agenda. One that was not seen before does not
// wait for the pause of whatever failed at its guard before.
func (a *agenda) note(g Grant, fresh bool, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.begun[g.ID] = true
	if g.Stuck || now.Sub(g.Clock.Due) > stuckAfter {
		a.late = g.ID
	}
	for _, p := range g.Paths {
		if !p.Agreed {
			guard := strings.ToLower(p.Guard)
			a.guards[guard] = a.guards[guard] || fresh
		}
	}
}

// adopt keeps what the pass found and gives the guards to look at.
func (s *Sweep) adopt(a *agenda, first bool) map[string]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.late, s.begun = a.late, a.begun
	if first {
		for guard := range a.guards {
			s.closing[guard] = true
		}
	}
	for guard := range s.touched {
		a.guards[guard] = true
	}
	s.touched = map[string]bool{}
	return a.guards
}

const advancers = 32 // grants moved on at once, so that the store commits them together

// advanceAll moves on what is due, many at once.
func (s *Sweep) advanceAll(ctx context.Context, ids []ID, due, now time.Time, agenda *agenda) []error {
	faults := make([]error, len(ids))
	slots := make(chan struct{}, advancers)
	var wg sync.WaitGroup
	for i, id := range ids {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			g, err := s.advance(ctx, id, due, now)
			if err != nil {
				faults[i] = fmt.Errorf("moving %s on: %w", id, err)
				return
			}
			if g.State == Closing {
				agenda.note(g, !s.seen(id), now)
			}
		})
	}
	wg.Wait()
	return faults
}

// seen reports whether the closing was on the agenda of the last pass.
func (s *Sweep) seen(id ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.begun[id]
}

// advance does what the clock asks of one grant. Doors close by due, which may
// be ahead of now while the clock is suspect.
func (s *Sweep) advance(ctx context.Context, id ID, due, now time.Time) (Grant, error) {
	g, err := s.world.Store.Grant(ctx, id)
	if err != nil {
		return g, fmt.Errorf("reading it: %w", err)
	}
	switch g.State {
	case Asked:
		if now.Sub(g.Request.At) >= askedFor {
			s.checks.start(ctx, string(id), false)
		}
		return g, nil
	case Pending:
		if now.Before(g.Clock.Lapse) {
			return g, nil
		}
		return s.update(ctx, id, one(func(g Grant) (Grant, Event, error) { return g.Lapse(now) }))
	case Opening:
		return s.advanceOpening(ctx, g, now)
	case Open:
		return s.advanceOpen(ctx, g, due, now)
	case Closing:
		return s.advanceClosing(ctx, g, now)
	default:
		return g, nil
	}
}

func (s *Sweep) advanceOpening(ctx context.Context, g Grant, now time.Time) (Grant, error) {
	if g.Clock.Begun.IsZero() {
		s.opens.start(ctx, string(g.ID), false)
		return g, nil
	}
	d := Decision{Ending: Failed, Reason: g.unconfirmed()}
	return s.update(ctx, g.ID, one(func(g Grant) (Grant, Event, error) { return g.Close(d, now, now) }))
}

func (s *Sweep) advanceOpen(ctx context.Context, g Grant, due, now time.Time) (Grant, error) {
	return s.update(ctx, g.ID, func(g Grant) (Grant, []Event, error) {
		if g.State != Open {
			return g, nil, g.stale()
		}
		if g.Clock.Deadline.After(due) {
			return g.Remind(now)
		}
		next, e, err := g.Close(Decision{Ending: Expired}, g.Clock.Deadline, now)
		return next, []Event{e}, err
	})
}

// advanceClosing ends what was never begun, and says that a closing takes too
// long where its lane is held up and cannot say so.
func (s *Sweep) advanceClosing(ctx context.Context, g Grant, now time.Time) (Grant, error) {
	switch {
	case len(g.Paths) == 0:
		return s.update(ctx, g.ID, func(g Grant) (Grant, []Event, error) { return g.Gone("", now) })
	case !g.Stuck && now.Sub(g.Clock.Closing) > stuckAfter:
		return s.update(ctx, g.ID, func(g Grant) (Grant, []Event, error) {
			next, events := g.Trouble("", "it takes longer than it should", true, now)
			return next, events, nil
		})
	default:
		return g, nil
	}
}

// unconfirmed says why a grant was not confirmed in time.
func (g Grant) unconfirmed() string {
	for _, p := range g.Paths {
		if p.Fault != "" {
			return "it was not confirmed in time: " + p.Fault
		}
	}
	return "it was not confirmed in time"
}

// one lifts a transition with one event.
func one(f func(Grant) (Grant, Event, error)) func(Grant) (Grant, []Event, error) {
	return func(g Grant) (Grant, []Event, error) {
		next, e, err := f(g)
		return next, []Event{e}, err
	}
}

// update runs a transition. One that comes too late, because somebody else
// moved the grant on, is no fault.
func (s *Sweep) update(ctx context.Context, id ID, f func(Grant) (Grant, []Event, error)) (Grant, error) {
	g, err := s.world.Store.Update(ctx, id, f)
	if errors.Is(err, ErrStale) {
		g, err = s.world.Store.Grant(ctx, id)
	}
	if err != nil {
		return g, fmt.Errorf("storing %s: %w", id, err)
	}
	return g, nil
}

// begin makes an approved grant ready for its first write: everything is
// checked once more and the way is stored. Where opening must wait, the grant
// says so.
func (s *Sweep) begin(ctx context.Context, id string) error {
	g, err := s.world.Store.Grant(ctx, ID(id))
	if err != nil {
		return fmt.Errorf("reading %s: %w", id, err)
	}
	if g.State != Opening || !g.Clock.Begun.IsZero() {
		return nil
	}
	now := s.clock.Now()
	if why := s.frozen(); why != "" {
		return s.hold(ctx, g, why)
	}
	if now.Sub(g.Clock.Approved) > holdFor {
		return s.fail(ctx, g.ID, "its approval is too old to be used, ask again", now)
	}
	_, sites, err := s.entitled(ctx, g)
	if no := (*Refusal)(nil); errors.As(err, &no) {
		return s.fail(ctx, g.ID, no.Error(), now)
	}
	if err != nil && g.Waiting == "" && now.Sub(g.Clock.Approved) > s.config.OpenWithin {
		return s.fail(ctx, g.ID, "it could not be checked in time: "+outline(err), now)
	}
	if err != nil {
		return fmt.Errorf("checking %s before its first write: %w", id, err)
	}
	var paths []Path
	for _, site := range sites {
		paths = append(paths, site.paths...)
	}
	if slices.ContainsFunc(paths, func(p Path) bool { return !s.world.Vitals.Spare(p.Guard) }) {
		return s.hold(ctx, g, "Azure's budget for changes is nearly spent, and what is left is kept for closing")
	}
	now = s.clock.Now()
	g, err = s.update(ctx, g.ID, one(func(g Grant) (Grant, Event, error) { return g.Begin(paths, s.config.OpenWithin, now) }))
	if err != nil {
		return err
	}
	for _, guard := range g.Guards() {
		s.guards.start(ctx, guard, true)
	}
	return nil
}

// hold keeps an opening waiting and says why; an approval that grows stale
// meanwhile is not used.
func (s *Sweep) hold(ctx context.Context, g Grant, why string) error {
	now := s.clock.Now()
	if now.Sub(g.Clock.Approved) > holdFor {
		return s.fail(ctx, g.ID, "it waited too long to be opened: "+why, now)
	}
	_, err := s.update(ctx, g.ID, func(g Grant) (Grant, []Event, error) { return g.Hold(why, now) })
	return err
}

// fail closes a grant that cannot be opened, and says why.
func (s *Sweep) fail(ctx context.Context, id ID, why string, now time.Time) error {
	_, err := s.update(ctx, id, one(func(g Grant) (Grant, Event, error) {
		return g.Close(Decision{Ending: Failed, Reason: why}, now, now)
	}))
	s.Kick()
	return err
}

// frozen says why nothing is opened now; empty when openings may go on.
func (s *Sweep) frozen() string {
	skew := s.world.Vitals.Skew()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.late != "":
		return "the closing of " + string(s.late) + " is late, and closings go first"
	case skew > maxSkew || skew < -maxSkew:
		return fmt.Sprintf("this machine's clock and Azure's differ by %s", ShortDuration(skew.Abs()))
	case s.clock.Behind() > maxBack:
		return "this machine's clock was set back"
	default:
		return s.suspect
	}
}

// due is what deadlines are compared with: while the clock is suspect after a
// start, the stored high-water mark counts too, so that nothing stays open
// longer.
func (s *Sweep) due() time.Time {
	now := s.clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.suspect != "" && s.mark.After(now) {
		return s.mark
	}
	return now
}

// startClock compares the clock with the mark of the last run.
func (s *Sweep) startClock(ctx context.Context) {
	now := s.clock.Now()
	mark, err := s.world.Store.Mark(ctx, time.Time{})
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.suspect = "the store cannot tell when the clock was last read"
		s.world.Log.ErrorContext(ctx, "reading the clock's mark", slog.Any("error", err))
		return
	}
	s.mark = mark
	if mark.Sub(now) > maxBack {
		s.suspect = "this machine's clock is behind when it was last read"
		s.world.Log.ErrorContext(ctx, "the clock went back while jitbot was down", slog.Time("mark", mark), slog.Time("now", now))
	}
}

// markClock stores the reading. A clock that was suspect is trusted again
// when it has caught up, or when Azure's clock agrees with it.
func (s *Sweep) markClock(ctx context.Context) {
	now := s.clock.Now()
	mark, err := s.world.Store.Mark(ctx, now)
	if err != nil {
		s.world.Log.ErrorContext(ctx, "storing the clock's mark", slog.Any("error", err))
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if mark.Sub(now) <= maxBack {
		s.suspect, s.agreesSince = "", time.Time{}
	} else if s.trusts(now) {
		s.world.Log.WarnContext(ctx, "azure's clock agrees with this machine's, so the mark of the last run was wrong", slog.Time("mark", mark), slog.Time("now", now))
		s.suspect = ""
	}
	s.mark = mark
}

// trusts reports whether Azure's clock has agreed with ours for long enough to
// say that the mark was wrong, such as after one bad step of the clock.
func (s *Sweep) trusts(now time.Time) bool {
	if !s.heard || s.world.Vitals.Skew().Abs() > maxSkew {
		s.agreesSince = time.Time{}
		return false
	}
	if s.agreesSince.IsZero() {
		s.agreesSince = now
	}
	return now.Sub(s.agreesSince) >= trustAfter
}

// Stuck lists the grants whose closing is stuck, for health and metrics.
func (s *Sweep) Stuck(ctx context.Context) ([]Grant, error) {
	ids, err := s.world.Store.Due(ctx, s.due())
	if err != nil {
		return nil, fmt.Errorf("finding what is due: %w", err)
	}
	var out []Grant
	for _, id := range ids {
		g, err := s.world.Store.Grant(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", id, err)
		}
		if g.Stuck {
			out = append(out, g)
		}
	}
	return out, nil
}

// sortedKeys lists a set in order, so that logs and passes repeat.
func sortedKeys(set map[string]bool) []string {
	out := make([]string, 0, len(set))
	for k := range set {
		out = append(out, strings.ToLower(k))
	}
	slices.Sort(out)
	return out
}
