package bot

import (
	"time"

	"golang.org/x/time/rate"

	"jitbot/jit"
)

// rateLimits count what each person asks in a minute. Only the loop uses it.
type rateLimits struct {
	perMinute int
	of        map[jit.UserID]*rate.Limiter
}

const maxPeople = 1000 // who are remembered before those at rest are forgotten

// allow counts one command or click, or refuses it.
func (l *rateLimits) allow(by jit.UserID, now time.Time) error {
	if len(l.of) > maxPeople {
		for id, r := range l.of {
			if r.TokensAt(now) >= float64(l.perMinute) {
				delete(l.of, id)
			}
		}
	}
	r, ok := l.of[by]
	if !ok {
		if l.of == nil {
			l.of = map[jit.UserID]*rate.Limiter{}
		}
		r = rate.NewLimiter(rate.Limit(float64(l.perMinute)/60), l.perMinute)
		l.of[by] = r
	}
	if r.AllowN(now, 1) {
		return nil
	}
	wait := time.Duration((1 - r.TokensAt(now)) / float64(r.Limit()) * float64(time.Second)).Round(time.Second)
	return jit.Refuse(jit.ErrInput,
		"That is more than anybody may do in a minute; wait %s and try again. Nothing was changed.", max(wait, time.Second))
}
