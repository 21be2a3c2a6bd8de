package azure_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/rules"
)

func TestRetryAfter(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	// A bubble's clock starts at midnight of 2000-01-01 UTC; the simulator's is
	// an hour ahead in "date", and the wait counts from its own Date header.
	tests := []struct {
		name   string
		header map[string]string
		skew   time.Duration
		want   time.Duration
	}{
		{"absent", nil, 0, 0},
		{"zero", map[string]string{"Retry-After": "0"}, 0, 0},
		{"seconds", map[string]string{"Retry-After": "17"}, 0, 17 * time.Second},
		{"long", map[string]string{"Retry-After": "7200"}, 0, 2 * time.Hour},
		{"milliseconds", map[string]string{"retry-after-ms": "2500", "Retry-After": "3"}, 0, 2500 * time.Millisecond},
		{"milliseconds, other name", map[string]string{"x-ms-retry-after-ms": "1500"}, 0, 1500 * time.Millisecond},
		{"date", map[string]string{"Retry-After": "Sat, 01 Jan 2000 00:00:40 GMT"}, 0, 40 * time.Second},
		{"date of a clock ahead", map[string]string{"Retry-After": "Sat, 01 Jan 2000 01:00:40 GMT"}, time.Hour, 40 * time.Second},
		{"past", map[string]string{"Retry-After": "Fri, 31 Dec 1999 00:00:40 GMT"}, 0, 0},
		{"nonsense", map[string]string{"Retry-After": "soon"}, 0, 0},
		{"negative", map[string]string{"Retry-After": "-5"}, 0, 0},
		{"endless", map[string]string{"Retry-After": "99999999999999999999999"}, 0, 365 * 24 * time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.Configure(func(s *azuresim.Settings) { s.ClockSkew = tt.skew })
				f := azuresim.Throttled("")
				f.Header, f.Method, f.Times = tt.header, "PUT", 1
				hit := w.AddFault(f)
				err := w.only(t.Context(), put(allowRule()))
				busy, ok := errors.AsType[*jit.BusyError](err)
				if !ok || busy.Wait != tt.want || hit.Hits() != 1 {
					t.Fatalf("err = %v, %d requests; want a wait of %s", err, hit.Hits(), tt.want)
				}
				if w.Spare(azuresim.DemoWebNICNSG) {
					t.Error("there is budget to spare")
				}
				checkThrottled(t, w, tt.want)
			})
		})
	}
}

// checkThrottled makes sure that writes are not sent inside the window, that reads
// and removals are, and that the window ends.
func checkThrottled(t *testing.T, w *world, window time.Duration) {
	t.Helper()
	if window > 0 {
		time.Sleep(window - time.Millisecond)
		w.Reset()
		start := time.Now()
		err := w.only(t.Context(), put(allowRule()))
		busy, ok := errors.AsType[*jit.BusyError](err)
		if !ok || busy.Wait != time.Millisecond || time.Since(start) != 0 {
			t.Errorf("inside the window: %v after %s", err, time.Since(start))
		}
		clean(t, err)
		if n := w.sent("", "securityRules"); n != 0 {
			t.Errorf("%d requests inside the window", n)
		}
		if err := w.only(t.Context(), remove(allowName)); err != nil || w.sent("DELETE", "securityRules") != 1 {
			t.Errorf("removing inside the window: %v", err)
		}
		w.find(t, allowName)
		time.Sleep(time.Millisecond)
	}
	if err := w.only(t.Context(), put(allowRule())); err != nil {
		t.Errorf("after the window: %v", err)
	}
}

func TestThrottledReads(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		f := azuresim.Throttled("30")
		f.Method, f.Path, f.Times = "GET", "networkInterfaces", 1
		w.AddFault(f)
		if _, err := w.VM(t.Context(), azuresim.DemoWeb1); !errors.Is(err, jit.ErrBusy) {
			t.Fatalf("err = %v", err)
		}
		w.Reset()
		if _, err := w.Table(t.Context(), azuresim.DemoWebNICNSG); !errors.Is(err, jit.ErrBusy) {
			t.Errorf("inside the window: %v", err)
		}
		if n := w.sent("GET", "/subscriptions/"); n != 0 {
			t.Errorf("%d requests inside the window", n)
		}
		// Graph is another bucket, and so is writing; the write is made, but
		// how it ended cannot be asked.
		if _, err := w.User(t.Context(), azuresim.DemoAda, false); err != nil {
			t.Errorf("Graph: %v", err)
		}
		if err := w.only(t.Context(), put(allowRule())); !errors.Is(err, jit.ErrBusy) {
			t.Errorf("writing: %v", err)
		}
		time.Sleep(30 * time.Second)
		if r, ok := w.find(t, allowName); !ok || !r.Equal(allowRule()) {
			t.Errorf("the rule is %t %+v", ok, r)
		}
	})
}

