package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"jitbot/cmd/internal/app"
	"jitbot/jit"
	"jitbot/jit/protection"
	"jitbot/jit/reconcile"
)

var errEnded = errors.New("it ended at once")

// engine runs the bot, kills it and starts it again on the same store. The time
// that was skipped outlives the bot, as a real clock does.
type engine struct {
	options app.Options
	log     *slog.Logger

	mu         sync.Mutex
	ahead      time.Duration
	reconciler *reconcile.Reconciler // nil while the bot is dead
	store      app.StoreReader       // nil with it
	stop       context.CancelFunc
	ended      chan struct{} // closed when the run that stop ends is over
}

// start runs the bot until ctx ends or it is killed.
func (e *engine) start(ctx context.Context) error {
	running, stop := context.WithCancel(ctx)
	started, ended := make(chan struct{}), make(chan struct{})
	o := e.options
	o.Started = func(r *reconcile.Reconciler, store app.StoreReader) {
		e.mu.Lock()
		defer e.mu.Unlock()
		r.Skip(e.ahead)
		e.reconciler, e.store, e.stop, e.ended = r, store, stop, ended
		close(started)
	}
	var fault error
	go func() {
		defer close(ended)
		defer stop()
		fault = app.Run(running, o)
		if fault != nil {
			e.log.ErrorContext(ctx, "the bot ended", "error", fault)
		}
		e.forget()
	}()
	select {
	case <-started:
		return nil
	case <-ended:
		if fault == nil {
			fault = errEnded
		}
		return fault
	}
}

// kill ends the bot as a crash does, as far as that is possible in one process:
// what is under way is cut off, nobody is told, and the store stays.
func (e *engine) kill() {
	e.mu.Lock()
	stop, ended := e.stop, e.ended
	e.mu.Unlock()
	e.forget()
	if stop != nil {
		stop()
		<-ended
	}
}

// forget says that the bot is dead.
func (e *engine) forget() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.reconciler, e.store = nil, nil
}

func (e *engine) running() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.reconciler != nil
}

// skip moves the demo's clock ahead, also for a bot that is started later.
func (e *engine) skip(d time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ahead += d
	if e.reconciler != nil {
		e.reconciler.Skip(d)
	}
}

// now is the demo's clock: the bot's, and while there is none what it would be.
func (e *engine) now() time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.reconciler != nil {
		return e.reconciler.Now()
	}
	return time.Now().Add(e.ahead)
}

// unfinished lists the grants that have not ended, none while the bot is dead.
func (e *engine) unfinished(ctx context.Context) ([]jit.Grant, error) {
	return list(ctx, e, app.StoreReader.Unfinished)
}

// protections lists the VMs that are protected, none while the bot is dead.
func (e *engine) protections(ctx context.Context) ([]protection.Protection, error) {
	return list(ctx, e, app.StoreReader.Protections)
}

func list[T any](ctx context.Context, e *engine, read func(app.StoreReader, context.Context) ([]T, error)) ([]T, error) {
	e.mu.Lock()
	store := e.store
	e.mu.Unlock()
	if store == nil {
		return nil, nil
	}
	out, err := read(store, ctx)
	if err != nil && !e.running() {
		return nil, nil // it was killed meanwhile
	}
	return out, err
}
