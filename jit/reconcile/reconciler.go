package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/clock"
	"jitbot/jit/closings"
	"jitbot/jit/enforce"
	"jitbot/jit/passes"
	"jitbot/jit/policies"
	"jitbot/jit/resource"
	"jitbot/jit/rules"
	"jitbot/jit/workqueue"
)

const (
	tick             = time.Second      // closing begins within this of the deadline
	driftEvery       = 30 * time.Second // every guard is compared this often, so drift shows within a minute
	markEvery        = time.Minute      // the clock's high-water mark is stored this often
	rightsEvery      = 5 * time.Minute  // a holder who lost the rights is noticed within this
	approvalValidFor = time.Hour        // an opening held longer than this fails: the approval is stale

	guardWorkers   = 64 // guards worked on at once
	openWorkers    = 16 // grants prepared for opening at once
	recheckWorkers = 4  // holders checked again at once
	listWorkers    = 8  // subscriptions listed at once
	protectWorkers = 1  // VMs protected at once as the configuration has it: Azure grants 25 reads a second
)

// Reconciler is the loop that makes Azure agree with the store. What it remembers
// between passes is in its parts, each with its own lock: trust, due, firewalls,
// startup and enforcer; no part calls another with its lock held. It has no lock
// of its own: the other fields are set before Run works. Safe for concurrent use.
type Reconciler struct {
	checks    admission.Checker
	config    policies.Config
	adapters  admission.Adapters
	state     State
	owner     rules.Owner
	kick      chan struct{}
	attend    func(context.Context, jit.ID) error // does what a request waits for; set by Run
	unwatched sync.Once                           // says once that some protected VMs are not followed
	absences  *admission.Absences                 // of guards and VMs

	work         queues
	trust        *clock.Trust
	due          *closings.List
	orphans      admission.Orphans
	firewalls    *passes.FirewallBatch
	enforcer     *enforce.Enforcer
	startup      *passes.Startup
	inForce      passes.InForce
	adminDenials admission.AdminDenials
	common       passes.Gathered
	passed       atomic.Int64 // when the last pass ended, in Unix nanoseconds
}

// queues are the work under way, each by its key and with its own bound.
type queues struct {
	guards      *workqueue.Queue // key: a guard in lower case
	openings    *workqueue.Queue // key: a grant that is to begin
	requests    *workqueue.Queue // key: a request whose check was cut off, or that nobody decides
	holders     *workqueue.Queue // key: somebody with open grants, whose rights are checked again
	protections *workqueue.Queue // key: a VM in lower case, protected otherwise than the configuration says; there may be thousands
	lists       *workqueue.Queue // key: a subscription, of which all guards are compared; empty: of no configured one
	inventory   *workqueue.Queue // key: a subscription, whose VMs grants and protections follow
	upkeep      *workqueue.Queue // key: what the store is asked for now and then, which no pass waits for
}

// wait returns when nothing is under way any more.
func (q queues) wait() {
	for _, one := range []*workqueue.Queue{q.guards, q.openings, q.requests, q.holders, q.protections, q.lists, q.inventory, q.upkeep} {
		one.Wait()
	}
}

// State is what the loop alone keeps in the store and reads there.
type State interface {
	// Guards lists, in lower case, the guards that grants and protections name.
	Guards(ctx context.Context) ([]string, error)
	// Mark keeps the highest wall clock reading seen and returns it.
	Mark(ctx context.Context, now time.Time) (time.Time, error)
	// Reindex looks whether the indexes of what has not ended are those of the
	// grants and protections, rebuilds what is not, and lists the grants concerned.
	Reindex(ctx context.Context) ([]jit.ID, error)
	// Newest reports whether the store is known to be as it was written last, and no
	// older copy that was put in its place; false in every doubt.
	Newest() bool
	// TakeAsNewest says that the store is the newest from now on: nothing is gone on with
	// that an older copy would have.
	TakeAsNewest()
}

// New makes the loop; Run starts it.
func New(checks admission.Checker, state State) *Reconciler {
	c, w := checks.Config, checks.Adapters
	r := &Reconciler{
		checks: checks, config: c, adapters: w, state: state, owner: checks.Owner, kick: make(chan struct{}, 1),
		absences: admission.NewAbsences(), due: closings.NewList(), firewalls: passes.NewFirewallBatch(), startup: passes.NewStartup(),
	}
	r.enforcer = enforce.New(checks, r.Touch)
	r.passed.Store(time.Now().UnixNano())
	r.trust = clock.NewTrust(r.checks.Clock, state, w.Readiness.Skew, w.Log)
	r.work = queues{
		guards:      workqueue.New(guardWorkers, resource.Subscription, r.reconcileGuard),
		openings:    workqueue.New(openWorkers, nil, r.prepareOpening),
		requests:    workqueue.New(openWorkers, nil, func(ctx context.Context, id string) error { return r.attend(ctx, jit.ID(id)) }),
		holders:     workqueue.New(recheckWorkers, nil, r.recheck),
		protections: workqueue.New(protectWorkers, resource.Subscription, r.enforcer.Enforce),
		lists:       workqueue.New(listWorkers, nil, r.compareAll),
		inventory:   workqueue.New(listWorkers, nil, r.followVMs),
		upkeep:      workqueue.New(3, nil, r.keepUp),
	}
	return r
}