// TestGateOfRemovals: Azure counts writes and deletes apart, so a throttled
// write keeps no port open, and a throttled removal forbids no write.
func TestThrottledRemovals(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	for _, tt := range []struct {
		method         string
		throttled, not []rules.Change
	}{
		{"PUT", put(allowRule()), remove("jitbot-test-g-7k2qe-x")},
		{"DELETE", remove("jitbot-test-g-7k2qe-x"), put(allowRule())},
	} {
		t.Run(tt.method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.AddFault(azuresim.Throttled("60").On(tt.method, "securityRules").Only(1))
				for _, what := range []string{"throttled", "inside the window"} {
					err := w.only(t.Context(), tt.throttled)
					if busy, ok := errors.AsType[*jit.BusyError](err); !ok || busy.Wait != time.Minute {
						t.Errorf("%s: %v", what, err)
					}
				}
				if n := w.sent(tt.method, "securityRules"); n != 1 {
					t.Errorf("%d requests inside the window", n-1)
				}
				if w.Spare(azuresim.DemoWebNICNSG) {
					t.Error("there is budget to spare")
				}
				if err := w.only(t.Context(), tt.not); err != nil {
					t.Errorf("the other bucket: %v", err)
				}
			})
		})
	}
}

// TestLockShutsNoGate: another operation on one guard says nothing about the
// next guard.
func TestOtherOperationIsNoThrottling(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		f := azuresim.Busy()
		f.Header, f.Method, f.Times = map[string]string{"Retry-After": "30"}, "PUT", 1
		w.AddFault(f)
		err := w.only(t.Context(), put(allowRule()))
		if busy, ok := errors.AsType[*jit.BusyError](err); !ok || busy.Wait != 30*time.Second {
			t.Errorf("err = %v", err)
		}
		if err := w.only(t.Context(), put(allowRule())); err != nil {
			t.Error(err)
		}
	})
}

func TestSpare(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		guard := azuresim.DemoWebNICNSG
		if !w.Spare(guard) || w.Spare("nonsense") {
			t.Error("before the first answer")
		}
		// Removing what is not there takes no time, so the bucket empties.
		for range 99 {
			if err := w.only(t.Context(), remove(allowName)); err != nil {
				t.Fatal(err)
			}
		}
		if !w.Spare(guard) {
			t.Error("101 left of 200")
		}
		if err := w.only(t.Context(), remove(allowName)); err != nil {
			t.Fatal(err)
		}
		if w.Spare(guard) {
			t.Error("100 left of 200 are not more than half")
		}
		if !w.Spare("/subscriptions/5a1e0000-0000-4000-8000-00000000d3a1" + guard[len(azuresim.DemoSubscriptionScope):]) {
			t.Error("another subscription has its own budget")
		}
		time.Sleep(200 * time.Millisecond)
		if !w.Spare(guard) {
			t.Error("two came back")
		}
	})
}

func TestSkew(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	for _, tt := range []struct {
		ahead, latency, min, max time.Duration
	}{
		{0, 0, 0, 0},
		{400 * time.Millisecond, 0, 0, 0},
		{-400 * time.Millisecond, 0, 0, 0},
		{0, 10 * time.Second, 0, 0},
		{40 * time.Second, 0, seconds(39), seconds(41)},
		{-40 * time.Second, 0, -seconds(41), -seconds(39)},
		{40 * time.Second, 4 * time.Second, seconds(37), seconds(43)},
		{-24 * time.Hour, 0, -seconds(86401), -seconds(86399)},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			if w.Skew().Heard {
				t.Error("before the first answer")
			}
			w.Configure(func(s *azuresim.Settings) { s.ClockSkew, s.Latency = tt.ahead, tt.latency })
			w.find(t, allowName)
			if got := w.Skew().Last; got < tt.min || got > tt.max {
				t.Errorf("ahead %s, latency %s: skew %s", tt.ahead, tt.latency, got)
			}
		})
	}
}
