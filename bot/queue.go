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

// queue has jobs done: each lane by workers of its own, each person by a share of
// them, and what changes the same subject in the order in which it came. It takes
// jobs before start; they wait. Its zero value is ready.
type queue struct {
	mu       sync.Mutex
	working  context.Context //nolint:containedctx // of every job; nil before start
	ended    bool
	lines    map[jit.UserID]*line
	running  [lanes]int
	served   uint64
	last     time.Time // the newest place
	idle     sync.Cond // told when a line is over
	panicked func(ctx context.Context, j *job, p any)
}

// start has the jobs done with ctx. panicked is told of each that panics.
func (q *queue) start(ctx context.Context, panicked func(ctx context.Context, j *job, p any)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.working, q.panicked, q.idle.L = ctx, panicked, &q.mu
	q.pump()
}

// add gives a job its place, now; it never waits. It is not taken when too much of
// its lane waits for the person, or the bot is ending.
func (q *queue) add(j *job, now time.Time) bool {
	overtaken, taken := q.place(j, now)
	overtaken.never()
	return taken
}

func (q *queue) place(j *job, now time.Time) (overtaken jobs, taken bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ended && j.lane != answers {
		return nil, false
	}
	if q.lines == nil {
		q.lines = map[jit.UserID]*line{}
	}
	l := q.lines[j.by]
	if l == nil {
		l = &line{}
		q.lines[j.by] = l
	}
	overtaken = l.overtake(j)
	if !j.forced && l.waiting(j.lane) >= j.lane.share().waiting {
		q.forget(j.by, l)
		return overtaken, false
	}
	if j.at = now; !now.After(q.last) {
		j.at = q.last.Add(1)
	}
	q.last = j.at
	if j.held {
		j.acked = make(chan struct{})
		for _, before := range l.jobs {
			if before.acked != nil && before.conflicts(j) {
				j.ackAfter = append(j.ackAfter, before.acked)
			}
		}
	}
	l.jobs = append(l.jobs, j)
	q.pump()
	return overtaken, true
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
		if j.lane == of && !j.running {
			n++
		}
	}
	return n
}

// alone reports whether nothing that came before the job and whose order with it
// matters is left.
func (q *queue) alone(j *job) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := q.lines[j.by]
	return l == nil || l.first(j)
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

// release lets a job begin that was held.
func (q *queue) release(j *job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	j.held = false
	q.pump()
}

// drop takes a job away that is not to be done.
func (q *queue) drop(j *job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.remove(j)
	q.pump()
}

// yield gives the worker of a job back that has nothing left to do but to be
// noted as done; what comes after it still waits.
func (q *queue) yield(j *job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if j.running && !j.yielded {
		j.yielded = true
		q.free(j)
		q.pump()
	}
}

// close lets nothing begin any more but answers, and tells what waited.
func (q *queue) close() { q.end().never() }

func (q *queue) end() (left jobs) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended = true
	for _, l := range q.lines {
		for _, j := range l.jobs {
			if !j.running && j.lane != answers {
				left = append(left, j)
			}
		}
	}
	for _, j := range left {
		q.remove(j)
	}
	return left
}

// wait returns when everything is over.
func (q *queue) wait() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.lines) > 0 {
		q.idle.Wait()
	}
}

func (q *queue) remove(j *job) {
	l := q.lines[j.by]
	if l == nil {
		return
	}
	l.jobs = slices.DeleteFunc(l.jobs, func(o *job) bool { return o == j })
	q.forget(j.by, l)
}

func (q *queue) forget(by jit.UserID, l *line) {
	if len(l.jobs) == 0 {
		delete(q.lines, by)
		if q.idle.L != nil {
			q.idle.Broadcast()
		}
	}
}

func (q *queue) free(j *job) {
	q.running[j.lane]--
	q.lines[j.by].running[j.lane]--
}

// pump begins what can begin.
func (q *queue) pump() {
	if q.working == nil {
		return
	}
	for of := range lanes {
		for q.running[of] < of.share().workers {
			j := q.next(of)
			if j == nil {
				break
			}
			l := q.lines[j.by]
			q.served++
			j.running, l.served[of] = true, q.served
			l.running[of]++
			q.running[of]++
			go q.do(q.working, j)
		}
	}
}

// next is the job of a lane that begins next: of whoever has the least under way
// there, and among those of whoever was served the longest ago.
func (q *queue) next(of lane) (best *job) {
	var first *line
	for _, l := range q.lines {
		less := first == nil || l.running[of] < first.running[of] ||
			l.running[of] == first.running[of] && l.served[of] < first.served[of]
		if !less || l.running[of] >= of.share().each {
			continue
		}
		if j := l.ready(of); j != nil {
			first, best = l, j
		}
	}
	return best
}

func (l *line) ready(of lane) *job {
	for _, j := range l.jobs {
		if j.lane == of && !j.running && !j.held && l.first(j) {
			return j
		}
	}
	return nil
}

func (q *queue) do(ctx context.Context, j *job) {
	defer func() {
		if p := recover(); p != nil {
			q.panicked(ctx, j, p)
		}
		q.mu.Lock()
		defer q.mu.Unlock()
		if !j.yielded {
			q.free(j)
		}
		q.remove(j)
		q.pump()
	}()
	j.run(ctx)
}
