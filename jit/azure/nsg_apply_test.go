package azure_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/rules"
)

func TestPollInterval(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	for _, tt := range []struct {
		name               string
		poll, takes, waits time.Duration
		polls              int
	}{
		{"default", 0, 3500 * time.Millisecond, 4 * time.Second, 4},
		{"own", 100 * time.Millisecond, 250 * time.Millisecond, 300 * time.Millisecond, 3},
		{"over at once", 0, 0, time.Second, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, func(c *azure.Config) { c.Poll = tt.poll })
				w.Configure(func(s *azuresim.Settings) { s.OperationTime = tt.takes })
				for _, changes := range [][]rules.Change{put(allowRule()), remove(allowName)} {
					w.Reset()
					start := time.Now()
					if err := w.only(t.Context(), changes); err != nil {
						t.Fatal(err)
					}
					if got := time.Since(start); got != tt.waits || w.Counts().Polls != tt.polls {
						t.Errorf("took %s and %d polls, want %s and %d", got, w.Counts().Polls, tt.waits, tt.polls)
					}
				}
			})
		})
	}
}

func TestUnchangedNeedsNoPoll(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for range 2 {
			w.Reset()
			if err := w.only(t.Context(), put(allowRule())); err != nil {
				t.Fatal(err)
			}
		}
		if c := w.Counts(); c.GuardWrites != 1 || c.Polls != 0 || c.GuardReads != 0 {
			t.Errorf("counts %+v", c)
		}
	})
}

func TestOneWriterPerGuard(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Configure(func(s *azuresim.Settings) {
			s.OperationTime = 5 * time.Second
			s.Writers = azuresim.RefuseConflict // two at a time would be refused
		})
		done := make(chan error, 4)
		guards := []string{azuresim.DemoWebNICNSG, "/SUBSCRIPTIONS" + azuresim.DemoWebNICNSG[len("/subscriptions"):]}
		for i, guard := range guards {
			r := allowRule()
			r.Priority += i
			r.Name += string(rune('a' + i))
			go func() { done <- w.Apply(t.Context(), guard, put(r))[0] }()
		}
		other := allowRule()
		other.Destinations = []string{"10.30.1.4"}
		go func() { done <- w.Apply(t.Context(), azuresim.DemoDevNSG, put(other))[0] }()
		// A third one gives up waiting for its turn.
		go func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			time.Sleep(time.Millisecond)
			if err := w.Apply(ctx, guards[0], remove("x"))[0]; !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("waiting: %v", err)
			}
			done <- nil
		}()
		start := time.Now()
		for range 4 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if d := time.Since(start); d != 10*time.Second {
			t.Errorf("took %s, want two turns of 5s, and the other guard meanwhile", d)
		}
	})
}

func TestApplyKeepsDeadline(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Configure(func(s *azuresim.Settings) { s.OperationTime = time.Hour })
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		outcomes := w.Apply(ctx, azuresim.DemoWebNICNSG, append(put(allowRule()), remove("jitbot-test-g-7k2qe-x")...))
		for _, err := range outcomes {
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("err = %v", err)
			}
		}
		if d := time.Since(start); d != 10*time.Second {
			t.Errorf("took %s", d)
		}
	})
}

