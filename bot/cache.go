package bot

import (
	"context"
	"errors"
	"sync"
	"time"
)

// cache keeps answers for a moment, and asks once for all who ask at the same
// time. Its zero value keeps nothing; set fresh.
type cache[T any] struct {
	fresh time.Duration
	mu    sync.Mutex
	items map[string]*answered[T]
}

type answered[T any] struct {
	done  chan struct{}
	value T
	err   error
	at    time.Time // when the question was asked: the answer is no older
}

const maxCached = 1000

// get answers from the cache, from whoever is asking now, or by asking.
func (c *cache[T]) get(ctx context.Context, key string, ask func(context.Context) (T, error)) (T, error) {
	c.mu.Lock()
	if a, ok := c.items[key]; ok && time.Since(a.at) < c.fresh {
		c.mu.Unlock()
		select {
		case <-a.done:
			return a.value, a.err
		case <-ctx.Done():
			var none T
			return none, ctx.Err()
		}
	}
	if c.items == nil || len(c.items) >= maxCached {
		c.items = map[string]*answered[T]{}
	}
	a := &answered[T]{done: make(chan struct{}), at: time.Now(), err: errors.New("the question was not answered")}
	c.items[key] = a
	c.mu.Unlock()

	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if a.err != nil && c.items[key] == a {
			delete(c.items, key) // a failure is asked again
		}
		close(a.done)
	}()
	// Others wait for the answer too, so it outlives whoever asked first.
	asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), readWithin)
	defer cancel()
	a.value, a.err = ask(asking)
	return a.value, a.err
}
