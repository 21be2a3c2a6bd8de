package jit

import (
	"time"
)

const (
	stuckAfter = time.Minute      // a closing that takes longer shows as stuck
	slowStuck  = 10 * time.Minute // the same where a firewall is changed
)

// StuckAfter is how long a closing may take before it counts as stuck.
func (g Grant) StuckAfter() time.Duration {
	if g.Slow() {
		return slowStuck
	}
	return stuckAfter
}

// Unconfirmed says why a grant was not confirmed in time.
func (g Grant) Unconfirmed() string {
	for _, p := range g.Paths {
		if p.Fault != "" {
			return "it was not confirmed in time: " + p.Fault
		}
	}
	return "it was not confirmed in time"
}
