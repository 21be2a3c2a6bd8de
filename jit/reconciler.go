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
	slowStuck   = 10 * time.Minute // the same where a firewall is changed
	gather      = 5 * time.Second  // openings at a firewall wait this long for others, to share one change
	gatherMost  = 30 * time.Second // and this long at the most, while others come
	maxSkew     = 30 * time.Second // Azure's clock may differ by this much
	trustAfter  = 5 * time.Minute  // Azure's clock must agree for this long to overrule the mark
	maxBack     = 5 * time.Second  // the wall clock may go back by this much
	holdFor     = time.Hour        // an opening held longer than this fails: the approval is stale
	guardLanes  = 64               // guards worked on at once
	openLanes   = 16               // grants prepared for opening at once
	rightLanes  = 4                // holders looked at again at once
	relockLanes = 1                // VMs protected at once as the configuration has it: Azure grants 25 reads a second
	rightsEvery = 5 * time.Minute  // a holder who lost the rights is noticed within this
	servingWait = 10 * time.Second // Slack waits at most this long for the first closings
)

// Reconciler is the loop that makes the network agree with the store. It is
// level-triggered: each pass starts from the store and from Azure, never from
// memory, so that recovery, retries and drift are the same code as normal
// work.
type Reconciler struct {
	judge
	owner   Owner
	kick    chan struct{}
	served  chan struct{}
	follows *Queue                          // one key: what became of the VMs
	digests *Queue                          // one key: the digest that is due
	check   func(context.Context, ID) error // finishes a request that was cut off

	guards  *Queue // key: a guard in lower case
	opens   *Queue // key: a grant that is to begin
	checks  *Queue // key: a grant that is asked
	holders *Queue // key: somebody with open grants, looked at again
	relocks *Queue // key: a VM in lower case, protected otherwise than the configuration says

	unwatched sync.Once // says once that protected VMs are not looked at

	entry sync.RWMutex // held to begin at firewalls, and to claim one

	mu          sync.Mutex
	touched     map[string]bool      // guards to be looked at in the next pass
	claimed     map[string]bool      // firewalls that are being read and written
	changed     map[string]time.Time // when firewalls were seen being changed by somebody else
	awaited     map[ID][]Path        // of openings that wait for a firewall
	closing     map[string]bool      // guards with overdue closings at the start, not yet tried
	begun       map[ID]bool          // closings that the last pass saw
	late        ID                   // a closing that is stuck or late
	heard       bool                 // Azure has answered since the start
	agreesSince time.Time            // since when Azure's clock agrees, while the mark does not
	suspect     string               // why the clock is not to be trusted
	mark        time.Time            // highest clock reading stored
	digested    time.Time            // the last time of the digest's schedule that is settled
}

// NewReconciler makes the loop; Run starts it.
func NewReconciler(c Config, w World) *Reconciler {
	s := &Reconciler{
		judge: newJudge(c, w), owner: Owner{c.Installation, c.Bands},
		kick: make(chan struct{}, 1), served: make(chan struct{}), closing: map[string]bool{}, touched: map[string]bool{}, claimed: map[string]bool{},
		changed: map[string]time.Time{}, awaited: map[ID][]Path{},
	}
	s.guards = NewQueue(guardLanes, s.reconcileGuard)
	s.opens = NewQueue(openLanes, s.begin)
	s.checks = NewQueue(openLanes, func(ctx context.Context, id string) error { return s.check(ctx, ID(id)) })
	s.follows = NewQueue(1, s.follow)
	s.digests = NewQueue(1, s.digest)
	s.holders = NewQueue(rightLanes, s.recheck)
	s.relocks = NewQueue(relockLanes, s.relock)
	return s
}

// Kick asks for a pass now.
func (s *Reconciler) Kick() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// Skip moves the clock by which grants are measured ahead, and never back: a
// demonstration need not wait for a deadline. Doors only close earlier by it.
func (s *Reconciler) Skip(d time.Duration) {
	s.clock.Skip(d)
	s.Kick()
}

// Now is the clock by which grants are measured.
func (s *Reconciler) Now() time.Time { return s.clock.Now() }

// touch has guards looked at now.
func (s *Reconciler) touch(guards []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range guards {
		s.touched[g] = true
	}
	s.Kick()
}

// Served is closed once every closing that was overdue at the start has been
// tried: then Slack may be served.
func (s *Reconciler) Served() <-chan struct{} { return s.served }

// Run sweeps until ctx ends, then waits for the work under way. The service's
// Check finishes requests that a crash cut off.
func (s *Reconciler) Run(ctx context.Context, check func(context.Context, ID) (Grant, error)) error {
	s.check = func(ctx context.Context, id ID) error {
		_, err := check(ctx, id)
		if errors.As(err, new(*Refusal)) {
			return nil
		}
		return err
	}
	defer func() {
		s.guards.Wait()
		s.opens.Wait()
		s.checks.Wait()
		s.holders.Wait()
		s.relocks.Wait()
		s.follows.Wait()
		s.digests.Wait()
	}()
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
			s.guards.Add(ctx, everyGuard, false)
			s.follows.Add(ctx, "", false)
		}
		if time.Since(marked) >= markEvery {
			marked = time.Now()
			s.markClock(ctx)
		}
		if time.Since(looked) >= rightsEvery {
			looked = time.Now()
			s.lookAtHolders(ctx)
		}
		s.startDigest(ctx)
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
func (s *Reconciler) bindInstallation(ctx context.Context) error {
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
func (s *Reconciler) serve(passed bool, waited time.Duration) {
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
func (s *Reconciler) pass(ctx context.Context, first bool) error {
	due, now := s.due(), s.clock.Now()
	ids, err := s.world.Store.Due(ctx, due)
	var faults []error
	if err != nil {
		faults = append(faults, fmt.Errorf("finding what is due: %w", err)) // what was found is closed all the same
	}
	agenda := s.newAgenda()
	faults = append(faults, s.advanceAll(ctx, ids, due, now, agenda)...)
	for guard, urgent := range s.adopt(agenda, first) {
		s.guards.Add(ctx, guard, urgent)
	}
	return errors.Join(faults...)
}

// Stuck lists the grants whose closing is stuck, for health and metrics.
func (s *Reconciler) Stuck(ctx context.Context) ([]Grant, error) {
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
