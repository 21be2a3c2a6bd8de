package workqueue

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// busyFor asks to be tried again after so long.
type busyFor time.Duration

func (b busyFor) Error() string { return "busy" }

func (b busyFor) RetryAfter() time.Duration { return time.Duration(b) }

// history notes what a worker did.
type history struct {
	mu      sync.Mutex
	running map[string]int
	most    int // at once, over all keys
	runs    map[string][]time.Time
}

func newHistory() *history {
	return &history{running: map[string]int{}, runs: map[string][]time.Time{}}
}

func (d *history) enter(t *testing.T, key string) (run int, leave func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.running[key]++
	if d.running[key] > 1 {
		t.Errorf("%d workers of %s at once", d.running[key], key)
	}
	d.runs[key] = append(d.runs[key], time.Now())
	now := 0
	for _, n := range d.running {
		now += n
	}
	d.most = max(d.most, now)
	return len(d.runs[key]), func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.running[key]--
	}
}

func (d *history) count(key string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.runs[key])
}

func TestQueueOneWorkerAKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newHistory()
		q := New(8, nil, func(context.Context, string) error {
			_, leave := d.enter(t, "a")
			defer leave()
			time.Sleep(time.Second)
			return nil
		})
		for range 5 {
			q.Add(t.Context(), "a", false)
		}
		q.Wait()
		if n := d.count("a"); n != 1 {
			t.Errorf("ran %d times, want once: it was running already", n)
		}
		q.Add(t.Context(), "a", false)
		q.Wait()
		if n := d.count("a"); n != 2 {
			t.Errorf("ran %d times, want once more: it had ended", n)
		}
	})
}

func TestQueueUrgentRunsOnceMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newHistory()
		q := New(8, nil, func(context.Context, string) error {
			_, leave := d.enter(t, "a")
			defer leave()
			time.Sleep(time.Second)
			return nil
		})
		q.Add(t.Context(), "a", false)
		time.Sleep(time.Millisecond)
		for range 5 {
			q.Add(t.Context(), "a", true)
		}
		q.Wait()
		if n := d.count("a"); n != 2 {
			t.Errorf("ran %d times, want twice", n)
		}
	})
}

func TestQueueManyKeysAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newHistory()
		q := New(4, nil, func(_ context.Context, key string) error {
			_, leave := d.enter(t, key)
			defer leave()
			time.Sleep(patience / 2)
			return nil
		})
		begin := time.Now()
		for i := range 10 {
			q.Add(t.Context(), fmt.Sprint(i), false)
		}
		q.Wait()
		if d.most != 4 {
			t.Errorf("%d worked at once, want 4", d.most)
		}
		if took := time.Since(begin); took != 3*patience/2 {
			t.Errorf("ten keys on four places took %s", took)
		}
	})
}

func TestQueueFailureHoldsUpNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		d := newHistory()
		q := New(1, nil, func(_ context.Context, key string) error {
			_, leave := d.enter(t, key)
			defer leave()
			if key == "bad" {
				return errors.New("no")
			}
			return nil
		})
		q.Add(ctx, "bad", false)
		synctest.Wait()
		q.Add(ctx, "good", false)
		synctest.Wait()
		if d.count("good") != 1 {
			t.Error("the good one waits for the pause of the bad one")
		}
		cancel()
		q.Wait()
	})
}

func TestQueueTryAgainForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		d := newHistory()
		q := New(1, nil, func(_ context.Context, key string) error {
			_, leave := d.enter(t, key)
			defer leave()
			return errors.New("no")
		})
		q.Add(ctx, "a", false)
		time.Sleep(time.Hour)
		cancel()
		q.Wait()
		runs := d.runs["a"]
		most := firstPause
		for i := 1; i < len(runs); i++ {
			if got := runs[i].Sub(runs[i-1]); got < most/2 || got > most {
				t.Errorf("pause %d was %s, want between half of %s and all of it", i, got, most)
			}
			most = min(2*most, maxPause)
		}
		if len(runs) < 60 {
			t.Errorf("in an hour it ran %d times", len(runs))
		}
	})
}

func TestQueueWaitAsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newHistory()
		q := New(1, nil, func(_ context.Context, key string) error {
			run, leave := d.enter(t, key)
			defer leave()
			if run == 1 {
				return fmt.Errorf("writing: %w", busyFor(17*time.Minute))
			}
			return nil
		})
		q.Add(t.Context(), "a", false)
		q.Wait()
		runs := d.runs["a"]
		if got := runs[1].Sub(runs[0]); got < 17*time.Minute || got > 17*time.Minute+time.Second {
			t.Errorf("asked to wait 17m, waited %s", got)
		}
	})
}

func TestQueueBusyWithoutAWaitIsLikeAnyFailure(t *testing.T) {
	if got := Backoff(1, busyFor(0)); got < firstPause/2 || got > firstPause {
		t.Errorf("paused %s", got)
	}
	for _, failures := range []int{8, 11, 64, 1 << 30} {
		if got := Backoff(failures, errors.New("no")); got < maxPause/2 || got > maxPause {
			t.Errorf("after %d failures paused %s", failures, got)
		}
	}
}

func TestQueueUrgentEndsThePause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newHistory()
		q := New(1, nil, func(_ context.Context, key string) error {
			run, leave := d.enter(t, key)
			defer leave()
			if run == 1 {
				return busyFor(time.Hour)
			}
			return nil
		})
		q.Add(t.Context(), "a", false)
		synctest.Wait()
		q.Add(t.Context(), "a", false)
		synctest.Wait()
		if n := d.count("a"); n != 1 {
			t.Fatalf("ran %d times: a start that is not urgent ended the pause", n)
		}
		begin := time.Now()
		q.Add(t.Context(), "a", true)
		q.Wait()
		if n, took := d.count("a"), time.Since(begin); n != 2 || took != 0 {
			t.Errorf("ran %d times, the second after %s", n, took)
		}
	})
}

func TestQueuePauseGrowsFromTheStartAfterSuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newHistory()
		var q *Queue
		q = New(1, nil, func(ctx context.Context, key string) error {
			run, leave := d.enter(t, key)
			defer leave()
			switch {
			case run == 7:
				q.Add(ctx, key, true) // the same worker goes on
				<-q.workers[key].poke // without the pause being ended
				return nil
			case run <= 8:
				return errors.New("no")
			default:
				return nil
			}
		})
		q.Add(t.Context(), "a", false)
		q.Wait()
		runs := d.runs["a"]
		if got := runs[8].Sub(runs[7]); got < firstPause/2 || got > firstPause {
			t.Errorf("the first pause after a success was %s", got)
		}
	})
}

func TestQueueEndWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		q := New(2, nil, func(ctx context.Context, key string) error {
			if key == "failing" {
				return busyFor(time.Hour)
			}
			<-ctx.Done()
			return ctx.Err()
		})
		for _, key := range []string{"failing", "working", "working too", "without a slot"} {
			q.Add(ctx, key, false)
		}
		synctest.Wait()
		begin := time.Now()
		cancel()
		q.Wait()
		if took := time.Since(begin); took > time.Minute {
			t.Errorf("ended %s after the context", took)
		}
	})
}
