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
	noticePause = 2 * time.Second // what could not be sent is tried again after this, growing
	noticeMost  = time.Minute
)

// Teller delivers what the store says is still to be told. It is apart from
// the sweep: Slack being down delays nothing but words.
type Teller struct {
	store    Store
	notifier Notifier
	log      *slog.Logger
}

// NewTeller makes the loop; Run starts it.
func NewTeller(store Store, notifier Notifier, log *slog.Logger) *Teller {
	return &Teller{store: store, notifier: notifier, log: log}
}

// Run delivers notices until ctx ends: in order within a grant, many grants at
// once. What cannot be delivered is kept and tried again.
func (t *Teller) Run(ctx context.Context) error {
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	pause, until := time.Duration(0), time.Time{}
	for {
		if !time.Now().Before(until) {
			if err := t.round(ctx); err != nil {
				if ctx.Err() == nil {
					t.log.WarnContext(ctx, "a notice could not be delivered and is kept", slog.Any("error", err))
				}
				pause = min(max(2*pause, noticePause), noticeMost)
				until = time.Now().Add(pause)
			} else {
				pause = 0
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// round tells what is waiting, a goroutine for each grant.
func (t *Teller) round(ctx context.Context) error {
	waiting, err := t.store.Notices(ctx, noticeBatch)
	if err != nil {
		return fmt.Errorf("reading what is to be told: %w", err)
	}
	byGrant := map[ID][]Notice{}
	for _, n := range waiting {
		byGrant[n.Event.Grant] = append(byGrant[n.Event.Grant], n)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var faults []error
	for _, notices := range byGrant {
		wg.Go(func() {
			if err := t.tell(ctx, notices); err != nil {
				mu.Lock()
				defer mu.Unlock()
				faults = append(faults, err)
			}
		})
	}
	wg.Wait()
	return errors.Join(faults...)
}

func (t *Teller) tell(ctx context.Context, notices []Notice) error {
	for _, n := range notices {
		g, err := t.store.Grant(ctx, n.Event.Grant)
		if err != nil {
			return fmt.Errorf("reading %s to tell of it: %w", n.Event.Grant, err)
		}
		card, err := t.notifier.Notify(ctx, n, g)
		if undeliverable(err) {
			t.log.ErrorContext(ctx, "a notice can never be delivered and is dropped", slog.String("grant", string(g.ID)),
				slog.String("event", string(n.Event.Kind)), slog.String("to", string(n.To)), slog.Any("error", err))
			err = nil
		}
		if err != nil {
			return fmt.Errorf("telling of %s: %w", g.ID, err)
		}
		if err := t.store.Told(ctx, n, card); err != nil {
			return fmt.Errorf("keeping that %s was told: %w", g.ID, err)
		}
	}
	return nil
}

// undeliverable reports whether the notice would be refused for ever.
func undeliverable(err error) bool {
	return errors.Is(err, ErrInvalid) || errors.Is(err, ErrNotFound)
}
