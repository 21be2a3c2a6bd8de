package admission

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"jitbot/jit"
	"jitbot/jit/inventory"
	"jitbot/jit/resource"
)

const (
	// SecondAnswer is how long after the first answer without a resource a second
	// one, and a list begun after both, may prove that it is gone.
	SecondAnswer = 10 * time.Second
	// MoveLimit is the longest that a resource is known under neither id while it is
	// moved.
	// https://learn.microsoft.com/azure/azure-resource-manager/management/move-resource-group-and-subscription
	MoveLimit = 4 * time.Hour

	absenceGap = 5 * time.Minute // answers that lie further apart are not about one absence
)

// ErrAbsent says that Azure does not know something just now, which proves nothing:
// one of its replicas may be behind, or the resource be on its way.
var ErrAbsent = errors.New("not there just now, which proves nothing yet")

// readVM reads a VM afresh. One that Azure does not know just now, and that is in a list
// begun later, is ErrConflict: it is worth another try.
func (c Checker) readVM(ctx context.Context, id string) (jit.VM, error) {
	vm, err := c.Adapters.Inventory.VM(ctx, id)
	if !errors.Is(err, jit.ErrNotFound) || errors.Is(err, inventory.ErrUnwatched) {
		return vm, err
	}
	vms, listErr := c.VMs.List(ctx, resource.Subscription(id), 0)
	if listErr != nil {
		return vm, listErr
	}
	if slices.ContainsFunc(vms, func(o jit.VM) bool { return resource.Same(o.ID, id) }) {
		return vm, fmt.Errorf("%w: %w", jit.ErrConflict, ErrAbsent)
	}
	return vm, err
}

// Absences remembers since when Azure has not known what it was asked for, by id.
// It is forgotten at once when it is seen again, and when nobody asked for a while.
// Safe for concurrent use.
type Absences struct {
	mu      sync.Mutex
	missing map[string]absence
}

// absence is when a resource was missed first, and last.
type absence struct{ first, last time.Time }

// NewAbsences remembers nothing.
func NewAbsences() *Absences { return &Absences{missing: map[string]absence{}} }

// Missed notes that Azure does not know the resource now, and gives when it was
// missed first: now, unless it was missed before and not seen since.
func (a *Absences) Missed(id string) time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	for key, old := range a.missing {
		if now.Sub(old.last) > absenceGap {
			delete(a.missing, key)
		}
	}
	key := strings.ToLower(id)
	found, known := a.missing[key]
	if !known {
		found.first = now
	}
	found.last = now
	a.missing[key] = found
	return found.first
}

// Seen notes that the resource is there.
func (a *Absences) Seen(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.missing, strings.ToLower(id))
}

// Namesakes are the guards that are missing and have the name of this one, which may be
// one of them, moved.
func (a *Absences) Namesakes(guard string) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []string
	for id, found := range a.missing {
		same := resource.Same(resource.GuardName(id), resource.GuardName(guard)) && !resource.Same(id, guard)
		if same && time.Since(found.last) <= absenceGap {
			out = append(out, id)
		}
	}
	return out
}
