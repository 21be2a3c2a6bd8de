package workqueue

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	firstPause = 500 * time.Millisecond
	maxPause   = time.Minute // what fails is tried again at least this often, for ever
)

// Queue runs work by key: a key at most once at a time, many keys at once. What
// fails is tried again, for ever, after a growing, jittered pause, or after as
// long as its error asks for, see Backoff; a pause takes none of the places for
// work. A key whose context has ended is not worked on again, nor taken anew: a
// queue serves one run of the program. Safe for concurrent use.
type Queue struct {
	work  func(ctx context.Context, key string) error
	slots chan struct{} // bounds how many work at once

	wg      sync.WaitGroup
	mu      sync.Mutex         // guards workers, and again of each
	workers map[string]*worker // by key
}

// worker is what runs the work of one key.
type worker struct {
	again bool          // run once more when the work under way is done
	poke  chan struct{} // ends a pause
}

// New makes a queue that works on at most so many keys at once, by the function,
// which gets the context that the key was added with.
func New(most int, work func(ctx context.Context, key string) error) *Queue {
	return &Queue{work: work, slots: make(chan struct{}, most), workers: map[string]*worker{}}
}

// Add has the key's work run, soon, and returns at once. A key that is in the
// queue already, waiting, at work or in a pause, is not taken twice: its work goes
// on as it would have. Urgent says that something is new: work that began before
// is then run once more when it succeeds, and a pause after a failure ends now.
// The context is that of the first Add.
func (q *Queue) Add(ctx context.Context, key string, urgent bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if w := q.workers[key]; w != nil {
		if urgent {
			w.again = true
			select {
			case w.poke <- struct{}{}:
			default:
			}
		}
		return
	}
	w := &worker{poke: make(chan struct{}, 1)}
	q.workers[key] = w
	q.wg.Go(func() { q.run(ctx, key, w) })
}

// run works on the key until it succeeds and nobody asked for more.
func (q *Queue) run(ctx context.Context, key string, w *worker) {
	failures := 0
	for {
		select {
		case q.slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		q.mu.Lock()
		w.again = false
		q.mu.Unlock()
		err := q.work(ctx, key)
		<-q.slots
		if err == nil {
			failures = 0
			if q.leave(key, w) {
				return
			}
			continue
		}
		failures++
		select {
		case <-time.After(Backoff(failures, err)):
		case <-w.poke:
		case <-ctx.Done():
			return
		}
	}
}

// leave ends the worker unless it was asked to run again.
func (q *Queue) leave(key string, w *worker) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if w.again {
		return false
	}
	delete(q.workers, key)
	return true
}

// Backoff is how long to wait after so many failures in a row, of which err is
// the latest: as long as the error asks for by a method RetryAfter; else it
// grows to a minute and is spread by half, so that what failed together is not
// tried together.
func Backoff(failures int, err error) time.Duration {
	var asks interface {
		error
		RetryAfter() time.Duration
	}
	if errors.As(err, &asks) && asks.RetryAfter() > 0 {
		return asks.RetryAfter() + rand.N(time.Second) //nolint:gosec // spreading load needs no secret
	}
	d := min(firstPause<<min(failures-1, 10), maxPause)
	return d/2 + rand.N(d/2+1) //nolint:gosec // spreading load needs no secret
}

// Wait returns when no worker runs any more: at the latest soon after the
// contexts that keys were added with have ended.
func (q *Queue) Wait() { q.wg.Wait() }