// Run reconciles until ctx ends, then waits for the work under way. The
// service's Attend does what requests wait for.
func (r *Reconciler) Run(ctx context.Context, attend func(context.Context, jit.ID) (jit.Grant, error)) error {
	r.attend = func(ctx context.Context, id jit.ID) error {
		_, err := attend(ctx, id)
		if errors.As(err, new(*jit.Refusal)) {
			return nil
		}
		return err
	}
	defer func() {
		r.work.wait()
		r.logFault(ctx, "telling the channel what happened to many", r.tellCommon(context.WithoutCancel(ctx)))
	}()
	started := time.Now()
	if err := r.bindInstallation(ctx); err != nil {
		return err
	}
	r.prepare(ctx)
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	every := newPeriods()
	first := true
	for {
		if err := r.advanceDue(ctx, first); err != nil && ctx.Err() == nil {
			r.adapters.Log.ErrorContext(ctx, "a pass of the loop failed", slog.Any("error", err))
		} else {
			first = false
		}
		r.doPeriodic(ctx, every)
		r.startup.ServeWhenReady(!first, time.Since(started))
		r.passed.Store(time.Now().UnixNano())
		select {
		case <-ctx.Done():
			return nil
		case <-r.kick:
		case <-ticker.C:
		}
	}
}

// periods are those of what is done every so often. At the start all have passed:
// holders may have lost their rights while jitbot was down.
type periods struct{ drift, mark, rights clock.Period }

func newPeriods() *periods {
	return &periods{clock.Period{Every: driftEvery}, clock.Period{Every: markEvery}, clock.Period{Every: rightsEvery}}
}

func (r *Reconciler) doPeriodic(ctx context.Context, every *periods) {
	if every.drift.Passed() {
		r.compareAndFollow(ctx)
	}
	if every.mark.Passed() {
		r.work.upkeep.Add(ctx, keepMark, false)
		r.work.upkeep.Add(ctx, keepIndex, false)
	}
	if r.common.Ready() {
		r.work.upkeep.Add(ctx, keepTold, false)
	}
	if every.rights.Passed() {
		r.recheckHolders(ctx)
	}
}

// bindInstallation refuses a store that holds another installation's grants:
// their rules carry its name, so this one would neither see nor close them.
func (r *Reconciler) bindInstallation(ctx context.Context) error {
	kept, err := r.adapters.Names.Bind(ctx, "installation", r.config.Installation)
	if err != nil {
		return fmt.Errorf("keeping the installation's name: %w", err)
	}
	if kept != r.config.Installation {
		return jit.Refuse(jit.ErrPolicy, "The store belongs to installation %s and the configuration says %s: "+
			"rules of the old name would never be closed; put the name back, or use another store.", kept, r.config.Installation)
	}
	return nil
}

// prepare looks at what the last run left, before the first pass.
func (r *Reconciler) prepare(ctx context.Context) {
	r.trust.Compare(ctx)
	r.startup.Found(r.checks.Clock.Now(), r.trust.Idle(), r.state.Newest())
	r.logFault(ctx, "looking after the indexes of the store", r.reindex(ctx))
	r.logFault(ctx, "settling what an older copy of the store would go on with", r.settleOlder(ctx))
}

func (r *Reconciler) logFault(ctx context.Context, what string, err error) {
	if err != nil {
		r.adapters.Log.ErrorContext(ctx, "something beside the passes failed", slog.String("doing", what), slog.Any("error", err))
	}
}

// The keys of what is kept up now and then.
const (
	keepMark  = "mark"
	keepIndex = "index"
	keepTold  = "told"
)

// keepUp does what is done now and then, and waits for the store.
func (r *Reconciler) keepUp(ctx context.Context, what string) error {
	switch what {
	case keepMark:
		r.trust.Keep(ctx)
		return nil
	case keepIndex:
		r.logFault(ctx, "looking after the indexes of the store", r.reindex(ctx))
		return nil // again with the next mark
	default:
		return r.tellCommon(ctx)
	}
}

// Served is closed once every closing that was overdue at the start has been
// tried: then Slack may be served.
func (r *Reconciler) Served() <-chan struct{} { return r.startup.Served() }

// Kick asks for a pass now.
func (r *Reconciler) Kick() {
	select {
	case r.kick <- struct{}{}:
	default:
	}
}

// Touch has guards reconciled now; their ids are in lower case.
func (r *Reconciler) Touch(guards []string) {
	r.due.Touch(guards)
	r.Kick()
}

// Skip moves the clock by which grants are measured ahead, and never back: a
// demonstration need not wait for a deadline. Grants only end earlier by it.
func (r *Reconciler) Skip(d time.Duration) {
	r.checks.Clock.Skip(d)
	r.Kick()
}

// Doubt says why the clock is not to be trusted now; empty when it is.
func (r *Reconciler) Doubt() string { return r.trust.Doubt() }

// Stuck lists what is stuck, for health and metrics: a grant once, with all that
// keeps it.
func (r *Reconciler) Stuck(ctx context.Context) []admission.Stuck {
	return r.orphans.Among(r.checks.Stuck(ctx, r.trust.Due()))
}

// LastPass is when the last pass of the loop ended.
func (r *Reconciler) LastPass() time.Time { return time.Unix(0, r.passed.Load()).UTC() }

// Now is the clock by which grants are measured.
func (r *Reconciler) Now() time.Time { return r.checks.Clock.Now() }
