package jit

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

// Queue runs work by key: one worker a key at a time, many keys at once. What
// fails is tried again after a growing, jittered pause, or after as long as
// Azure asked for. The goroutines end with the context and are waited for.
type Queue struct {
	work  func(ctx context.Context, key string) error
	slots chan struct{} // bounds how many work at once

	wg   sync.WaitGroup
	mu   sync.Mutex
	lane map[string]*lane
}

type lane struct {
	again bool          // run once more when the work under way is done
	poke  chan struct{} // ends a pause
}

func NewQueue(most int, work func(ctx context.Context, key string) error) *Queue {
	return &Queue{work: work, slots: make(chan struct{}, most), lane: map[string]*lane{}}
}

// Add runs the key's work. When it is running already, an urgent start has
// it run once more and ends its pause; any other leaves it to itself.
func (l *Queue) Add(ctx context.Context, key string, urgent bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if one := l.lane[key]; one != nil {
		if urgent {
			one.again = true
			select {
			case one.poke <- struct{}{}:
			default:
			}
		}
		return
	}
	one := &lane{poke: make(chan struct{}, 1)}
	l.lane[key] = one
	l.wg.Go(func() { l.run(ctx, key, one) })
}

func (l *Queue) run(ctx context.Context, key string, one *lane) {
	failures := 0
	for {
		select {
		case l.slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		l.mu.Lock()
		one.again = false
		l.mu.Unlock()
		err := l.work(ctx, key)
		<-l.slots
		if err == nil {
			failures = 0
			if l.leave(key, one) {
				return
			}
			continue
		}
		failures++
		select {
		case <-time.After(pause(failures, err)):
		case <-one.poke:
		case <-ctx.Done():
			return
		}
	}
}

// leave ends the lane unless it was asked to run again.
func (l *Queue) leave(key string, one *lane) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if one.again {
		return false
	}
	delete(l.lane, key)
	return true
}

// pause is as long as Azure asked for; else it grows to a minute and is spread
// by half, so that what failed together is not tried together.
func pause(failures int, err error) time.Duration {
	if busy := (*BusyError)(nil); errors.As(err, &busy) && busy.Wait > 0 {
		return busy.Wait + rand.N(time.Second) //nolint:gosec // spreading load needs no secret
	}
	d := min(firstPause<<min(failures-1, 10), maxPause)
	return d/2 + rand.N(d/2+1) //nolint:gosec // spreading load needs no secret
}

// Wait returns when no worker runs any more.
func (l *Queue) Wait() { l.wg.Wait() }
