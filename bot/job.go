package bot

import (
	"context"
	"slices"
	"sync"
	"time"

	"jitbot/jit"
)

// job is something to do for one person.
type job struct {
	by       jit.UserID
	lane     lane
	doing    string   // for the log
	subjects []string // what it changes: those of one person that share one are done in their order
	run      func(ctx context.Context)

	to     reply  // who is told when it panics; nobody when zero
	never  func() // when it will not begin, because a newer one came or the bot ends; may be nil
	newest bool   // a newer one of the person in its lane takes the place of one that waits
	held   bool   // it does not begin before release
	forced bool   // it is taken however many wait: it was accepted before
	// refused: it is not to be done, and waits in its place until it is stored that it never
	// is. However many wait it is taken, and it keeps no acknowledgement waiting.
	refused bool

	at       time.Time     // when it came, and so its place; no two have the same
	acked    chan struct{} // closed once it is acknowledged; nil for what is not held
	ackOnce  sync.Once
	ackAfter []<-chan struct{} // acked of those before it whose order with it matters
	running  bool
	yielded  bool // it gave its worker back, and keeps its place
}

// jobs are several.
type jobs []*job

// never tells of those that will not begin.
func (all jobs) never() {
	for _, j := range all {
		if j.never != nil {
			j.never()
		}
	}
}

// conflicts reports whether the order of both matters.
func (j *job) conflicts(o *job) bool {
	return slices.ContainsFunc(j.subjects, func(s string) bool {
		return slices.ContainsFunc(o.subjects, func(t string) bool { return sameSubject(s, t) })
	})
}

// acknowledged lets what comes after it be acknowledged. It may be said twice.
func (j *job) acknowledged() { j.ackOnce.Do(func() { close(j.acked) }) }

// line is what one person wants, in the order in which it came. What is being done
// stays in it until it is over.
type line struct {
	jobs    []*job
	running [lanes]int
	served  [lanes]uint64
}

// overtake takes away what waits and is not the newest any more.
func (l *line) overtake(j *job) (old jobs) {
	l.jobs = slices.DeleteFunc(l.jobs, func(o *job) bool {
		over := j.newest && o.newest && o.lane == j.lane && !o.running
		if over {
			old = append(old, o)
		}
		return over
	})
	return old
}

func (l *line) waiting(of lane) (n int) {
	for _, j := range l.jobs {
		if j.lane == of && !j.running && !j.refused {
			n++
		}
	}
	return n
}

func (l *line) first(j *job) bool {
	for _, before := range l.jobs {
		if before == j {
			break
		}
		if before.conflicts(j) {
			return false
		}
	}
	return true
}

func (l *line) ready(of lane) *job {
	for _, j := range l.jobs {
		if j.lane == of && !j.running && !j.held && l.first(j) {
			return j
		}
	}
	return nil
}
