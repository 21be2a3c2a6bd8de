package reconcile

import (
	"sync"
	"time"
)

const servingWait = 10 * time.Second // Slack waits at most this long for the first closings

// startup is the time until Slack may be served: closings that were overdue at
// the start go first. mu guards closing, and sees that served is closed once.
type startup struct {
	served chan struct{} // closed when Slack may be served

	mu      sync.Mutex
	closing map[string]bool // guards with overdue closings at the start, not yet tried
}

func newStartup() *startup {
	return &startup{served: make(chan struct{}), closing: map[string]bool{}}
}

// waitFor has the guards tried before Slack is served.
func (s *startup) waitFor(guards map[string]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for guard := range guards {
		s.closing[guard] = true
	}
}

// tried notes that a guard has had its turn, and reports whether it was waited
// for.
func (s *startup) tried(guard string) (waited bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	waited = s.closing[guard]
	delete(s.closing, guard)
	return waited
}

// serveWhenReady lets Slack be served when the overdue closings were tried or took too long.
func (s *startup) serveWhenReady(passed bool, waited time.Duration) {
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
