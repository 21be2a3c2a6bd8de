package reconcile

import (
	"context"
	"fmt"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/protection"
	"jitbot/jit/rules"
)

// Protect stores a change of the VM's protection; where there is none, nothing
// changes.
func (r *Reconciler) Protect(ctx context.Context, vm string, f func(protection.Protection) (protection.Protection, []jit.Event)) error {
	ctx, cancel := context.WithTimeout(ctx, storeSlow)
	defer cancel()
	_, err := r.adapters.Protections.Protect(ctx, vm, func(p protection.Protection) (protection.Protection, bool, []jit.Event, error) {
		if p.VM == "" {
			return p, false, nil, nil
		}
		next, events := f(p)
		return next, true, events, nil
	})
	if err != nil {
		return fmt.Errorf("storing the protection of %s: %w", vm, err)
	}
	return nil
}

// storeConfirmed changes a protection by what was read back of it as it was read. One
// that says something else meanwhile is read again: of that nothing was
// read back.
func (r *Reconciler) storeConfirmed(ctx context.Context, read protection.Protection,
	f func(protection.Protection) (next protection.Protection, keep bool, events []jit.Event),
) (protection.Protection, error) {
	ctx, cancel := context.WithTimeout(ctx, storeSlow)
	defer cancel()
	stale := false
	p, err := r.adapters.Protections.Protect(ctx, read.VM, func(p protection.Protection) (protection.Protection, bool, []jit.Event, error) {
		if stale = p.State != read.State || !p.Same(read) || !guardpath.Same(p.Left, read.Left); stale {
			return p, p.VM != "", nil, nil
		}
		next, keep, events := f(p)
		return next, keep, events, nil
	})
	switch {
	case err != nil:
		return p, fmt.Errorf("storing the protection of %s: %w", read.Name, err)
	case stale:
		return p, rules.ErrNotYet
	default:
		return p, nil
	}
}
