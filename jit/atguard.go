package jit

import (
	"context"
	"errors"
	"fmt"
)

// wish is what the store says of a guard: the grants and protections that name
// it, as far as they could be read.
type wish struct {
	guard string
	live  []Grant
	locks []Protection

	unsure                  bool // a protection here cannot be read, and the others are acted on
	grantsFault, locksFault error
}

func (j judge) stored(ctx context.Context, guard string) wish {
	w := wish{guard: guard}
	w.live, w.grantsFault = j.world.Store.AtGuard(ctx, guard)
	w.locks, w.locksFault = j.world.Store.LocksAt(ctx, guard)
	return w
}

// fault is why not all of it could be read.
func (w wish) fault() error {
	switch {
	case w.grantsFault != nil:
		return fmt.Errorf("reading the grants at %s: %w", w.guard, w.grantsFault)
	case w.locksFault != nil:
		return fmt.Errorf("reading the protections at %s: %w", w.guard, w.locksFault)
	default:
		return nil
	}
}

// at reads what is at a guard: the rules it has, and all that the store says of
// it.
func (j judge) at(ctx context.Context, guard string) (Table, wish, error) {
	t, err := j.table(ctx, guard)
	if err != nil {
		return t, wish{}, err
	}
	w := j.stored(ctx, guard)
	return t, w, w.fault()
}

// protection reads that of a VM; the zero Protection when it has none. name is
// how a fault calls the VM.
func (j judge) protection(ctx context.Context, vm, name string) (Protection, error) {
	p, err := j.world.Store.Protection(ctx, vm)
	switch {
	case errors.Is(err, ErrNotFound):
		return Protection{}, nil
	case err != nil:
		return Protection{}, fmt.Errorf("reading the protection of %s: %w", name, err)
	default:
		return p, nil
	}
}

// table reads the rules that a guard has.
func (j judge) table(ctx context.Context, guard string) (Table, error) {
	t, err := j.world.Network.Table(ctx, guard)
	if err != nil {
		return t, fmt.Errorf("reading the rules of %s: %w", guard, err)
	}
	return t, nil
}
