package enforce

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"jitbot/jit"
)

const (
	firstPause = time.Minute // the pause before a VM that cannot be protected is tried again, which grows
	maxPause   = time.Hour
)

// unprotectable are the VMs that cannot be protected as the configuration has it.
// One that is as it was is not read again at each look: there may be thousands.
// mu guards them.
type unprotectable struct {
	mu  sync.Mutex
	vms map[string]refusedVM // by id in lower case
}

// newUnprotectable knows of none.
func newUnprotectable() *unprotectable { return &unprotectable{vms: map[string]refusedVM{}} }

// refusedVM is a VM as it was listed when it was tried last, and until when it is
// let be.
type refusedVM struct {
	seen  string
	pause time.Duration
	until time.Time
}

// isDue reports whether the VM is to be tried now.
func (u *unprotectable) isDue(vm jit.VM) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	key, seen := strings.ToLower(vm.ID), fmt.Sprint(vm)
	old := u.vms[key]
	if old.seen == seen {
		return !time.Now().Before(old.until)
	}
	u.vms[key] = refusedVM{seen: seen}
	return true
}

// refuse has a VM let be for a while, longer each time; how long is spread, so that
// not all are read at once.
func (u *unprotectable) refuse(id string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	vm := u.vms[id]
	vm.pause = min(max(2*vm.pause, firstPause), maxPause)
	vm.until = time.Now().Add(vm.pause/2 + rand.N(vm.pause/2)) //nolint:gosec // spreading load needs no secret
	u.vms[id] = vm
}

// forget has a VM tried again whenever it is not as it should be.
func (u *unprotectable) forget(id string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.vms, id)
}
