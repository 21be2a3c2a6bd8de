package clock

import (
	"testing"
	"testing/synctest"
	"time"
)

// What another clock says counts as lasting when every answer for a minute says it, and
// by more than two minutes; the least of it counts.
func TestRemoteLasts(t *testing.T) {
	steady := func(ahead time.Duration, n int) []time.Duration {
		out := make([]time.Duration, n)
		for i := range out {
			out[i] = ahead
		}
		return out
	}
	for name, tt := range map[string]struct {
		every time.Duration // between answers
		ahead []time.Duration
		want  time.Duration // at least, and a second more at most
	}{
		"no answer":           {time.Second, nil, 0},
		"one answer":          {time.Second, steady(time.Hour, 1), 0},
		"for half a minute":   {time.Second, steady(time.Hour, 31), 0},
		"for a minute":        {time.Second, steady(time.Hour, 61), time.Hour},
		"two far apart":       {10 * time.Minute, steady(time.Hour, 2), time.Hour},
		"by two minutes":      {time.Second, steady(2*time.Minute, 100), 0},
		"behind":              {time.Second, steady(-time.Hour, 100), 0},
		"one says otherwise":  {time.Second, append(steady(time.Hour, 50), append([]time.Duration{0}, steady(time.Hour, 50)...)...), 0},
		"it said otherwise":   {time.Second, append([]time.Duration{0}, steady(time.Hour, 70)...), time.Hour},
		"one says much more":  {time.Second, append(steady(time.Hour, 80), 100*time.Hour), time.Hour},
		"one bad and silence": {2 * time.Minute, []time.Duration{0, 100 * time.Hour}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &Remote{}
				for i, ahead := range tt.ahead {
					if i > 0 {
						time.Sleep(tt.every)
					}
					now := time.Now()
					r.Note(now.Add(ahead).Truncate(time.Second), now, now)
				}
				if got := r.Skew(); got.Lasting < tt.want || got.Lasting > tt.want+time.Second || got.Heard != (len(tt.ahead) > 0) {
					t.Errorf("it says %+v, want %s", got, tt.want)
				}
			})
		})
	}
}

// The widest of the last minute is what puts the clock in doubt, for a minute.
func TestRemoteWidest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &Remote{}
		note := func(ahead time.Duration) {
			now := time.Now()
			r.Note(now.Add(ahead), now, now)
		}
		note(-time.Hour)
		for range 59 {
			time.Sleep(time.Second)
			note(0)
		}
		if got := r.Skew().Widest.Round(time.Minute); got != -time.Hour {
			t.Errorf("within a minute the widest is %s", got)
		}
		time.Sleep(2 * time.Second)
		note(0)
		if got := r.Skew().Widest; got != 0 {
			t.Errorf("after a minute the widest is %s", got)
		}
	})
}

// What an answer took to come proves nothing of its clock.
func TestProvenAhead(t *testing.T) {
	sent := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	for _, tt := range []struct{ said, took, want time.Duration }{
		{0, 0, 0},
		{time.Minute, 2 * time.Minute, 0},
		{3 * time.Minute, 2 * time.Minute, time.Minute},
		{-time.Minute, 2 * time.Minute, -time.Minute + time.Second},
	} {
		if got := provenAhead(sent.Add(tt.said), sent, sent.Add(tt.took)); got != tt.want {
			t.Errorf("said %s, took %s: %s, want %s", tt.said, tt.took, got, tt.want)
		}
	}
}
