package simulated

import (
	"sync"
	"time"
)

// Meter keeps what was measured.
type Meter struct {
	mu     sync.Mutex
	opened []time.Duration
	closed []time.Duration
}

// Opened implements jit.Meter.
func (m *Meter) Opened(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.opened = append(m.opened, d)
}

// Closed implements jit.Meter.
func (m *Meter) Closed(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = append(m.closed, d)
}

// Latest is how late the last closing was, negative when there was none.
func (m *Meter) Latest() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.closed) == 0 {
		return -1
	}
	return m.closed[len(m.closed)-1]
}
