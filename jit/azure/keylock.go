package azure

import (
	"context"
	"sync"
)

// turns let one caller at a time have a key. The zero value is ready.
type turns struct {
	mu    sync.Mutex
	queue map[string]*turn
}

// turn is one key's: a token that whoever holds the turn has taken out.
type turn struct {
	token  chan struct{}
	wanted int // holders and waiters; the last one removes it
}

// take waits for the turn and gives what ends it, or the context's error.
func (t *turns) take(ctx context.Context, key string) (leave func(), err error) {
	t.mu.Lock()
	if t.queue == nil {
		t.queue = map[string]*turn{}
	}
	w := t.queue[key]
	if w == nil {
		w = &turn{token: make(chan struct{}, 1)}
		w.token <- struct{}{}
		t.queue[key] = w
	}
	w.wanted++
	t.mu.Unlock()

	forget := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if w.wanted--; w.wanted == 0 {
			delete(t.queue, key)
		}
	}
	select {
	case <-w.token:
		return func() {
			w.token <- struct{}{}
			forget()
		}, nil
	case <-ctx.Done():
		forget()
		return nil, ctx.Err()
	}
}
