package reconcile

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"jitbot/jit"
	"jitbot/jit/resource"
)

// dueList is what the pass before found due, and which guards the next one is
// to read. mu guards all of it.
type dueList struct {
	mu      sync.Mutex
	seen    map[jit.ID]bool // closings that the last pass saw
	late    []lateClosing
	touched map[string]bool     // guards that the next pass is to read
	held    map[jit.ID][]string // guards of openings that waited for a late closing
}

func newDueList() *dueList { return &dueList{touched: map[string]bool{}, held: map[jit.ID][]string{}} }

// lateClosing is a closing that is stuck or late, with the guards where it is.
type lateClosing struct {
	id     jit.ID
	guards []string // in lower case
}

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

// lateSpread is how many closings of a subscription are late before nothing opens
// in it: then it is not about their guards.
const lateSpread = 3

// hold says why nothing opens at the guards, because a closing is stuck or late at
// one of them, or many are in a subscription of theirs; empty when openings may go
// on. It remembers the guards of an opening that waits.
func (l *dueList) hold(opening jit.ID, guards []string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	in := map[string]int{} // late closings, by subscription
	why := ""
	for _, c := range l.late {
		for _, subscription := range resource.SubscriptionsOf(c.guards) {
			in[subscription]++
		}
		if slices.ContainsFunc(c.guards, func(guard string) bool { return slices.Contains(guards, guard) }) {
			why = "the closing of " + string(c.id) + " is late, and closings go first"
		}
	}
	for _, subscription := range resource.SubscriptionsOf(guards) {
		if n := in[subscription]; why == "" && n >= lateSpread {
			why = fmt.Sprintf("%d closings in its subscription are late, and closings go first", n)
		}
	}
	if why != "" {
		l.held[opening] = guards
	} else {
		delete(l.held, opening)
	}
	return why
}

// heldAt are the guards of an opening that waited for a late closing.
func (l *dueList) heldAt(opening jit.ID) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held[opening]
}

// foundDue is what one pass of the loop finds to do. mu guards all of it while
// grants are moved on, many at once; afterwards it is the pass's alone.
type foundDue struct {
	mu     sync.Mutex
	guards map[string]bool // guards to reconcile; true: at once
	seen   map[jit.ID]bool // closings that were seen
	late   []lateClosing
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
	var unconfirmed []string
	for _, p := range g.Paths {
		if !p.Confirmed {
			unconfirmed = append(unconfirmed, strings.ToLower(p.Guard))
		}
	}
	if g.Stuck || now.Sub(g.Clock.Due) > g.StuckAfter() {
		f.late = append(f.late, lateClosing{g.ID, unconfirmed})
	}
	for _, guard := range unconfirmed {
		f.guards[guard] = f.guards[guard] || fresh
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
		f.late = append(f.late, lateClosing{g.ID, g.Guards()})
	}
	for _, guard := range g.Guards() {
		if fresh {
			f.guards[guard] = true
		}
	}
}
