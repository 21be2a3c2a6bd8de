package azuresim

import (
	"net/http"
	"time"
)

// Release lets go the requests and operations that hang by the fault now. The
// fault stays active for those to come.
func (a *ActiveFault) Release() {
	a.sim.mu.Lock()
	defer a.sim.mu.Unlock()
	a.release()
	a.released = make(chan struct{})
}

// Hanging is how many requests hang by the fault now. Operations are not
// counted.
func (a *ActiveFault) Hanging() int {
	a.sim.mu.Lock()
	defer a.sim.mu.Unlock()
	return a.hanging
}

// release lets go what hangs. The Sim's lock is held.
func (a *ActiveFault) release() {
	close(a.released)
	a.sim.letGo(a)
}

// hang waits until the fault lets a request go; false: the client gave up
// first.
func (a *ActiveFault) hang(r *http.Request) bool {
	a.sim.mu.Lock()
	a.hanging++
	released := a.released
	a.sim.mu.Unlock()
	defer func() {
		a.sim.mu.Lock()
		defer a.sim.mu.Unlock()
		a.hanging--
	}()
	select {
	case <-released:
		return true
	case <-r.Context().Done():
		return false
	}
}

// letGo lets the operations end that a fault kept from it.
func (s *Sim) letGo(a *ActiveFault) {
	for _, op := range s.running {
		if op.held == a {
			op.held = nil
			if now := time.Now(); op.end.Before(now) {
				op.end = now
			}
		}
	}
}
