package passes

import (
	"strings"
	"sync"
)

// InForce is what this process has read in force, or has itself begun to write: grants
// by id and protected VMs in lower case, each with its guards in lower case. Only that
// is repaired, so that an older copy of the store re-opens nothing. The zero InForce knows of nothing. Safe for concurrent use.
type InForce struct {
	mu   sync.Mutex
	seen map[string]map[string]bool // by grant or VM, then by guard
}

// Note notes that something is in force at guards.
func (f *InForce) Note(what string, guards ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.seen == nil {
		f.seen = map[string]map[string]bool{}
	}
	if f.seen[what] == nil {
		f.seen[what] = map[string]bool{}
	}
	for _, guard := range guards {
		f.seen[what][strings.ToLower(guard)] = true
	}
}

// Has reports whether something is in force at all of the guards.
func (f *InForce) Has(what string, guards ...string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, guard := range guards {
		if !f.seen[what][strings.ToLower(guard)] {
			return false
		}
	}
	return true
}

// Forget forgets what has ended.
func (f *InForce) Forget(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.seen, what)
}
