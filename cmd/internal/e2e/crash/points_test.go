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
	crashEverywhere(t, "life", 10, func(t *testing.T, w *world, f *simulated.CrashPoint) { crashLife(t, w, f, "web-1", azuresim.DemoWeb1) })
}

// The same behind a firewall, whose rules are one document.
func TestCrashAtEveryStepBehindAFirewall(t *testing.T) {
	crashEverywhere(t, "life", 10, func(t *testing.T, w *world, f *simulated.CrashPoint) {
		azuresim.SeedFirewalls(w.Azure)
		crashLife(t, w, f, "app-1", azuresim.DemoApp)
	})
}

// crashEverywhere plays what is named once whole, and then with a crash at each of its steps,
// of which there are so many at least.
func crashEverywhere(t *testing.T, name string, atLeast int, play func(t *testing.T, w *world, f *simulated.CrashPoint)) {
	t.Helper()
	steps := 0
	synctest.Test(t, func(t *testing.T) {
		f := &simulated.CrashPoint{Left: -1}
		play(t, newWorld(t), f)
		steps = f.Steps()
	})
	t.Logf("%s: %d steps", name, steps)
	if steps < atLeast {
		t.Fatalf("%s: only %d steps: too little is counted", name, steps)
	}
	for n := 1; n <= steps; n++ {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("step %d after=%t", n, after), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					play(t, newWorld(t), &simulated.CrashPoint{Left: n, After: after})
				})
			})
		}
	}
}

// Promise 2 while access is extended: whatever step is the last, it ends at a deadline that
// was read back at all guards, and is not closed before the old one.
func TestCrashAtEveryStepOfAnExtension(t *testing.T) {
	crashEverywhere(t, "extension", 4, crashExtension)
}

func crashExtension(t *testing.T, w *world, f *simulated.CrashPoint) {
	foreign := w.Foreign()
	w.Start()
	g := w.Open(10*time.Minute, "web-1")
	w.Stop()
	f.Strike(w.World)
	w.Start()
	w.Pass(5 * time.Second)
	asked, err := w.Service.Extend(t.Context(), ada, g.ID, 10*time.Minute)
	approved := false
	if err == nil {
		_, err = w.Service.ApproveExtension(t.Context(), grace, g.ID, asked.Extension.Number)
		approved = err == nil
	}
	w.Pass(30 * time.Second)
	w.Stop()

	w.Wrap, w.WrapStore = nil, nil
	w.Start()
	w.Pass(time.Minute)
	now := w.Want(g.ID, jit.Open)
	if !w.Connects(azuresim.DemoWeb1, "203.0.113.7", 22) {
		t.Error("it is open and cannot be reached")
	}
	longer := now.Clock.Deadline.Equal(g.Clock.Deadline.Add(10 * time.Minute))
	if approved && !longer || !longer && !now.Clock.Deadline.Equal(g.Clock.Deadline) {
		t.Errorf("until %s, was %s; approved %t", now.Clock.Deadline, g.Clock.Deadline, approved)
	}
	w.CheckPromises(foreign)
	w.Pass(time.Until(now.Clock.Deadline) - time.Second)
	w.Want(g.ID, jit.Open)
	w.Pass(30 * time.Second)
	w.Want(g.ID, jit.Closed)
	if n := w.Ours(); n != 0 || w.Connects(azuresim.DemoWeb1, "203.0.113.7", 22) {
		t.Errorf("%d rules are left after the end", n)
	}
	w.CheckPromises(foreign)
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
