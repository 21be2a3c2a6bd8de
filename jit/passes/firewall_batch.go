package passes

import (
	"slices"
	"sync"
	"time"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/resource"
)

// A firewall takes Azure minutes to change, and takes one change at a time. So
// what is to be opened there gathers for a moment, goes into one change, and
// waits while a change is under way.

// claimWaits is how long a claim waits for what is beginning: for one write of the
// store, and for nothing slower.
const claimWaits = time.Second

// FirewallBatch knows which firewalls are being changed, by us or by somebody
// else, and the openings that begin there or wait for that. mu guards all of it, and is
// never held while the store writes.
type FirewallBatch struct {
	mu        sync.Mutex
	claimed   map[string]bool             // firewalls that are being read and written
	beginning map[chan struct{}][]string  // guards at which something is beginning, until the channel is closed
	changed   map[string]time.Time        // when firewalls were seen being changed by somebody else
	waiting   map[jit.ID][]guardpath.Path // of openings that wait for a firewall
}

// NewFirewallBatch knows of no change.
func NewFirewallBatch() *FirewallBatch {
	return &FirewallBatch{
		claimed: map[string]bool{}, beginning: map[chan struct{}][]string{}, changed: map[string]time.Time{},
		waiting: map[jit.ID][]guardpath.Path{},
	}
}

// Claim keeps that what is wanted of the guard is being read and written, until
// it is released: who comes later is not in that change. Who is beginning is waited
// for and is in it, unless the store takes long: closings wait for no store.
func (b *FirewallBatch) Claim(guard string) {
	late := time.NewTimer(claimWaits)
	defer late.Stop()
	for _, begun := range b.claim(guard) {
		select {
		case <-begun:
		case <-late.C:
			return
		}
	}
}

// claim claims the guard, and gives what is beginning there.
func (b *FirewallBatch) claim(guard string) []chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.claimed[guard] = true
	var out []chan struct{}
	for begun, guards := range b.beginning {
		if slices.Contains(guards, guard) {
			out = append(out, begun)
		}
	}
	return out
}

// Release ends a Claim.
func (b *FirewallBatch) Release(guard string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.claimed, guard)
}

// BeginUnlessClaimed has an opening begin, unless a firewall on its paths is claimed: then
// the paths are remembered, and begun is false. A Claim waits for begin, so it must be
// short.
func (b *FirewallBatch) BeginUnlessClaimed(id jit.ID, paths []guardpath.Path, begin func() error) (begun bool, err error) {
	done, free := b.enter(guardpath.Guards(paths))
	if !free {
		b.RememberPaths(id, paths)
		return false, nil
	}
	defer b.leave(done)
	return true, begin()
}

// enter notes that something is beginning at the guards; free is false when one of them
// is claimed.
func (b *FirewallBatch) enter(guards []string) (done chan struct{}, free bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if slices.ContainsFunc(guards, func(guard string) bool { return b.claimed[guard] }) {
		return nil, false
	}
	done = make(chan struct{})
	b.beginning[done] = guards
	return done, true
}

// leave ends an enter.
func (b *FirewallBatch) leave(done chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(done)
	delete(b.beginning, done)
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
		if slices.ContainsFunc(paths, func(p guardpath.Path) bool { return resource.Same(p.Guard, guard) }) {
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
func (b *FirewallBatch) RememberPaths(id jit.ID, paths []guardpath.Path) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.waiting) >= maxRemembered {
		clear(b.waiting)
	}
	b.waiting[id] = paths
}

// TakePaths gives them and forgets them.
func (b *FirewallBatch) TakePaths(id jit.ID) []guardpath.Path {
	b.mu.Lock()
	defer b.mu.Unlock()
	paths := b.waiting[id]
	delete(b.waiting, id)
	return paths
}
