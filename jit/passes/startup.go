package passes

import (
	"sync"
	"time"
)

const (
	servingWait = 10 * time.Second // Slack waits at most this long for the first closings
	oldStore    = 2 * time.Minute  // while jitbot runs it stores something each minute
)

// Startup is the time until Slack may be served: closings that were overdue at
// the start go first; and what was found in the store then. Safe for concurrent use
// once Found was called.
type Startup struct {
	served chan struct{} // closed when Slack may be served
	begun  time.Time     // the clock when jitbot started
	older  bool          // what it found in the store may be an older copy

	mu      sync.Mutex      // guards closing, and sees that served is closed once
	closing map[string]bool // guards with overdue closings at the start, not yet Tried
}

// NewStartup is that of a run which begins.
func NewStartup() *Startup {
	return &Startup{served: make(chan struct{}), closing: map[string]bool{}}
}

// Found notes when jitbot started, for how long nothing had been stored then, and whether
// the store is known to be the newest: where it is not, or that is long ago, an older copy
// may have been put in the place of the store.
func (s *Startup) Found(now time.Time, idle time.Duration, newest bool) {
	s.begun, s.older = now, !newest || idle > oldStore
}

// Served is closed when Slack may be served.
func (s *Startup) Served() <-chan struct{} { return s.served }

// Older reports whether the store may be an older copy.
func (s *Startup) Older() bool { return s.older }

// FoundOlder reports whether what was stored then was found in what may be an older
// copy of the store.
func (s *Startup) FoundOlder(then time.Time) bool { return s.older && then.Before(s.begun) }

// WaitFor has the guards Tried before Slack is served.
func (s *Startup) WaitFor(guards map[string]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for guard := range guards {
		s.closing[guard] = true
	}
}

// Tried notes that a guard has had its turn, and reports whether it was waited
// for.
func (s *Startup) Tried(guard string) (waited bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	waited = s.closing[guard]
	delete(s.closing, guard)
	return waited
}

// ServeWhenReady lets Slack be served when the overdue closings were Tried or took too long.
func (s *Startup) ServeWhenReady(passed bool, waited time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.served:
	default:
		if passed && len(s.closing) == 0 || waited >= servingWait {
			close(s.served)
		}
	}
}
