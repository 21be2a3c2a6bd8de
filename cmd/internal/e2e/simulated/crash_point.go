package simulated

import (
	"context"
	"errors"
	"sync"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/outbox"
	"jitbot/jit/rules"
)

var errCrashed = errors.New("the program has crashed")

// CrashPoint lets a number of effects through and then fails every call, as a crash
// does: the last one before its effect, or after it.
type CrashPoint struct {
	After bool // the call that crashes it still has its effect
	Left  int  // effects until it crashes, counted down from here; negative never crashes

	mu      sync.Mutex
	steps   int
	crashed bool
}

// Steps is how many effects were begun.
func (f *CrashPoint) Steps() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.steps
}

// Crashed reports whether the point was reached.
func (f *CrashPoint) Crashed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.crashed
}

// effect runs a call that changes something.
func (f *CrashPoint) effect(call func() error) error {
	f.mu.Lock()
	if f.crashed {
		f.mu.Unlock()
		return errCrashed
	}
	f.steps++
	f.Left--
	crashes := f.Left == 0
	f.crashed = crashes
	f.mu.Unlock()
	if crashes && !f.After {
		return errCrashed
	}
	err := call()
	if crashes {
		return errCrashed
	}
	return err
}

// read runs a call that changes nothing.
func (f *CrashPoint) read() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.crashed {
		return errCrashed
	}
	return nil
}

// Strike has the world crash at the point when it starts next.
func (f *CrashPoint) Strike(w *World) {
	w.WrapStore = func(s Store) Store { return crashingStore{s, f} }
	w.Wrap = func(a admission.Adapters) admission.Adapters {
		a.Network = crashingNetwork{a.Network, f}
		return a
	}
}

type crashingStore struct {
	Store
	f *CrashPoint
}

func (s crashingStore) Create(ctx context.Context, g jit.Grant, events ...jit.Event) error {
	return s.f.effect(func() error { return s.Store.Create(ctx, g, events...) })
}

func (s crashingStore) Update(
	ctx context.Context, id jit.ID, change func(jit.Grant) (jit.Grant, []jit.Event, error),
) (g jit.Grant, err error) {
	err = s.f.effect(func() error { g, err = s.Store.Update(ctx, id, change); return err })
	return g, err
}

func (s crashingStore) Append(ctx context.Context, events ...jit.Event) error {
	return s.f.effect(func() error { return s.Store.Append(ctx, events...) })
}

func (s crashingStore) Told(ctx context.Context, o outbox.Outcome) error {
	return s.f.effect(func() error { return s.Store.Told(ctx, o) })
}

func (s crashingStore) Grant(ctx context.Context, id jit.ID) (jit.Grant, error) {
	if err := s.f.read(); err != nil {
		return jit.Grant{}, err
	}
	return s.Store.Grant(ctx, id)
}

func (s crashingStore) Due(ctx context.Context, now time.Time) ([]jit.ID, error) {
	if err := s.f.read(); err != nil {
		return nil, err
	}
	return s.Store.Due(ctx, now)
}

func (s crashingStore) AtGuard(ctx context.Context, guard string) ([]jit.Grant, error) {
	if err := s.f.read(); err != nil {
		return nil, err
	}
	return s.Store.AtGuard(ctx, guard)
}

func (s crashingStore) Notices(ctx context.Context, after uint64, limit int) ([]jit.Notice, error) {
	if err := s.f.read(); err != nil {
		return nil, err
	}
	return s.Store.Notices(ctx, after, limit)
}

func (s crashingStore) Shown(ctx context.Context, id jit.ID) (outbox.Shown, error) {
	if err := s.f.read(); err != nil {
		return outbox.Shown{}, err
	}
	return s.Store.Shown(ctx, id)
}

type crashingNetwork struct {
	rules.Network
	f *CrashPoint
}

func (n crashingNetwork) Table(ctx context.Context, guard string) (rules.Table, error) {
	if err := n.f.read(); err != nil {
		return rules.Table{}, err
	}
	return n.Network.Table(ctx, guard)
}

func (n crashingNetwork) Tables(ctx context.Context, subscription string) ([]rules.Table, error) {
	if err := n.f.read(); err != nil {
		return nil, err
	}
	return n.Network.Tables(ctx, subscription)
}

func (n crashingNetwork) Apply(ctx context.Context, guard string, changes []rules.Change) []error {
	errs := make([]error, len(changes))
	for i, c := range changes {
		errs[i] = n.f.effect(func() error { return n.Network.Apply(ctx, guard, []rules.Change{c})[0] })
	}
	return errs
}
