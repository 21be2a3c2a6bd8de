package clock

import (
	"sync"
	"time"
)

// Clock tells the time that grants are measured by. It never goes back:
// when the wall clock is set back, it goes on by the monotonic clock, so that
// what is due by either is due. Safe for concurrent use.
type Clock struct {
	mu      sync.Mutex
	last    time.Time // with its monotonic reading
	reading time.Time
	ahead   time.Duration // skipped on purpose
}

// Now is the later of the wall clock and the last reading plus what the
// monotonic clock says has passed.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now().Add(c.ahead)
	wall := now.Round(0).UTC()
	if !c.last.IsZero() {
		if passed := c.reading.Add(now.Sub(c.last)); passed.After(wall) {
			wall = passed
		}
	}
	c.last, c.reading = now, wall
	return wall
}

// Behind is how far the wall clock lags the reading: it was set back.
func (c *Clock) Behind() time.Duration {
	reading := c.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	return reading.Sub(time.Now().Round(0).Add(c.ahead))
}

// Skip moves the clock ahead for good.
func (c *Clock) Skip(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += max(d, 0)
}
