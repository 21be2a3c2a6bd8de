package passes

import (
	"slices"
	"sync"
	"time"

	"jitbot/jit"
)

// gatherFor is how long what has happened to many at once is gathered.
const gatherFor = 45 * time.Second

// Gathered gathers what happens to many machines at once, at a start most of all,
// so that the channel gets one message of it. Safe for concurrent use.
type Gathered struct {
	mu     sync.Mutex
	since  time.Time
	events []jit.Event
}

// Add gathers an event.
func (g *Gathered) Add(e jit.Event) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.events) == 0 {
		g.since = time.Now()
	}
	g.events = append(g.events, e)
}

// Ready reports whether something was gathered for long enough.
func (g *Gathered) Ready() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.events) > 0 && time.Since(g.since) >= gatherFor
}

// Take gives one event for each kind that was gathered, and keeps none.
func (g *Gathered) Take(now time.Time) []jit.Event {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []jit.Event
	for len(g.events) > 0 {
		first := g.events[0]
		alike := func(e jit.Event) bool { return e.Kind == first.Kind }
		others := slices.DeleteFunc(slices.Clone(g.events[1:]), func(e jit.Event) bool { return !alike(e) })
		out = append(out, first.Together(others, now))
		g.events = slices.DeleteFunc(g.events, alike)
	}
	return out
}
