package slacksim

import (
	"strings"
	"time"
)

// rate is so many calls a minute, and so many at once.
type rate struct {
	perMinute, burst int
}

// Posts count for their channel, about one a second with short bursts, and for
// the workspace, some hundred a minute.
// https://docs.slack.dev/apis/web-api/rate-limits
const (
	methodPost   = "chat.postMessage"
	allPosts     = "chat.postMessage in all channels"
	postsPerMin  = 60
	postBurst    = 3
	allPostsRate = 300
)

// RateLimits switches the limits of calls on or off; what was used before is
// forgotten.
func (s *Sim) RateLimits(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.limits = on
	clear(s.faults.used)
}

// SetRate replaces the limit of one method, in calls a minute and calls at once,
// and switches the limits on. For chat.postMessage it is the limit of one channel,
// 60 a minute and 3 at once by default, beside that of the workspace, 300 a minute.
// The other defaults are the documented tiers, all of a minute at once.
func (s *Sim) SetRate(method string, perMinute, burst int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.limits = true
	s.faults.rates[method] = rate{max(1, perMinute), max(1, burst)}
}

// bucket is what a call is counted by.
type bucket struct {
	key string
	rate
}

// buckets are all that a call is counted by. Called with the lock held.
func (s *Sim) buckets(c *call, m method) []bucket {
	r, own := s.faults.rates[c.method]
	if c.method != methodPost {
		if !own {
			r = rate{m.tier, m.tier}
		}
		return []bucket{{c.method, r}}
	}
	if !own {
		r = rate{postsPerMin, postBurst}
	}
	return []bucket{{methodPost + " " + s.channelID(c.str("channel")), r}, {allPosts, rate{allPostsRate, allPostsRate}}}
}

// channelID is the channel that an argument means: a person is the direct message
// with them. Called with the lock held.
func (s *Sim) channelID(arg string) string {
	if u, ok := s.users[arg]; ok && !u.Deleted && !u.Bot {
		c, _ := s.dm(arg)
		return c.ID
	}
	name, named := strings.CutPrefix(arg, "#")
	for id, c := range s.channels {
		if named && c.Name == name {
			return id
		}
	}
	return arg
}

// limit is zero when the call may pass, else the seconds to wait. A call that may
// not pass counts for nothing. It is a generic cell rate algorithm: one timestamp a
// bucket, of when it is full again. Called with the lock held.
func (s *Sim) limit(c *call, m method, now time.Time) int {
	if !s.faults.limits {
		return 0
	}
	all := s.buckets(c, m)
	var wait time.Duration
	for _, b := range all {
		wait = max(wait, s.faults.after(b, now).Sub(now)-b.step()*time.Duration(b.burst))
	}
	if wait > 0 {
		return int((wait + time.Second - 1) / time.Second)
	}
	for _, b := range all {
		s.faults.used[b.key] = s.faults.after(b, now)
	}
	return 0
}

func (r rate) step() time.Duration { return time.Minute / time.Duration(r.perMinute) }

// after is when the bucket would be full again after one more call.
func (f *faults) after(b bucket, now time.Time) time.Time {
	full := f.used[b.key]
	if full.Before(now) {
		full = now
	}
	return full.Add(b.step())
}
