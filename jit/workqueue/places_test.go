package workqueue

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// What hangs holds no place: 250 keys that hang delay another by a moment, and less
// when it is urgent or of a group of its own.
func TestQueueWhatHangsHoldsNoPlace(t *testing.T) {
	for name, c := range map[string]struct {
		key    string
		urgent bool
		within time.Duration
	}{
		"one like all":   {"sick 999", false, 4 * patience},
		"an urgent one":  {"sick 999", true, patience},
		"of other group": {"well 1", false, patience},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				group := func(key string) string { return strings.Fields(key)[0] }
				var done time.Time
				q := New(64, group, func(ctx context.Context, key string) error {
					if key == c.key {
						done = time.Now()
						return nil
					}
					<-ctx.Done()
					return ctx.Err()
				})
				for i := range 250 {
					q.Add(ctx, fmt.Sprint("sick ", i), false)
				}
				synctest.Wait()
				begin := time.Now()
				q.Add(ctx, c.key, c.urgent)
				time.Sleep(time.Minute)
				synctest.Wait()
				if took := done.Sub(begin); done.IsZero() || took > c.within {
					t.Errorf("it had its turn after %s, want %s at most", took, c.within)
				}
				cancel()
				q.Wait()
			})
		})
	}
}

// A key that waits for a place and becomes urgent goes before the others.
func TestQueueUrgentGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newHistory()
		q := New(1, nil, func(_ context.Context, key string) error {
			_, leave := d.enter(t, key)
			defer leave()
			time.Sleep(patience / 2)
			return nil
		})
		for i := range 10 {
			q.Add(t.Context(), fmt.Sprint(i), false)
			synctest.Wait()
		}
		q.Add(t.Context(), "9", true)
		q.Add(t.Context(), "new", true)
		q.Wait()
		for _, key := range []string{"9", "new"} {
			if at := d.runs[key][0]; !at.Before(d.runs["1"][0]) {
				t.Errorf("%s had its turn at %s", key, at)
			}
		}
		if d.most != 1 || d.count("9") != 1 {
			t.Errorf("%d worked at once, and the one that waited ran %d times", d.most, d.count("9"))
		}
	})
}

// Groups take turns: one with many keys does not keep one with few waiting.
func TestQueueGroupsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newHistory()
		q := New(4, func(key string) string { return key[:1] }, func(_ context.Context, key string) error {
			_, leave := d.enter(t, key)
			defer leave()
			time.Sleep(patience / 2)
			return nil
		})
		for i := range 40 {
			q.Add(t.Context(), fmt.Sprint("a", i), false)
		}
		for i := range 4 {
			q.Add(t.Context(), fmt.Sprint("b", i), false)
		}
		begin := time.Now()
		q.Wait()
		for i := range 4 {
			if took := d.runs[fmt.Sprint("b", i)][0].Sub(begin); took > patience {
				t.Errorf("the small group waited %s behind the large one", took)
			}
		}
	})
}

// Nothing is added once the context has ended, and what is added while somebody
// waits is waited for.
func TestQueueAddAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		d := newHistory()
		var q *Queue
		q = New(1, nil, func(ctx context.Context, key string) error {
			_, leave := d.enter(t, key)
			defer leave()
			time.Sleep(time.Second)
			if key == "first" {
				q.Add(ctx, "second", false)
			}
			return nil
		})
		q.Add(ctx, "first", false)
		q.Wait()
		if d.count("second") != 1 {
			t.Error("work that was added meanwhile was not waited for")
		}
		q.Add(ctx, "first", false)
		time.Sleep(time.Millisecond)
		cancel()
		for range 100 { // by chance it began in a free place
			q.Add(ctx, "late", true)
			q.Wait()
		}
		if n := d.count("late"); n != 0 || d.count("second") != 1 {
			t.Errorf("%d ran after the end", n)
		}
	})
}
