package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"jitbot/jit"
)

const (
	noticeBatch = 1000
	noticeLook  = time.Second // what is to be told is looked for at least this often
	workers     = 64          // calls to Slack at once; most wait for its answer
)

// Options are how a Dispatcher tells.
type Options struct {
	Channel string // of what concerns no grant, and of grants that name none
	Limits  Limits
	Log     *slog.Logger
}

// Dispatcher delivers what the store says is still to be told. It is apart from
// the reconciler: Slack being down delays nothing but words.
type Dispatcher struct {
	Options
	store    Store
	notifier Notifier
	wake     chan struct{}
	done     chan result

	// The rest is the loop's alone.
	desk    *desk
	traffic *traffic
	seen    uint64       // the newest notice that was read
	unread  []jit.Notice // whose grants could not be read
	flying  int
	hurried bool

	mu     sync.Mutex // guards what follows
	counts Counts
	hurry  bool
}

// Counts are what an operator watches.
type Counts struct {
	Pending map[Kind]int
	Oldest  time.Time // when the oldest of it happened, zero for none
	Dropped int       // notices of channels that were shut for too long
}

// New makes the loop; Run starts it.
func New(store Store, notifier Notifier, o Options) *Dispatcher {
	d := &Dispatcher{
		Options: o, store: store, notifier: notifier, wake: make(chan struct{}, 1), done: make(chan result, workers),
		desk: newDesk(o.Channel), traffic: newTraffic(o.Limits),
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	d.publish() // so that what is counted is there from the start
	return d
}

// Counts tells what waits and what was dropped.
func (d *Dispatcher) Counts() Counts {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.counts
}

// Hurry has everything told as soon as Slack takes it: nothing waits for more to be
// told together with it. It is for the end of the program.
func (d *Dispatcher) Hurry() {
	d.mu.Lock()
	d.hurry = true
	d.mu.Unlock()
	d.poke()
}

// poke ends the loop's wait.
func (d *Dispatcher) poke() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// Run tells until ctx ends: what somebody waits for first, as fast as Slack takes
// it. What cannot be told is kept and tried again; a channel that is shut holds up
// nobody's messages.
func (d *Dispatcher) Run(ctx context.Context) error {
	ticker := time.NewTicker(noticeLook)
	defer ticker.Stop()
	for {
		if err := d.look(ctx); err != nil && ctx.Err() == nil {
			d.Log.ErrorContext(ctx, "reading what is to be told", slog.Any("error", err))
		}
		next := d.start(ctx)
		timer := time.NewTimer(next)
		select {
		case <-ctx.Done():
		case <-ticker.C:
		case <-timer.C:
		case <-d.wake:
		case r := <-d.done:
			d.finish(ctx, r)
		}
		timer.Stop()
		if ctx.Err() != nil {
			for d.flying > 0 {
				<-d.done
				d.flying--
			}
			return nil
		}
	}
}

// look takes in everything new.
func (d *Dispatcher) look(ctx context.Context) error {
	d.mu.Lock()
	d.hurried = d.hurry
	d.mu.Unlock()
	again := d.unread
	d.unread = nil
	var faults []error
	for _, n := range again {
		faults = append(faults, d.take(ctx, n))
	}
	for {
		notices, err := d.store.Notices(ctx, d.seen, noticeBatch)
		if err != nil {
			faults = append(faults, fmt.Errorf("listing notices: %w", err))
		}
		for _, n := range notices {
			d.seen = n.Seq
			faults = append(faults, d.take(ctx, n))
		}
		if len(notices) < noticeBatch {
			break
		}
	}
	d.publish()
	return errors.Join(faults...)
}

// take puts a notice on the desk, with its grant as it is now.
func (d *Dispatcher) take(ctx context.Context, n jit.Notice) error {
	if n.To == jit.ToChannel {
		d.desk.channel = append(d.desk.channel, waits(n, time.Now()))
		return nil
	}
	g, s, err := d.read(ctx, n.Event.Grant)
	if errors.Is(err, jit.ErrNotFound) {
		d.Log.ErrorContext(ctx, "a notice of no grant is dropped", slog.String("grant", string(n.Event.Grant)))
		return d.keep(ctx, Outcome{Told: []uint64{n.Seq}})
	}
	if err != nil {
		d.unread = append(d.unread, n)
		return fmt.Errorf("reading %s to tell of it: %w", n.Event.Grant, err)
	}
	if _, known := kindOf(n.To); !known {
		d.Log.ErrorContext(ctx, "a notice for nobody is dropped", slog.String("to", string(n.To)))
		return d.keep(ctx, Outcome{Told: []uint64{n.Seq}})
	}
	d.desk.add(waits(n, time.Now()), g, s)
	return nil
}

func (d *Dispatcher) read(ctx context.Context, id jit.ID) (jit.Grant, Shown, error) {
	g, err := d.store.Grant(ctx, id)
	if err != nil {
		return g, Shown{}, err
	}
	s, err := d.store.Shown(ctx, id)
	if errors.Is(err, jit.ErrDamaged) {
		d.Log.ErrorContext(ctx, "what Slack has of a grant cannot be read and is sent again",
			slog.String("grant", string(id)), slog.Any("error", err))
		return g, Shown{}, nil
	}
	return g, s, err
}

func (d *Dispatcher) publish() {
	pending, oldest := d.desk.pending()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.counts.Pending, d.counts.Oldest = pending, oldest
}

// start begins what Slack takes now, in order, and says how long until the next.
func (d *Dispatcher) start(ctx context.Context) time.Duration {
	now := time.Now()
	next := now.Add(noticeLook)
	d.traffic.forget(now)
	d.drop(ctx, now)
	for _, t := range d.desk.plan(now, d.hurried) {
		when, ok := d.traffic.free(t.lanes, spare(t), now)
		if !ok || d.flying >= workers {
			continue
		}
		if when = later(when, later(t.ready, t.again)); when.After(now) {
			next = earlier(next, when)
			continue
		}
		d.traffic.take(t.lanes, now)
		d.begin(ctx, t)
	}
	return max(0, next.Sub(now))
}

// spare is which part of a burst of the workspace is left to what is told first.
func spare(t task) int {
	if t.rank == rankRest {
		return 4
	}
	return 0
}

// drop gives up what was shut out for so long that nobody waits for it.
func (d *Dispatcher) drop(ctx context.Context, now time.Time) {
	for _, t := range d.desk.expired(now, d.traffic.shut) {
		if t.again.After(now) {
			continue // it could not be stored
		}
		d.Log.ErrorContext(ctx, "a channel is shut for so long that what it was to be told is dropped",
			slog.String("channel", t.Channel), slog.String("kind", string(t.holds)), slog.Int("notices", len(t.told)))
		d.mu.Lock()
		d.counts.Dropped += len(t.told)
		d.mu.Unlock()
		d.begin(ctx, t)
	}
}

func (d *Dispatcher) keep(ctx context.Context, o Outcome) error {
	if err := d.store.Told(ctx, o); err != nil {
		return fmt.Errorf("keeping what was told: %w", err)
	}
	return nil
}
