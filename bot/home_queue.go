package bot

import (
	"slices"
	"sync"
	"time"

	"jitbot/jit"
)

const (
	homeWorkers = 4
	maxHomes    = 5000             // that are remembered
	refusedFor  = 10 * time.Minute // somebody who gets no tab is told so once in that time
)

// homeTab is what was shown to somebody the last time.
type homeTab struct {
	grants  []jit.ID
	digest  [32]byte
	refused time.Time // when they were told that they get none
}

// homeQueue are the Home tabs that are to be shown again. Each person's is shown by
// one goroutine at a time, so that an older view never comes after a newer one, and
// one that hangs keeps nobody else waiting.
type homeQueue struct {
	mu    sync.Mutex
	todo  []jit.UserID
	busy  map[jit.UserID]bool
	fresh map[jit.UserID]bool // to be published whatever was shown the last time
	last  map[jit.UserID]homeTab
	wake  chan struct{}
}

func newHomeQueue() homeQueue {
	return homeQueue{
		busy: map[jit.UserID]bool{}, fresh: map[jit.UserID]bool{}, last: map[jit.UserID]homeTab{},
		wake: make(chan struct{}, homeWorkers),
	}
}

// want asks for somebody's tab; who looks at it now comes first.
func (h *homeQueue) want(id jit.UserID, now bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.todo = slices.DeleteFunc(h.todo, func(o jit.UserID) bool { return now && o == id })
	switch {
	case now:
		h.todo, h.fresh[id] = slices.Insert(h.todo, 0, id), true
	case !slices.Contains(h.todo, id):
		h.todo = append(h.todo, id)
	}
	h.wakeOne()
}

func (h *homeQueue) wakeOne() {
	select {
	case h.wake <- struct{}{}:
	default: // they are awake
	}
}

// next is the first whose tab nobody makes at this moment; say done afterwards.
func (h *homeQueue) next() (jit.UserID, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	at := slices.IndexFunc(h.todo, func(id jit.UserID) bool { return !h.busy[id] })
	if at < 0 {
		return "", false
	}
	id := h.todo[at]
	h.todo, h.busy[id] = slices.Delete(h.todo, at, at+1), true
	return id, true
}

// done says that a tab was made, or is to be made once more.
func (h *homeQueue) done(id jit.UserID, again bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.busy, id)
	if again && !slices.Contains(h.todo, id) {
		h.todo = append(h.todo, id)
	}
	if len(h.todo) > 0 {
		h.wakeOne()
	}
}

// shows reports whether somebody was shown the same the last time, and has not asked
// for it since.
func (h *homeQueue) shows(id jit.UserID, digest [32]byte) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	last, ok := h.last[id]
	return ok && last.digest == digest && !h.fresh[id]
}

// shown keeps what somebody was shown.
func (h *homeQueue) shown(id jit.UserID, tab homeTab) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.last[id]; !ok && len(h.last) >= maxHomes {
		clear(h.last)
	}
	h.last[id] = tab
	delete(h.fresh, id)
}

// showing are those on whose tab a grant stands, and with all everybody who was shown
// a tab.
func (h *homeQueue) showing(g jit.ID, all bool) []jit.UserID {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []jit.UserID
	for id, tab := range h.last {
		if slices.Contains(tab.grants, g) || all && tab.refused.IsZero() {
			out = append(out, id)
		}
	}
	return out
}

// refusedLately reports whether somebody was told a short while ago that they get no
// tab.
func (h *homeQueue) refusedLately(id jit.UserID, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	last, ok := h.last[id]
	return ok && !last.refused.IsZero() && now.Sub(last.refused) < refusedFor
}
