package azure

import (
	"context"
	"sync"
)

// keyLocks let one caller at a time have a key. The zero value is ready.
type keyLocks struct {
	mu    sync.Mutex
	locks map[string]*keyLock
}

// keyLock is one key's: a token that whoever holds the lock has taken out.
type keyLock struct {
	token chan struct{}
	users int // holders and waiters; the last one removes it
}

// lock waits for the key's lock and gives what releases it, or the context's
// error.
func (t *keyLocks) lock(ctx context.Context, key string) (unlock func(), err error) {
	t.mu.Lock()
	if t.locks == nil {
		t.locks = map[string]*keyLock{}
	}
	w := t.locks[key]
	if w == nil {
		w = &keyLock{token: make(chan struct{}, 1)}
		w.token <- struct{}{}
		t.locks[key] = w
	}
	w.users++
	t.mu.Unlock()

	forget := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if w.users--; w.users == 0 {
			delete(t.locks, key)
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
