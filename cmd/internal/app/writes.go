package app

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"jitbot/jit"
	"jitbot/jit/resource"
	"jitbot/jit/rules"
)

const (
	maxWrites    = 10_000      // that wait to be recorded
	writesAtOnce = 100         // recorded in one transaction
	writesPause  = time.Second // before another try
)

// writes records what Azure was asked for. Nothing waits for it: while the store takes
// nothing they are kept, so many at most, and the latest are lost with a crash. What
// was intended is in the record before anyway.
type writes struct {
	record jit.Record
	log    *slog.Logger
	wake   chan struct{}

	mu      sync.Mutex // guards waiting
	waiting []jit.Event
}

func newWrites(r jit.Record, log *slog.Logger) *writes {
	return &writes{record: r, log: log, wake: make(chan struct{}, 1)}
}

// add has a request recorded.
func (w *writes) add(one jit.Write) {
	e := jit.Event{At: time.Now().UTC(), Kind: jit.EventWrote, Write: one}
	if n, ok := rules.ParseRuleName(resource.Name(one.Resource)); ok {
		e.Grant = n.Grant
	}
	w.mu.Lock()
	if len(w.waiting) < maxWrites {
		w.waiting = append(w.waiting, e)
	}
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// run records until ctx ends, and then once more.
func (w *writes) run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := w.flush(ctx); err != nil && ctx.Err() == nil {
			w.log.WarnContext(ctx, "what Azure was asked for is not in the record yet", slog.Any("error", err))
			select {
			case <-time.After(writesPause):
			case <-ctx.Done():
			}
			continue
		}
		select {
		case <-w.wake:
		case <-ctx.Done():
		}
	}
	if err := w.flush(context.WithoutCancel(ctx)); err != nil {
		w.log.WarnContext(ctx, "what Azure was asked for last is not in the record", slog.Any("error", err))
	}
}

// flush records all that waits.
func (w *writes) flush(ctx context.Context) error {
	for {
		w.mu.Lock()
		some := w.waiting[:min(writesAtOnce, len(w.waiting))]
		w.mu.Unlock()
		if len(some) == 0 {
			return nil
		}
		if err := w.record.Append(ctx, some...); err != nil {
			return err //nolint:wrapcheck // the caller says what was being done
		}
		w.mu.Lock()
		w.waiting = w.waiting[len(some):]
		w.mu.Unlock()
	}
}
