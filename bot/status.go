package bot

import (
	"slices"
	"sync"
	"time"
)

// allSockets stands for no socket in particular.
const allSockets = -1

// status is the state of the connection, for whoever asks.
type status struct {
	mu    sync.Mutex
	now   func() time.Time
	up    [socketCount]bool
	since time.Time
	last  string
}

func (s *status) connected() bool {
	for _, up := range s.up {
		if up {
			return true
		}
	}
	return false
}

// set keeps whether a socket is up.
func (s *status) set(socket int, up bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.connected()
	if socket == allSockets {
		s.up = [socketCount]bool{}
	} else {
		s.up[socket] = up
	}
	if s.connected() != before {
		s.since = s.now()
	}
}

// isUp reports whether a socket is up.
func (s *status) isUp(socket int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.up[socket]
}

// firstUp is a socket that is up, -1 when none is.
func (s *status) firstUp() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Index(s.up[:], true)
}

// fail keeps the last error of the connection.
func (s *status) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = err.Error()
}

func (s *status) read() (bool, time.Time, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connected(), s.since, s.last
}
