package workqueue

import (
	"context"
	"slices"
	"sync"
	"time"
)

// patience is how long work keeps its place: what takes longer waits for something
// outside, which may hang, and goes on without one.
const patience = 500 * time.Millisecond

// places bound how much work begins at once. A free one goes to urgent work first,
// then to the group that holds the fewest, then to who came first.
type places struct {
	mu      sync.Mutex // guards all of it
	free    int
	held    map[string]int // by group
	waiting []*turn
}

// turn is one wait for a place.
type turn struct {
	group  string
	urgent bool
	given  chan struct{} // closed when the place is given
}

func newPlaces(most int) *places { return &places{free: most, held: map[string]int{}} }

// queue begins a wait.
func (p *places) queue(group string, urgent bool) *turn {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := &turn{group: group, urgent: urgent, given: make(chan struct{})}
	p.waiting = append(p.waiting, t)
	p.give()
	return t
}

// hurry makes a wait urgent.
func (p *places) hurry(t *turn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t.urgent = true
}

// wait waits for the place; false, and the turn is over, when the context ends.
func (p *places) wait(ctx context.Context, t *turn) bool {
	select {
	case <-t.given:
	case <-ctx.Done():
	}
	if ctx.Err() == nil {
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.waiting, t); i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
	} else {
		p.takeBack(t)
	}
	return false
}

// leave gives the place back.
func (p *places) leave(t *turn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.takeBack(t)
}

// takeBack makes the place of a turn free. mu is held.
func (p *places) takeBack(t *turn) {
	p.free++
	if p.held[t.group]--; p.held[t.group] == 0 {
		delete(p.held, t.group)
	}
	p.give()
}

// give hands free places out. mu is held.
func (p *places) give() {
	for p.free > 0 && len(p.waiting) > 0 {
		next := 0
		for i, t := range p.waiting {
			if p.before(t, p.waiting[next]) {
				next = i
			}
		}
		t := p.waiting[next]
		p.waiting = slices.Delete(p.waiting, next, next+1)
		p.free--
		p.held[t.group]++
		close(t.given)
	}
}

// before reports whether a turn goes before one that came earlier. mu is held.
func (p *places) before(t, earlier *turn) bool {
	if t.urgent != earlier.urgent {
		return t.urgent
	}
	return p.held[t.group] < p.held[earlier.group]
}
