package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/rules"
)

var errCrashed = errors.New("the program has crashed")

// crashPoint lets a number of effects through and then fails every call, as a crash
// does: the last one before its effect, or after it.
type crashPoint struct {
	after bool // the call that crashes it still has its effect

	mu      sync.Mutex
	left    int // effects until it crashes; negative never crashes
	steps   int
	crashed bool
}

// effect runs a call that changes something.
func (f *crashPoint) effect(call func() error) error {
	f.mu.Lock()
	if f.crashed {
		f.mu.Unlock()
		return errCrashed
	}
	f.steps++
	f.left--
	crashes := f.left == 0
	f.crashed = crashes
	f.mu.Unlock()
	if crashes && !f.after {
		return errCrashed
	}
	err := call()
	if crashes {
		return errCrashed
	}
	return err
}

// read runs a call that changes nothing.
func (f *crashPoint) read() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.crashed {
		return errCrashed
	}
	return nil
}

// strike has the world crash at the point when it starts next.
func (f *crashPoint) strike(w *world) {
	w.WrapStore = func(s simulated.Store) simulated.Store { return crashingStore{s, f} }
	w.Wrap = func(a admission.Adapters) admission.Adapters {
		a.Network = crashingNetwork{a.Network, f}
		return a
	}
}

type crashingStore struct {
	simulated.Store
	f *crashPoint
}

func (s crashingStore) Create(ctx context.Context, g jit.Grant, events ...jit.Event) error {
	return s.f.effect(func() error { return s.Store.Create(ctx, g, events...) })
}

func (s crashingStore) Update(ctx context.Context, id jit.ID, change func(jit.Grant) (jit.Grant, []jit.Event, error)) (g jit.Grant, err error) {
	err = s.f.effect(func() error { g, err = s.Store.Update(ctx, id, change); return err })
	return g, err
}

func (s crashingStore) Append(ctx context.Context, events ...jit.Event) error {
	return s.f.effect(func() error { return s.Store.Append(ctx, events...) })
}

func (s crashingStore) Told(ctx context.Context, n jit.Notice, card jit.Card) error {
	return s.f.effect(func() error { return s.Store.Told(ctx, n, card) })
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

func (s crashingStore) Notices(ctx context.Context, limit int) ([]jit.Notice, error) {
	if err := s.f.read(); err != nil {
		return nil, err
	}
	return s.Store.Notices(ctx, limit)
}

type crashingNetwork struct {
	rules.Network
	f *crashPoint
}

func (n crashingNetwork) Table(ctx context.Context, guard string) (rules.Table, error) {
	if err := n.f.read(); err != nil {
		return rules.Table{}, err
	}
	return n.Network.Table(ctx, guard)
}

func (n crashingNetwork) Tables(ctx context.Context) ([]rules.Table, error) {
	if err := n.f.read(); err != nil {
		return nil, err
	}
	return n.Network.Tables(ctx)
}

func (n crashingNetwork) Apply(ctx context.Context, guard string, changes []rules.Change) []error {
	errs := make([]error, len(changes))
	for i, c := range changes {
		errs[i] = n.f.effect(func() error { return n.Network.Apply(ctx, guard, []rules.Change{c})[0] })
	}
	return errs
}

// Promise 2: a crash at any step loses nothing that was answered and leaves
// no rule without a live grant. Each step of a grant's life is the last once,
// before its effect and after it; then the program starts again on the same
// store.
func TestCrashAtEveryStep(t *testing.T) {
	crashEverywhere(t, "web-1", azuresim.DemoWeb1, func(*azuresim.Sim) {})
}

// The same behind a firewall, whose rules are one document.
func TestCrashAtEveryStepBehindAFirewall(t *testing.T) {
	crashEverywhere(t, "app-1", azuresim.DemoApp, azuresim.SeedFirewalls)
}

func crashEverywhere(t *testing.T, name, vm string, seed func(*azuresim.Sim)) {
	t.Helper()
	steps := 0
	synctest.Test(t, func(t *testing.T) {
		f := &crashPoint{left: -1}
		w := newWorld(t)
		seed(w.Azure)
		crashLife(t, w, f, name, vm)
		steps = f.steps
	})
	t.Logf("a life has %d steps", steps)
	if steps < 10 {
		t.Fatalf("a life has only %d steps: too little is counted", steps)
	}
	for n := 1; n <= steps; n++ {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("step %d after=%t", n, after), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t)
					seed(w.Azure)
					crashLife(t, w, &crashPoint{left: n, after: after}, name, vm)
				})
			})
		}
	}
}

func crashLife(t *testing.T, w *world, f *crashPoint, name, vm string) {
	w.Azure.Configure(func(s *azuresim.Settings) { s.FirewallTime = 5 * time.Second })
	w.Config.FirewallWithin = time.Minute
	foreign, firewalls := w.Foreign(), w.foreignFirewalls()
	w.Config.Approvals[0].PendingFor = 150 * time.Second // longer than until the look after the restart
	w.Config.Policies[0].Ports[0].Shortest = time.Minute
	f.strike(w)
	w.Start()
	g, err := w.Ask(ada, 2*time.Minute, name)
	asked := g.ID != "" && (err == nil || !errors.As(err, new(*jit.Refusal)))
	var approved, done bool
	if err == nil {
		_, err = w.Service.Approve(t.Context(), grace, g.ID)
		approved = err == nil
		w.Pass(30 * time.Second)
		_, err = w.Service.Done(t.Context(), ada, g.ID)
		done = err == nil
	}
	w.Pass(30 * time.Second)
	w.Stop()

	w.Wrap, w.WrapStore = nil, nil
	w.Start()
	w.Pass(time.Minute)
	if asked {
		now := w.Grant(g.ID)
		if approved && (now.State == jit.Asked || now.State == jit.Pending) {
			t.Errorf("the approval was answered and is lost: %s", now.State)
		}
		if done && now.State != jit.Closed {
			t.Errorf("done was answered, and a minute after the restart it is %s", now.State)
		}
	}
	w.CheckPromises(foreign)
	w.Pass(2 * time.Minute)
	if n := w.Ours(); n != 0 {
		t.Errorf("%d rules are left after all was over", n)
	}
	unfinished, err := w.Store.Unfinished(t.Context())
	if err != nil || len(unfinished) != 0 {
		t.Errorf("unfinished: %v, %v", unfinished, err)
	}
	if w.connects(vm, "203.0.113.7", 22) {
		t.Errorf("%s is open after all was over", name)
	}
	if w.firewalls() != firewalls {
		t.Error("the firewalls are not as before")
	}
	w.CheckPromises(foreign)
}
