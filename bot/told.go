package bot

import (
	"sync"
	"time"
)

// told is what was told of each delivery of the last minutes: a repeat of one is told
// the same, and what was told not to be taken is never done.
type told struct {
	mu sync.Mutex
	of map[string]*outcome
}

// outcome is what was told of a delivery, once that is known.
type outcome struct {
	known chan struct{}
	once  sync.Once
	text  string // why it was not taken; empty when it was
	at    time.Time
}

// is says what was told. Only the first time counts.
func (o *outcome) is(text string) {
	o.once.Do(func() {
		o.text = text
		close(o.known)
	})
}

const (
	rememberTold = 15 * time.Minute // longer than Slack repeats anything
	maxTold      = 10000
)

// outcome is that of a delivery, and whether this is the first of it.
func (t *told) outcome(key string, now time.Time) (o *outcome, first bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if o, ok := t.of[key]; ok {
		return o, false
	}
	if len(t.of) >= maxTold {
		for key, o := range t.of {
			if now.Sub(o.at) >= rememberTold {
				delete(t.of, key)
			}
		}
	}
	if t.of == nil || len(t.of) >= maxTold {
		t.of = map[string]*outcome{}
	}
	o = &outcome{known: make(chan struct{}), at: now}
	t.of[key] = o
	return o, true
}
