package jit

import (
	"slices"
	"time"

	"jitbot/jit/resource"
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

// ConfirmedAt reports whether the guard was read back as the grant's state wants it.
func (g Grant) ConfirmedAt(guard string) bool {
	return !slices.ContainsFunc(g.Paths, func(p Path) bool { return resource.Same(p.Guard, guard) && !p.Confirmed })
}

// BegunBefore reports whether rules of a grant that has not ended were written,
// or are about to be, since before then.
func (g Grant) BegunBefore(then time.Time) bool {
	return (g.State == Opening || g.State == Open) && !g.Clock.Begun.IsZero() && g.Clock.Begun.Before(then)
}
