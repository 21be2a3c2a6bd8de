package page

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// clock knows how far the demo's time was ahead of the machine's at each
// moment. Slack's timestamps are the machine's; a message is shown with the
// demo's time at which it was written.
type clock struct {
	now   func() time.Time
	mu    sync.Mutex
	jumps []jump // oldest first
}

// jump is from when on the demo's clock is how far ahead.
type jump struct {
	at    time.Time
	ahead time.Duration
}

// look reads both clocks and remembers a jump.
func (c *clock) look() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.remember(time.Now())
}

// move moves the demo's clock. What the bot does meanwhile belongs to the time
// after, so nobody looks before it is done.
func (c *clock) move(skip func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := time.Now()
	skip()
	c.remember(at)
}

// remember notes a jump that was made at a moment. Called with the lock held.
func (c *clock) remember(at time.Time) time.Duration {
	ahead := time.Until(c.now())
	if n := len(c.jumps); n > 0 && (ahead-c.jumps[n-1].ahead).Abs() <= time.Second {
		return c.jumps[n-1].ahead
	}
	c.jumps = append(c.jumps, jump{at, ahead})
	return ahead
}

// shown is the demo's time of a Slack timestamp, in milliseconds since 1970.
func (c *clock) shown(ts string) int64 {
	seconds, fraction, _ := strings.Cut(ts, ".")
	s, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return 0
	}
	micros, _ := strconv.ParseInt(fraction, 10, 64)
	at := time.Unix(s, micros*1000)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, j := range slices.Backward(c.jumps) {
		if !at.Before(j.at) {
			return at.Add(j.ahead).UnixMilli()
		}
	}
	if len(c.jumps) > 0 {
		at = at.Add(c.jumps[0].ahead)
	}
	return at.UnixMilli()
}
