package reconcile

import (
	"strings"
	"sync"
	"time"

	"jitbot/jit"
)

// dueList is what the pass before found due, and what is to be looked at in the
// next. mu guards all of it.
type dueList struct {
	mu      sync.Mutex
	seen    map[jit.ID]bool // closings that the last pass saw
	late    jit.ID          // a closing that is stuck or late
	touched map[string]bool // guards to be looked at in the next pass
}

func newDueList() *dueList { return &dueList{touched: map[string]bool{}} }

// touch has guards looked at in the next pass.
func (l *dueList) touch(guards []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, guard := range guards {
		l.touched[guard] = true
	}
}

// replace keeps what a pass found and gives the guards to look at.
func (l *dueList) replace(a *foundDue) map[string]bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.late, l.seen = a.late, a.seen
	for guard := range l.touched {
		a.guards[guard] = true
	}
	l.touched = map[string]bool{}
	return a.guards
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

// foundDue is what one pass finds to do. mu guards it while grants are moved on,
// many at once; afterwards it is the pass's alone.
type foundDue struct {
	mu     sync.Mutex
	guards map[string]bool // guards to look at; true: at once
	seen   map[jit.ID]bool // closings that were seen
	late   jit.ID          // a closing that is late or stuck
}

func newFoundDue() *foundDue {
	return &foundDue{guards: map[string]bool{}, seen: map[jit.ID]bool{}}
}

// addClosing puts a closing on the agenda. One that was not seen before does not
// wait for the pause of whatever failed at its guard before.
func (a *foundDue) addClosing(g jit.Grant, fresh bool, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seen[g.ID] = true
	if g.Stuck || now.Sub(g.Clock.Due) > g.StuckAfter() {
		a.late = g.ID
	}
	for _, p := range g.Paths {
		if !p.Confirmed {
			guard := strings.ToLower(p.Guard)
			a.guards[guard] = a.guards[guard] || fresh
		}
	}
}
