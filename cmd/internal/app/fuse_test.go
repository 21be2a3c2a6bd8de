package app_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

var errFuse = errors.New("the fuse has blown")

// fuse lets a number of effects through and then fails every call, as a crash
// does: the last one before its effect, or after it.
type fuse struct {
	after bool // the call that blows it still has its effect

	mu    sync.Mutex
	left  int // effects until it blows; negative never blows
	steps int
	blown bool
}

// effect runs a call that changes something.
func (f *fuse) effect(call func() error) error {
	f.mu.Lock()
	if f.blown {
		f.mu.Unlock()
		return errFuse
	}
	f.steps++
	f.left--
	blows := f.left == 0
	f.blown = blows
	f.mu.Unlock()
	if blows && !f.after {
		return errFuse
	}
	err := call()
	if blows {
		return errFuse
	}
	return err
}

// read runs a call that changes nothing.
func (f *fuse) read() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.blown {
		return errFuse
	}
	return nil
}

func (f *fuse) wrap(w jit.World) jit.World {
	w.Store = fusedStore{w.Store, f}
	w.Network = fusedNetwork{w.Network, f}
	return w
}

type fusedStore struct {
	jit.Store
	f *fuse
}

func (s fusedStore) Create(ctx context.Context, g jit.Grant, events ...jit.Event) error {
	return s.f.effect(func() error { return s.Store.Create(ctx, g, events...) })
}

func (s fusedStore) Update(ctx context.Context, id jit.ID, change func(jit.Grant) (jit.Grant, []jit.Event, error)) (g jit.Grant, err error) {
	err = s.f.effect(func() error { g, err = s.Store.Update(ctx, id, change); return err })
	return g, err
}

func (s fusedStore) Append(ctx context.Context, events ...jit.Event) error {
	return s.f.effect(func() error { return s.Store.Append(ctx, events...) })
}

func (s fusedStore) Told(ctx context.Context, n jit.Notice, card jit.Card) error {
	return s.f.effect(func() error { return s.Store.Told(ctx, n, card) })
}

func (s fusedStore) Grant(ctx context.Context, id jit.ID) (jit.Grant, error) {
	if err := s.f.read(); err != nil {
		return jit.Grant{}, err
	}
	return s.Store.Grant(ctx, id)
}

func (s fusedStore) Due(ctx context.Context, now time.Time) ([]jit.ID, error) {
	if err := s.f.read(); err != nil {
		return nil, err
	}
	return s.Store.Due(ctx, now)
}

func (s fusedStore) AtGuard(ctx context.Context, guard string) ([]jit.Grant, error) {
	if err := s.f.read(); err != nil {
		return nil, err
	}
	return s.Store.AtGuard(ctx, guard)
}

func (s fusedStore) Notices(ctx context.Context, limit int) ([]jit.Notice, error) {
	if err := s.f.read(); err != nil {
		return nil, err
	}
	return s.Store.Notices(ctx, limit)
}

type fusedNetwork struct {
	jit.Network
	f *fuse
}

func (n fusedNetwork) Table(ctx context.Context, guard string) (jit.Table, error) {
	if err := n.f.read(); err != nil {
		return jit.Table{}, err
	}
	return n.Network.Table(ctx, guard)
}

func (n fusedNetwork) Tables(ctx context.Context) ([]jit.Table, error) {
	if err := n.f.read(); err != nil {
		return nil, err
	}
	return n.Network.Tables(ctx)
}

func (n fusedNetwork) Apply(ctx context.Context, guard string, changes []jit.Change) []error {
	errs := make([]error, len(changes))
	for i, c := range changes {
		errs[i] = n.f.effect(func() error { return n.Network.Apply(ctx, guard, []jit.Change{c})[0] })
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
		f := &fuse{left: -1}
		w := newWorld(t)
		seed(w.sim)
		crashLife(t, w, f, name, vm)
		steps = f.steps
	})
	t.Logf("a life has %d steps", steps)
	if steps < 10 {
		t.Fatalf("a life has only %d steps: the fuse sees too little", steps)
	}
	for n := 1; n <= steps; n++ {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("step %d after=%t", n, after), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t)
					seed(w.sim)
					crashLife(t, w, &fuse{left: n, after: after}, name, vm)
				})
			})
		}
	}
}

func crashLife(t *testing.T, w *world, f *fuse, name, vm string) {
	w.sim.Configure(func(s *azuresim.Settings) { s.FirewallTime = 5 * time.Second })
	w.config.FirewallWithin = time.Minute
	foreign, walls := w.foreign(), w.walls()
	w.config.Approvals[0].PendingFor = 3 * time.Minute
	w.config.Policies[0].Ports[0].Shortest = time.Minute
	w.wrap = f.wrap
	w.start()
	g, err := w.ask(ada, 2*time.Minute, name)
	asked := g.ID != "" && (err == nil || !errors.As(err, new(*jit.Refusal)))
	var approved, done bool
	if err == nil {
		_, err = w.service.Approve(t.Context(), grace, g.ID)
		approved = err == nil
		w.pass(30 * time.Second)
		_, err = w.service.Done(t.Context(), ada, g.ID)
		done = err == nil
	}
	w.pass(30 * time.Second)
	w.stop()

	w.wrap = nil
	w.start()
	w.pass(time.Minute)
	if asked {
		now := w.grant(g.ID)
		if approved && (now.State == jit.Asked || now.State == jit.Pending) {
			t.Errorf("the approval was answered and is lost: %s", now.State)
		}
		if done && now.State != jit.Closed {
			t.Errorf("done was answered, and a minute after the restart it is %s", now.State)
		}
	}
	w.promises(foreign)
	w.pass(4 * time.Minute)
	if n := w.ours(); n != 0 {
		t.Errorf("%d rules are left after all was over", n)
	}
	unfinished, err := w.store.Unfinished(t.Context())
	if err != nil || len(unfinished) != 0 {
		t.Errorf("unfinished: %v, %v", unfinished, err)
	}
	if w.gets(vm, "203.0.113.7", 22) {
		t.Errorf("%s is open after all was over", name)
	}
	if w.allWalls() != walls {
		t.Error("the firewalls are not as before")
	}
	w.promises(foreign)
}
