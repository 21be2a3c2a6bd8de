package clock

import "time"

// Period is a time that passes again and again, by the monotonic clock. The first has
// passed at once. It is for one goroutine.
type Period struct {
	Every time.Duration
	last  time.Time
}

// Passed reports whether it has, and lets it begin anew then.
func (p *Period) Passed() bool {
	if time.Since(p.last) < p.Every {
		return false
	}
	p.last = time.Now()
	return true
}
