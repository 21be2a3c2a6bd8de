package clock

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestClockFollowsTheWall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &Clock{}
		first := c.Now()
		if !first.Equal(time.Now()) || first.Location() != time.UTC {
			t.Errorf("it says %s at %s", first, time.Now())
		}
		time.Sleep(90 * time.Minute)
		if got := c.Now(); got.Sub(first) != 90*time.Minute || !got.Equal(time.Now()) {
			t.Errorf("after an hour and a half it says %s, at first %s", got, first)
		}
		if got := c.Behind(); got != 0 {
			t.Errorf("the wall is behind by %s", got)
		}
	})
}

// A wall clock set back is one that shows less than what was read before: here
// the reading is put ahead instead, since a bubble's clock only goes forward.
func TestClockNeverGoesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &Clock{}
		c.Now()
		c.reading = c.reading.Add(time.Hour)
		before := c.Now()
		if got := c.Behind(); got != time.Hour {
			t.Errorf("set back by an hour, and behind by %s", got)
		}
		time.Sleep(10 * time.Minute)
		if got := c.Now().Sub(before); got != 10*time.Minute {
			t.Errorf("in ten minutes it went on by %s", got)
		}
		if got := c.Behind(); got != time.Hour {
			t.Errorf("ten minutes later the wall is behind by %s", got)
		}
	})
}

// A wall clock set ahead, or a machine that slept while the monotonic clock
// stood, shows more than what has passed: the wall is believed.
func TestClockGoesAheadWithTheWall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &Clock{}
		c.Now()
		c.reading = c.reading.Add(-time.Hour)
		if got := c.Now(); !got.Equal(time.Now()) {
			t.Errorf("it says %s at %s", got, time.Now())
		}
	})
}

func TestClockSkipsAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &Clock{}
		before := c.Now()
		c.Skip(time.Hour)
		if got := c.Now().Sub(before); got != time.Hour {
			t.Errorf("skipped an hour and went on by %s", got)
		}
		c.Skip(-2 * time.Hour)
		if got := c.Now().Sub(before); got != time.Hour {
			t.Errorf("skipped back and is %s from the start", got)
		}
		if got := c.Behind(); got != 0 {
			t.Errorf("a skip counts as a wall that is behind by %s", got)
		}
	})
}

func TestClockForMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &Clock{}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				last := c.Now()
				for range 100 {
					time.Sleep(time.Millisecond)
					now := c.Now()
					if now.Before(last) {
						t.Errorf("%s comes after %s", now, last)
					}
					last = now
				}
			})
		}
		wg.Wait()
	})
}
