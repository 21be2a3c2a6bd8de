package bot

import (
	"maps"
	"slices"
	"sync"
	"time"

	"jitbot/jit"
)

const (
	maxHomes   = 5000             // that are remembered
	refusedFor = 10 * time.Minute // somebody who gets no tab is told so once in that time
)

// homeTab is what was shown to somebody the last time.
type homeTab struct {
	grants  []jit.ID
	digest  [32]byte
	refused time.Time // when they were told that they get none
}

// homeTabs remember what people were shown. Their zero value is ready.
type homeTabs struct {
	mu     sync.Mutex
	opened map[jit.UserID]bool // to be shown whatever was shown the last time
	making map[jit.UserID]bool // whose tab is being made: what it will show is not known
	last   map[jit.UserID]homeTab
}

// begin says that somebody's tab is being made; call what it returns afterwards.
func (h *homeTabs) begin(id jit.UserID) (end func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.making == nil {
		h.making = map[jit.UserID]bool{}
	}
	h.making[id] = true
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.making, id)
	}
}

// open says that somebody looks at their tab.
func (h *homeTabs) open(id jit.UserID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.opened == nil || len(h.opened) >= maxHomes {
		h.opened = map[jit.UserID]bool{}
	}
	h.opened[id] = true
}

// shows reports whether somebody was shown the same the last time, and has not opened
// the tab since.
func (h *homeTabs) shows(id jit.UserID, digest [32]byte) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	last, ok := h.last[id]
	return ok && last.digest == digest && !h.opened[id]
}

// shown keeps what somebody was shown.
func (h *homeTabs) shown(id jit.UserID, tab homeTab) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.last[id]; h.last == nil || !ok && len(h.last) >= maxHomes {
		h.last = map[jit.UserID]homeTab{}
	}
	h.last[id] = tab
	delete(h.opened, id)
}

// showing are those on whose tab a grant stands, or may stand, and with all everybody
// who was shown a tab.
func (h *homeTabs) showing(g jit.ID, all bool) []jit.UserID {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := slices.Collect(maps.Keys(h.making))
	for id, tab := range h.last {
		if slices.Contains(tab.grants, g) || all && tab.refused.IsZero() {
			out = append(out, id)
		}
	}
	return out
}

// refusedLately reports whether somebody was told a short while ago that they get no
// tab.
func (h *homeTabs) refusedLately(id jit.UserID, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	last, ok := h.last[id]
	return ok && !last.refused.IsZero() && now.Sub(last.refused) < refusedFor
}
