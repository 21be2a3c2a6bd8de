package admission

import (
	"slices"
	"sync"
	"time"

	"jitbot/jit"
	"jitbot/jit/resource"
)

// A firewall takes Azure minutes to change, and takes one change at a time. So
// what is to be opened there gathers for a moment, goes into one change, and
// waits while a change is under way.

// FirewallBatch knows which firewalls are being changed, by us or by somebody
// else, and the openings that wait for that. mu guards the maps, beginning that
// nothing begins while a firewall is claimed.
type FirewallBatch struct {
	// beginning is held shared by whoever begins at firewalls, and alone by whoever
	// claims one: what began before a claim is in what is read next. It is taken
	// before mu.
	beginning sync.RWMutex

	mu      sync.Mutex
	claimed map[string]bool       // firewalls that are being read and written
	changed map[string]time.Time  // when firewalls were seen being changed by somebody else
	waiting map[jit.ID][]jit.Path // of openings that wait for a firewall
}

// NewFirewallBatch knows of no change.
func NewFirewallBatch() *FirewallBatch {
	return &FirewallBatch{claimed: map[string]bool{}, changed: map[string]time.Time{}, waiting: map[jit.ID][]jit.Path{}}
}

// Claim keeps that what is wanted of the guard is being read and written, until
// it is released: who comes later is not in that change.
func (b *FirewallBatch) Claim(guard string) {
	b.beginning.Lock() // whoever is beginning is in what is read next
	defer b.beginning.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.claimed[guard] = true
}

// Release ends a Claim.
func (b *FirewallBatch) Release(guard string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.claimed, guard)
}

// BeginUnlessClaimed has an opening begin, unless a firewall on its paths is claimed: then
// the paths are remembered, and begun is false. begin runs while nobody can
// Claim a firewall, so it must be short.
func (b *FirewallBatch) BeginUnlessClaimed(id jit.ID, paths []jit.Path, begin func() error) (begun bool, err error) {
	b.beginning.RLock()
	defer b.beginning.RUnlock()
	if slices.ContainsFunc(jit.GuardsOf(paths), b.IsClaimed) {
		b.RememberPaths(id, paths)
		return false, nil
	}
	return true, begin()
}

// IsClaimed reports whether the guard is being read and written.
func (b *FirewallBatch) IsClaimed(guard string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.claimed[guard]
}

// NoteChanging keeps what was just seen of the guard.
func (b *FirewallBatch) NoteChanging(guard string, changing bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if delete(b.changed, guard); changing {
		b.changed[guard] = time.Now()
	}
}

// WasChanging reports whether the guard was seen being changed by somebody else
// a moment ago. Later, whoever asks first reads it again, and the others wait for
// what it reads: hundreds may wait.
func (b *FirewallBatch) WasChanging(guard string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	seen, known := b.changed[guard]
	if !known || time.Since(seen) < OpeningWaitsFor {
		return known
	}
	b.changed[guard] = time.Now()
	return false
}

// OpeningWaitsAt reports whether an opening waits for a change of the guard to end.
func (b *FirewallBatch) OpeningWaitsAt(guard string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, paths := range b.waiting {
		if slices.ContainsFunc(paths, func(p jit.Path) bool { return resource.Same(p.Guard, guard) }) {
			return true
		}
	}
	return false
}

// OpeningWaitsFor is how soon an opening that waits is tried again; with what a
// queue adds to it, all that wait are tried within the time in which openings gather.
const OpeningWaitsFor = 2 * time.Second

const maxRemembered = 1000

// RememberPaths keeps the paths of an opening that is held, so that it is not
// checked anew each time it is tried.
func (b *FirewallBatch) RememberPaths(id jit.ID, paths []jit.Path) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.waiting) >= maxRemembered {
		clear(b.waiting)
	}
	b.waiting[id] = paths
}

// TakePaths gives them and forgets them.
func (b *FirewallBatch) TakePaths(id jit.ID) []jit.Path {
	b.mu.Lock()
	defer b.mu.Unlock()
	paths := b.waiting[id]
	delete(b.waiting, id)
	return paths
}
