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
// long as its error asks for, see Backoff. Neither a pause nor work that hangs
// keeps a place from others: work that lasts goes on without one. When its context
// has ended a key is not worked on again, nor taken anew. Safe for concurrent use.
type Queue struct {
	work   func(ctx context.Context, key string) error
	group  func(key string) string
	places *places

	mu      sync.Mutex         // guards workers, and again and turn of each
	workers map[string]*worker // by key
	idle    *sync.Cond         // no worker is left
}

// worker is what runs the work of one key.
type worker struct {
	again  bool          // run once more when the work under way is done
	urgent bool          // the next turn is urgent
	turn   *turn         // the wait for a place, while there is one
	poke   chan struct{} // ends a pause
}

// New makes a queue that begins work on at most so many keys at once, by the
// function, which gets the context that the key was added with. The groups of
// keys have a fair share each of the places; with nil there is one group.
func New(most int, group func(key string) string, work func(ctx context.Context, key string) error) *Queue {
	if group == nil {
		group = func(string) string { return "" }
	}
	q := &Queue{work: work, group: group, places: newPlaces(most), workers: map[string]*worker{}}
	q.idle = sync.NewCond(&q.mu)
	return q
}

// Add has the key's work run, soon, and returns at once. A key that is in the
// queue already, waiting, at work or in a pause, is not taken twice: its work goes
// on as it would have. Urgent says that something is new: it goes before what is
// not urgent, work that began before is then run once more when it succeeds, and
// a pause after a failure ends now. The context is that of the first Add; nothing
// is added when it has ended.
func (q *Queue) Add(ctx context.Context, key string, urgent bool) {
	if ctx.Err() != nil {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if w := q.workers[key]; w != nil {
		if urgent {
			q.hurry(w)
		}
		return
	}
	w := &worker{urgent: urgent, poke: make(chan struct{}, 1)}
	q.workers[key] = w
	go q.run(ctx, key, w) // Wait waits until it has left workers
}

// hurry has the worker run now, and once more if it is at work. mu is held.
func (q *Queue) hurry(w *worker) {
	w.again, w.urgent = true, true
	if w.turn != nil {
		q.places.hurry(w.turn)
	}
	select {
	case w.poke <- struct{}{}:
	default:
	}
}

// run works on the key until it succeeds and nobody asked for more.
func (q *Queue) run(ctx context.Context, key string, w *worker) {
	for failures := 0; ; {
		turn := q.enter(ctx, key, w)
		if turn == nil {
			break
		}
		err := q.workFrom(ctx, key, turn)
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
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.remove(key)
}

// enter waits for a place; nil when the context has ended.
func (q *Queue) enter(ctx context.Context, key string, w *worker) *turn {
	q.mu.Lock()
	w.turn = q.places.queue(q.group(key), w.urgent)
	turn := w.turn
	q.mu.Unlock()
	given := q.places.wait(ctx, turn)
	q.mu.Lock()
	defer q.mu.Unlock()
	w.turn, w.again, w.urgent = nil, false, false
	if !given {
		return nil
	}
	return turn
}

// workFrom works on the key in the place, which others get when it takes long.
func (q *Queue) workFrom(ctx context.Context, key string, turn *turn) error {
	leave := sync.OnceFunc(func() { q.places.leave(turn) })
	defer leave()
	defer time.AfterFunc(patience, leave).Stop()
	return q.work(ctx, key)
}

// leave ends the worker unless it was asked to run again.
func (q *Queue) leave(key string, w *worker) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if w.again {
		return false
	}
	q.remove(key)
	return true
}

// remove takes the key out of the queue. mu is held.
func (q *Queue) remove(key string) {
	delete(q.workers, key)
	if len(q.workers) == 0 {
		q.idle.Broadcast()
	}
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

// Wait returns when no worker runs any more, those that were added meanwhile too:
// at the latest soon after the contexts that keys were added with have ended.
func (q *Queue) Wait() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.workers) > 0 {
		q.idle.Wait()
	}
}
