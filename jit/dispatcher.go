package jit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

const (
	noticeBatch = 1000
	noticeLook  = time.Second    // what is to be told is looked for at least this often
	noticeLanes = 16             // tellings at once
	noticeKept  = 24 * time.Hour // a channel that shuts us out is tried for this long
)

// Teller delivers what the store says is still to be told. It is apart from
// the sweep: Slack being down delays nothing but words.
type Teller struct {
	store    Store
	notifier Notifier
	log      *slog.Logger
	lanes    *lanes // key: a grant and where it is told
	wake     chan struct{}

	mu      sync.Mutex
	waiting map[string][]Notice // by lane, in order, as last read
	told    map[uint64]bool     // told since they were last read
}

// NewTeller makes the loop; Run starts it.
func NewTeller(store Store, notifier Notifier, log *slog.Logger) *Teller {
	t := &Teller{store: store, notifier: notifier, log: log, told: map[uint64]bool{}, wake: make(chan struct{}, 1)}
	t.lanes = newLanes(noticeLanes, t.tell)
	return t
}

// Run delivers notices until ctx ends: in order within a grant's channel and
// within its direct messages, so that a channel that is shut holds up nobody's
// messages. What cannot be delivered is kept and tried again.
func (t *Teller) Run(ctx context.Context) error {
	defer t.lanes.wait()
	ticker := time.NewTicker(noticeLook)
	defer ticker.Stop()
	for {
		if err := t.look(ctx); err != nil && ctx.Err() == nil {
			t.log.ErrorContext(ctx, "reading what is to be told", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		case <-t.wake:
		}
	}
}

// Watch is the store with the teller woken after each write, so that nobody
// waits for the next look.
func (t *Teller) Watch(s Store) Store { return watched{s, t} }

type watched struct {
	Store
	teller *Teller
}

func (w watched) woken(err error) error {
	if err == nil {
		select {
		case w.teller.wake <- struct{}{}:
		default:
		}
	}
	return err
}

// Create implements Store.
func (w watched) Create(ctx context.Context, g Grant, events ...Event) error {
	return w.woken(w.Store.Create(ctx, g, events...))
}

// Update implements Store.
func (w watched) Update(ctx context.Context, id ID, f func(Grant) (Grant, []Event, error)) (Grant, error) {
	g, err := w.Store.Update(ctx, id, f)
	return g, w.woken(err)
}

// Append implements Store.
func (w watched) Append(ctx context.Context, events ...Event) error {
	return w.woken(w.Store.Append(ctx, events...))
}

// KeepDigest implements Store.
func (w watched) KeepDigest(ctx context.Context, d Digest, events ...Event) error {
	return w.woken(w.Store.KeepDigest(ctx, d, events...))
}

// Protect implements Store.
func (w watched) Protect(ctx context.Context, vm string, f func(Protection) (Protection, bool, []Event, error)) (Protection, error) {
	p, err := w.Store.Protect(ctx, vm, f)
	return p, w.woken(err)
}

// look starts a lane for everything that waits.
func (t *Teller) look(ctx context.Context) error {
	notices, err := t.store.Notices(ctx, noticeBatch)
	if err != nil && len(notices) == 0 {
		return fmt.Errorf("listing notices: %w", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiting = map[string][]Notice{}
	told := t.told
	t.told = map[uint64]bool{}
	for _, n := range notices {
		if told[n.Seq] {
			t.told[n.Seq] = true // told after this was read
			continue
		}
		lane := string(n.Event.Grant)
		if n.To == ToRequester {
			lane += " " + string(n.To)
		}
		t.waiting[lane] = append(t.waiting[lane], n)
	}
	for lane := range t.waiting {
		t.lanes.start(ctx, lane, false)
	}
	return nil
}

// tell delivers what waits in a lane, in order.
func (t *Teller) tell(ctx context.Context, lane string) error {
	t.mu.Lock()
	notices := t.waiting[lane]
	t.mu.Unlock()
	for _, n := range notices {
		if t.done(n.Seq) {
			continue
		}
		if err := t.deliver(ctx, n); err != nil {
			if ctx.Err() == nil {
				t.log.WarnContext(ctx, "a notice could not be delivered and is kept", slog.String("grant", string(n.Event.Grant)),
					slog.String("event", string(n.Event.Kind)), slog.String("to", string(n.To)), slog.Any("error", err))
			}
			return err
		}
		t.mu.Lock()
		t.told[n.Seq] = true
		t.mu.Unlock()
	}
	return nil
}

func (t *Teller) done(seq uint64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.told[seq]
}

func (t *Teller) deliver(ctx context.Context, n Notice) error {
	if n.Event.Kind == EventDigest && time.Since(n.Event.At) > digestKept {
		t.log.WarnContext(ctx, "a digest could not be told for so long that it is dropped", slog.Time("made", n.Event.At))
		return t.keep(ctx, n, Card{})
	}
	var g Grant
	var err error
	if n.To != ToChannel {
		if g, err = t.store.Grant(ctx, n.Event.Grant); err != nil {
			return fmt.Errorf("reading %s to tell of it: %w", n.Event.Grant, err)
		}
	}
	card, err := t.notifier.Notify(ctx, n, g)
	if undeliverable(n, err) {
		t.log.ErrorContext(ctx, "a notice can never be delivered and is dropped", slog.String("grant", string(g.ID)),
			slog.String("event", string(n.Event.Kind)), slog.String("to", string(n.To)), slog.Any("error", err))
		err = nil
	}
	if err != nil {
		return fmt.Errorf("telling of %s: %w", g.ID, err)
	}
	return t.keep(ctx, n, card)
}

func (t *Teller) keep(ctx context.Context, n Notice, card Card) error {
	if err := t.store.Told(ctx, n, card); err != nil {
		return fmt.Errorf("keeping that %s was told: %w", n.Event.Grant, err)
	}
	return nil
}

// undeliverable reports whether the notice would be refused for ever, or has
// been shut out for so long that nobody waits for it any more.
func undeliverable(n Notice, err error) bool {
	return errors.Is(err, ErrInvalid) || errors.Is(err, ErrNotFound) ||
		errors.Is(err, ErrForbidden) && time.Since(n.Event.At) > noticeKept
}
