package crash_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

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
		f := &simulated.CrashPoint{Left: -1}
		w := newWorld(t)
		seed(w.Azure)
		crashLife(t, w, f, name, vm)
		steps = f.Steps()
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
					crashLife(t, w, &simulated.CrashPoint{Left: n, After: after}, name, vm)
				})
			})
		}
	}
}

func crashLife(t *testing.T, w *world, f *simulated.CrashPoint, name, vm string) {
	w.Azure.Configure(func(s *azuresim.Settings) { s.FirewallTime = 5 * time.Second })
	w.Config.FirewallWithin = time.Minute
	w.Told.MayBeLate(10 * time.Minute) // nobody tells of it until the restart
	foreign, firewalls := w.Foreign(), w.ForeignFirewalls()
	w.Config.Approvals[0].PendingFor = 150 * time.Second // longer than until the look after the restart
	w.Config.Policies[0].Ports[0].Shortest = time.Minute
	f.Strike(w.World)
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
	if w.Connects(vm, "203.0.113.7", 22) {
		t.Errorf("%s is open after all was over", name)
	}
	if w.Firewalls() != firewalls {
		t.Error("the firewalls are not as before")
	}
	w.CheckPromises(foreign)
}