// TestOperationThatNeverEnds: it keeps no turn for more than two minutes, so
// what is to be closed at that guard is sent all the same.
func TestOperationThatNeverEnds(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	const open = "jitbot-test-g-7k2qe-x"
	stuck := azuresim.Fault{OperationTime: 24 * time.Hour}.On("", "securityRules/"+allowName)
	prepare := func(t *testing.T) *world {
		t.Helper()
		w := newWorld(t)
		r := allowRule()
		r.Name, r.Priority = open, 160
		if err := w.only(t.Context(), put(r)); err != nil {
			t.Fatal(err)
		}
		w.AddFault(stuck)
		return w
	}
	check := func(t *testing.T, err error, start time.Time) {
		t.Helper()
		checkKind(t, err, jit.ErrConflict)
		if d := time.Since(start); d != 2*time.Minute || !strings.Contains(err.Error(), "still running") {
			t.Errorf("after %s: %v", d, err)
		}
	}
	t.Run("in one call", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := prepare(t)
			start := time.Now()
			outcomes := w.Apply(t.Context(), azuresim.DemoWebNICNSG, append(put(allowRule()), remove(open)...))
			for _, err := range outcomes { // the second is sent, and no longer waited for
				check(t, err, start)
			}
			time.Sleep(time.Second)
			if _, ok := w.find(t, open); ok {
				t.Error("the closing was held up")
			}
		})
	})
	t.Run("in two calls", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := prepare(t)
			start := time.Now()
			done := make(chan error)
			go func() { done <- w.only(t.Context(), put(allowRule())) }()
			synctest.Wait()
			go func() { done <- w.only(t.Context(), remove(open)) }()
			check(t, <-done, start)
			if err := <-done; err != nil || time.Since(start) != 2*time.Minute+time.Second {
				t.Errorf("closing after %s: %v", time.Since(start), err)
			}
		})
	})
	t.Run("while polls hang", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := prepare(t)
			w.AddFault(azuresim.Fault{Latency: 24 * time.Hour}.On("GET", "/operations/"))
			start := time.Now()
			check(t, w.only(t.Context(), put(allowRule())), start)
		})
	})
}

// TestRemovalThatTakesLong: each removal of a rule cancels the one before, so
// asking again must not send again, except when Azure seems to have lost it.
func TestRemovalThatTakesLong(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	for _, tt := range []struct {
		takes       time.Duration
		tries, sent int
	}{{5 * time.Minute, 3, 1}, {24 * time.Hour, 9, 2}} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			if err := w.only(t.Context(), put(allowRule())); err != nil {
				t.Fatal(err)
			}
			w.Reset()
			w.AddFault(azuresim.Fault{OperationTime: tt.takes}.On("DELETE", ""))
			var err error
			for range tt.tries {
				err = w.only(t.Context(), remove(allowName))
			}
			_, left := w.find(t, allowName)
			if ended := tt.takes < time.Hour; (err == nil) != ended || left == ended {
				t.Errorf("%s: %v, the rule is there: %t", tt.takes, err, left)
			}
			if n := w.sent("DELETE", ""); n != tt.sent {
				t.Errorf("%s: %d removals sent, want %d", tt.takes, n, tt.sent)
			}
			// A write overtakes: the next removal is sent.
			if err := w.only(t.Context(), put(allowRule())); err != nil {
				t.Fatal(err)
			}
			if err := w.only(t.Context(), remove(allowName)); !errors.Is(err, jit.ErrConflict) || w.sent("DELETE", "") != tt.sent+1 {
				t.Errorf("%s: after a write: %v", tt.takes, err)
			}
		})
	}
}

// TestDenyIsKeptWhenItsReplacementFails: the port must not stand open between.
func TestDenyIsKeptWhenItsReplacementFails(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		deny := allowRule()
		deny.Name, deny.Allow, deny.Priority, deny.Protocol = denyName, false, 250, "*"
		if err := w.only(t.Context(), put(deny)); err != nil {
			t.Fatal(err)
		}
		if err := w.only(t.Context(), put(allowRule())); err != nil {
			t.Fatal(err)
		}
		next := deny
		next.Name, next.Priority = "jitbot-test-deny-both", 1 // refused
		outcomes := w.Apply(t.Context(), azuresim.DemoWebNICNSG, []rules.Change{{Put: &next}, {Remove: denyName}, {Remove: allowName}})
		if !errors.Is(outcomes[0], jit.ErrInvalid) || !errors.Is(outcomes[1], jit.ErrConflict) || outcomes[2] != nil {
			t.Errorf("outcomes %v", outcomes)
		}
		if _, ok := w.find(t, denyName); !ok {
			t.Error("the deny is gone")
		}
		if _, ok := w.find(t, allowName); ok {
			t.Error("the closing was held up")
		}
	})
}
