package closings

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"jitbot/jit"
	"jitbot/jit/resource"
)

// List is what the pass before found due, and which guards the next one is
// to read. Safe for concurrent use: mu guards all of it.
type List struct {
	mu      sync.Mutex
	seen    map[jit.ID]bool // closings that the last pass saw
	late    []lateClosing
	touched map[string]bool     // guards that the next pass is to read
	held    map[jit.ID][]string // guards of openings that waited for a late closing
}

// NewList knows of nothing that is due.
func NewList() *List { return &List{touched: map[string]bool{}, held: map[jit.ID][]string{}} }

// lateClosing is a closing that is stuck or late, with the guards where it is.
type lateClosing struct {
	id     jit.ID
	guards []string // in lower case
}

// Touch has the next pass read the guards.
func (l *List) Touch(guards []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, guard := range guards {
		l.touched[guard] = true
	}
}

// Replace keeps what a pass found and gives the guards to reconcile.
func (l *List) Replace(found *Found) map[string]bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.late, l.seen = found.late, found.seen
	for guard := range l.touched {
		found.guards[guard] = true
	}
	l.touched = map[string]bool{}
	return found.guards
}

// SawClosing reports whether the last pass saw the closing.
func (l *List) SawClosing(id jit.ID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen[id]
}

// lateSpread is how many closings of a subscription are late before nothing opens
// in it: then it is not about their guards.
const lateSpread = 3

// Hold says why nothing opens at the guards, as Late does. It remembers the guards of
// an opening that waits.
func (l *List) Hold(opening jit.ID, guards []string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	why := l.lateAt(guards)
	if why != "" {
		l.held[opening] = guards
	} else {
		delete(l.held, opening)
	}
	return why
}

// Late says that a closing is stuck or late at one of the guards, or many are in a
// subscription of theirs; empty when neither is so.
func (l *List) Late(guards []string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lateAt(guards)
}

func (l *List) lateAt(guards []string) string {
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
	return why
}

// HeldAt are the guards of an opening that waited for a late closing.
func (l *List) HeldAt(opening jit.ID) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held[opening]
}

// Found is what one pass of the loop finds to do. mu guards all of it while
// grants are moved on, many at once; afterwards it is the pass's alone.
type Found struct {
	mu     sync.Mutex
	guards map[string]bool // guards to reconcile; true: at once
	seen   map[jit.ID]bool // closings that were seen
	late   []lateClosing
}

// NewFound is what a pass begins with: nothing.
func NewFound() *Found {
	return &Found{guards: map[string]bool{}, seen: map[jit.ID]bool{}}
}

// Guards are those to reconcile, in lower case; true: at once. They are asked for when
// every grant was moved on.
func (f *Found) Guards() map[string]bool { return f.guards }

// AddClosing adds a closing. One that was not seen before does not
// wait for the pause of whatever failed at its guard before.
func (f *Found) AddClosing(g jit.Grant, fresh bool, now time.Time) {
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

// AddOverdue adds a grant that is overdue and whose closing could not be stored:
// its rules go all the same. Its guards are reconciled at once when it is first
// seen, and by the comparison of all guards afterwards.
func (f *Found) AddOverdue(g jit.Grant, fresh bool, now time.Time) {
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
