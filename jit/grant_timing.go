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

// MayStandAt reports whether rules of the grant may stand at the instant: it is
// opening in its time or open, and neither its deadline nor its until has come. It is asked
// of the clock alone, so a rule that is overdue is not desired even when the store
// takes no change.
func (g Grant) MayStandAt(now time.Time) bool {
	if g.State != Opening && g.State != Open {
		return false
	}
	if g.State == Opening && !g.Clock.OpenBy.IsZero() && !now.Before(g.Clock.OpenBy) {
		return false // it was not confirmed in time
	}
	return (g.Clock.Until.IsZero() || now.Before(g.Clock.Until)) && (g.Clock.Deadline.IsZero() || now.Before(g.Clock.Deadline))
}
