package bot

import (
	"context"
	"slices"
	"sync"
	"time"

	"jitbot/jit"
)

// queue has jobs done: each lane by workers of its own, each person by a share of
// them, and what changes the same subject in the order in which it came. It takes
// jobs before start; they wait. Its zero value is ready.
type queue struct {
	mu       sync.Mutex
	working  context.Context //nolint:containedctx // of every job but answers; nil before start
	saying   context.Context //nolint:containedctx // of answers
	ended    bool
	lines    map[jit.UserID]*line
	running  [lanes]int
	served   uint64
	last     time.Time // the newest place
	idle     sync.Cond // told when a line is over
	panicked func(ctx context.Context, j *job, p any)
}

// start has the jobs done: answers until saying ends, the rest until working does.
// panicked is told of each that panics.
func (q *queue) start(working, saying context.Context, panicked func(ctx context.Context, j *job, p any)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.working, q.saying, q.panicked, q.idle.L = working, saying, panicked, &q.mu
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
	if j.at = now; j.held {
		j.acked = make(chan struct{})
	}
	if j.refused {
		j.acknowledged()
	}
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
	if !j.forced && !j.refused && l.waiting(j.lane) >= j.lane.share().waiting {
		q.forget(j.by, l)
		return overtaken, false
	}
	if !now.After(q.last) {
		j.at = q.last.Add(1)
	}
	q.last = j.at
	for _, before := range l.jobs {
		if j.held && !j.refused && before.acked != nil && before.conflicts(j) {
			j.ackAfter = append(j.ackAfter, before.acked)
		}
	}
	l.jobs = append(l.jobs, j)
	q.pump()
	return overtaken, true
}

// alone reports whether nothing that came before the job and whose order with it
// matters is left.
func (q *queue) alone(j *job) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := q.lines[j.by]
	return l == nil || l.first(j)
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
			if of == answers {
				go q.do(q.saying, j)
				continue
			}
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
