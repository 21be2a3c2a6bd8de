package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"jitbot/jit"
	"jitbot/jit/workqueue"
)

const (
	noticeBatch   = 1000
	noticeLook    = time.Second    // what is to be told is looked for at least this often
	noticeWorkers = 16             // deliveries at once
	noticeKept    = 24 * time.Hour // a channel that shuts us out is tried for this long
)

// Store keeps the notices and the grants that they are about.
type Store interface {
	// Grant reads one. ErrNotFound.
	Grant(ctx context.Context, id jit.ID) (jit.Grant, error)
	// Notices lists what has not been told yet, oldest first, at most limit.
	Notices(ctx context.Context, limit int) ([]jit.Notice, error)
	// Told removes a notice and, when card is not zero, keeps it as the
	// grant's card; that is no change of the grant's revision.
	Told(ctx context.Context, n jit.Notice, card jit.Card) error
}

// Dispatcher delivers what the store says is still to be told. It is apart from
// the reconciler: Slack being down delays nothing but words.
type Dispatcher struct {
	store    Store
	notifier Notifier
	log      *slog.Logger
	queue    *workqueue.Queue // key: a grant and where it is told
	wake     chan struct{}

	mu        sync.Mutex
	waiting   map[string][]jit.Notice // by key, in order, as last read
	delivered map[uint64]bool         // since they were last read
}

// New makes the loop; Run starts it.
func New(store Store, notifier Notifier, log *slog.Logger) *Dispatcher {
	d := &Dispatcher{store: store, notifier: notifier, log: log, delivered: map[uint64]bool{}, wake: make(chan struct{}, 1)}
	d.queue = workqueue.New(noticeWorkers, nil, d.deliverAll)
	return d
}

// Run delivers notices until ctx ends: in order within a grant's channel and
// within its direct messages, so that a channel that is shut holds up nobody's
// messages. What cannot be delivered is kept and tried again.
func (d *Dispatcher) Run(ctx context.Context) error {
	defer d.queue.Wait()
	ticker := time.NewTicker(noticeLook)
	defer ticker.Stop()
	for {
		if err := d.look(ctx); err != nil && ctx.Err() == nil {
			d.log.ErrorContext(ctx, "reading what is to be told", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		case <-d.wake:
		}
	}
}

// look queues everything that waits.
func (d *Dispatcher) look(ctx context.Context) error {
	notices, err := d.store.Notices(ctx, noticeBatch)
	if err != nil && len(notices) == 0 {
		return fmt.Errorf("listing notices: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiting = map[string][]jit.Notice{}
	before := d.delivered
	d.delivered = map[uint64]bool{}
	for _, n := range notices {
		if before[n.Seq] {
			d.delivered[n.Seq] = true // delivered after this was read
			continue
		}
		key := string(n.Event.Grant)
		if n.To == jit.ToRequester {
			key += " " + string(n.To)
		}
		d.waiting[key] = append(d.waiting[key], n)
	}
	for key := range d.waiting {
		d.queue.Add(ctx, key, false)
	}
	return nil
}

// deliverAll delivers what waits under a key, in order.
func (d *Dispatcher) deliverAll(ctx context.Context, key string) error {
	d.mu.Lock()
	notices := d.waiting[key]
	d.mu.Unlock()
	for _, n := range notices {
		if d.isDelivered(n.Seq) {
			continue
		}
		if err := d.deliver(ctx, n); err != nil {
			if ctx.Err() == nil {
				d.log.WarnContext(ctx, "a notice could not be delivered and is kept", slog.String("grant", string(n.Event.Grant)),
					slog.String("event", string(n.Event.Kind)), slog.String("to", string(n.To)), slog.Any("error", err))
			}
			return err
		}
		d.mu.Lock()
		d.delivered[n.Seq] = true
		d.mu.Unlock()
	}
	return nil
}

func (d *Dispatcher) isDelivered(seq uint64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.delivered[seq]
}

func (d *Dispatcher) deliver(ctx context.Context, n jit.Notice) error {
	if n.Event.Kind == jit.EventDigest && time.Since(n.Event.At) > jit.DigestKept {
		d.log.WarnContext(ctx, "a digest could not be told for so long that it is dropped", slog.Time("made", n.Event.At))
		return d.keep(ctx, n, jit.Card{})
	}
	var g jit.Grant
	var err error
	if n.To != jit.ToChannel {
		if g, err = d.store.Grant(ctx, n.Event.Grant); err != nil {
			return fmt.Errorf("reading %s to tell of it: %w", n.Event.Grant, err)
		}
	}
	card, err := d.notifier.Notify(ctx, n, g)
	if undeliverable(n, err) {
		d.log.ErrorContext(ctx, "a notice can never be delivered and is dropped", slog.String("grant", string(g.ID)),
			slog.String("event", string(n.Event.Kind)), slog.String("to", string(n.To)), slog.Any("error", err))
		err = nil
	}
	if err != nil {
		return fmt.Errorf("telling of %s: %w", g.ID, err)
	}
	return d.keep(ctx, n, card)
}

func (d *Dispatcher) keep(ctx context.Context, n jit.Notice, card jit.Card) error {
	if err := d.store.Told(ctx, n, card); err != nil {
		return fmt.Errorf("keeping that %s was told: %w", n.Event.Grant, err)
	}
	return nil
}

// undeliverable reports whether the notice would be refused for ever, or has
// been shut out for so long that nobody waits for it any more.
func undeliverable(n jit.Notice, err error) bool {
	return errors.Is(err, jit.ErrInvalid) || errors.Is(err, jit.ErrNotFound) ||
		errors.Is(err, jit.ErrForbidden) && time.Since(n.Event.At) > noticeKept
}

// Notifier shows people what happened. A notice may be shown twice after a
// crash, never lost.
type Notifier interface {
	// Notify delivers one notice about the grant as it is now. It returns where
	// the grant's card is, the zero Card when it did not touch it. A notice
	// ToChannel comes with the zero Grant.
	Notify(ctx context.Context, n jit.Notice, g jit.Grant) (jit.Card, error)
}
