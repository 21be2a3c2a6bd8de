package outbox

import "time"

// Rate is one call each so long, and so many at once. The zero Rate is no limit.
type Rate struct {
	Each  time.Duration
	Burst int
}

// Limits are those of Slack: posts count for their channel and for the workspace,
// edits for the workspace.
type Limits struct{ Post, Posts, Edit Rate }

// method is how Slack is told.
type method string

const (
	post method = "post"
	edit method = "edit"
)

// lane is what a call counts for, and what is paused: a method in a channel, or in
// all of them.
type lane struct {
	method  method
	channel string // empty: all
}

// lanes are those of a call.
func lanes(m method, channel string) []lane { return []lane{{m, channel}, {m, ""}} }

const (
	perChannel = 4 // calls at once in one channel: one that hangs takes no more of the workers
	firstPause = time.Second
	maxPause   = time.Minute      // of a channel that is shut
	maxTrouble = 10 * time.Second // of Slack in trouble
	maxLanes   = 1000
)

// use is what is known of a lane.
type use struct {
	full     time.Time // when a burst is possible again: a generic cell rate algorithm
	until    time.Time // paused
	failures int       // in a row
	flying   int       // calls under way
	shut     bool      // the last answer was that it is
}

// traffic keeps the limits and pauses. It is no clock: it is told what time it is.
type traffic struct {
	limits Limits
	used   map[lane]*use
}

func newTraffic(l Limits) *traffic { return &traffic{limits: l, used: map[lane]*use{}} }

func (t *traffic) at(l lane) *use {
	u := t.used[l]
	if u == nil {
		u = &use{}
		t.used[l] = u
	}
	return u
}

// forget drops what says nothing any more.
func (t *traffic) forget(now time.Time) {
	if len(t.used) < maxLanes {
		return
	}
	for l, u := range t.used {
		if u.flying == 0 && u.failures == 0 && !u.full.After(now) && !u.until.After(now) {
			delete(t.used, l)
		}
	}
}

func (t *traffic) rate(l lane) Rate {
	switch {
	case l.method == edit && l.channel == "":
		return t.limits.Edit
	case l.method == edit:
		return Rate{}
	case l.channel == "":
		return t.limits.Posts
	default:
		return t.limits.Post
	}
}

// free is when a call on all the lanes may be made; false: when one under way is
// done. The part of a burst of the workspace is kept back, a quarter of it with 4.
func (t *traffic) free(all []lane, part int, now time.Time) (time.Time, bool) {
	when := now
	for _, l := range all {
		u, ok := t.used[l]
		if !ok {
			continue
		}
		if l.channel != "" && u.flying >= perChannel {
			return time.Time{}, false
		}
		if u.until.After(when) {
			when = u.until
		}
		r := t.rate(l)
		if part > 0 && l.channel == "" {
			r.Burst -= r.Burst / part
		}
		if begin := u.full.Add(-r.Each * time.Duration(max(0, r.Burst-1))); r.Each > 0 && begin.After(when) {
			when = begin
		}
	}
	return when, true
}

// take counts a call that is made now.
func (t *traffic) take(all []lane, now time.Time) {
	for _, l := range all {
		u := t.at(l)
		u.flying++
		if u.full.Before(now) {
			u.full = now
		}
		u.full = u.full.Add(t.rate(l).Each)
	}
}

// back counts a call that is done; spared is one that was not made after all.
func (t *traffic) back(all []lane, spared bool) {
	for _, l := range all {
		u := t.at(l)
		u.flying--
		if spared {
			u.full = u.full.Add(-t.rate(l).Each)
		}
	}
}

// good says that a call was taken.
func (t *traffic) good(all []lane) {
	for _, l := range all {
		u := t.at(l)
		u.failures, u.shut = 0, false
	}
}

// pause keeps a lane quiet for so long.
func (t *traffic) pause(l lane, wait time.Duration, now time.Time) {
	if u := t.at(l); u.until.Before(now.Add(wait)) {
		u.until = now.Add(wait)
	}
}

// trouble pauses a lane for longer each time, up to most. Calls that failed
// together count once.
func (t *traffic) trouble(l lane, shut bool, most time.Duration, now time.Time) {
	u := t.at(l)
	u.shut = shut
	if u.until.After(now) {
		return
	}
	u.until = now.Add(min(firstPause<<min(u.failures, 10), most))
	u.failures++
}

// shut reports whether the lane did not take the last call because it is shut.
func (t *traffic) shut(l lane) bool {
	u, ok := t.used[l]
	return ok && u.shut
}
