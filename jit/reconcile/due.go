package reconcile

import (
	"strings"
	"sync"
	"time"

	"jitbot/jit"
)

// dueList is what the pass before found due, and which guards the next one is
// to read. mu guards all of it.
type dueList struct {
	mu      sync.Mutex
	seen    map[jit.ID]bool // closings that the last pass saw
	late    jit.ID          // a closing that is stuck or late
	touched map[string]bool // guards that the next pass is to read
}

func newDueList() *dueList { return &dueList{touched: map[string]bool{}} }

// touch has the next pass read the guards.
func (l *dueList) touch(guards []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, guard := range guards {
		l.touched[guard] = true
	}
}

// replace keeps what a pass found and gives the guards to reconcile.
func (l *dueList) replace(found *foundDue) map[string]bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.late, l.seen = found.late, found.seen
	for guard := range l.touched {
		found.guards[guard] = true
	}
	l.touched = map[string]bool{}
	return found.guards
}

// sawClosing reports whether the last pass saw the closing.
func (l *dueList) sawClosing(id jit.ID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen[id]
}

// lateClosing is a closing that is stuck or late; empty when none is.
func (l *dueList) lateClosing() jit.ID {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.late
}

// foundDue is what one pass of the loop finds to do. mu guards all of it while
// grants are moved on, many at once; afterwards it is the pass's alone.
type foundDue struct {
	mu     sync.Mutex
	guards map[string]bool // guards to reconcile; true: at once
	seen   map[jit.ID]bool // closings that were seen
	late   jit.ID          // a closing that is late or stuck
}

func newFoundDue() *foundDue {
	return &foundDue{guards: map[string]bool{}, seen: map[jit.ID]bool{}}
}

// addClosing adds a closing. One that was not seen before does not
// wait for the pause of whatever failed at its guard before.
func (f *foundDue) addClosing(g jit.Grant, fresh bool, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen[g.ID] = true
	if g.Stuck || now.Sub(g.Clock.Due) > g.StuckAfter() {
		f.late = g.ID
	}
	for _, p := range g.Paths {
		if !p.Confirmed {
			guard := strings.ToLower(p.Guard)
			f.guards[guard] = f.guards[guard] || fresh
		}
	}
}

// addOverdue adds a grant that is overdue and whose closing could not be stored:
// its rules go all the same. Its guards are reconciled at once when it is first
// seen, and by the comparison of all guards afterwards.
func (f *foundDue) addOverdue(g jit.Grant, fresh bool, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen[g.ID] = true
	end := g.Clock.Deadline
	if end.IsZero() {
		end = g.Clock.Until
	}
	if now.Sub(end) > g.StuckAfter() {
		f.late = g.ID
	}
	for _, guard := range g.Guards() {
		if fresh {
			f.guards[guard] = true
		}
	}
}
