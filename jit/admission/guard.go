package admission

import (
	"context"
	"errors"
	"fmt"

	"jitbot/jit"
	"jitbot/jit/protection"
	"jitbot/jit/rules"
)

// AtGuard is what the store says of a guard: the grants and protections that name
// it, as far as they could be read.
type AtGuard struct {
	Guard string
	rules.Stored

	GrantsFault, ProtectionsFault error
}

// Stored reads what the store says of a guard. What could not be read is a fault
// of the answer, beside what could.
func (c Checker) Stored(ctx context.Context, guard string) AtGuard {
	w := AtGuard{Guard: guard}
	w.Grants, w.GrantsFault = c.Adapters.Grants.AtGuard(ctx, guard)
	w.Protections, w.ProtectionsFault = c.Adapters.Protections.ProtectionsAt(ctx, guard)
	return w
}

// Fault is why not all of it could be read.
func (w AtGuard) Fault() error {
	switch {
	case w.GrantsFault != nil:
		return fmt.Errorf("reading the grants at %s: %w", w.Guard, w.GrantsFault)
	case w.ProtectionsFault != nil:
		return fmt.Errorf("reading the protections at %s: %w", w.Guard, w.ProtectionsFault)
	default:
		return nil
	}
}

// At reads what is at a guard: the rules it has, and all that the store says of
// it.
func (c Checker) At(ctx context.Context, guard string) (rules.Table, AtGuard, error) {
	t, err := c.Table(ctx, guard)
	if err != nil {
		return t, AtGuard{}, err
	}
	w := c.Stored(ctx, guard)
	return t, w, w.Fault()
}

// Protection reads that of a VM; the zero Protection when it has none. name is
// how a fault calls the VM.
func (c Checker) Protection(ctx context.Context, vm, name string) (protection.Protection, error) {
	p, err := c.Adapters.Protections.Protection(ctx, vm)
	switch {
	case errors.Is(err, jit.ErrNotFound):
		return protection.Protection{}, nil
	case err != nil:
		return protection.Protection{}, fmt.Errorf("reading the protection of %s: %w", name, err)
	default:
		return p, nil
	}
}

// Table reads the rules that a guard has.
func (c Checker) Table(ctx context.Context, guard string) (rules.Table, error) {
	t, err := c.Adapters.Network.Table(ctx, guard)
	if err != nil {
		return t, fmt.Errorf("reading the rules of %s: %w", guard, err)
	}
	return t, nil
}

// EveryTable reads every guard of every subscription: what was moved may be in any.
func (c Checker) EveryTable(ctx context.Context) ([]rules.Table, error) {
	var all []rules.Table
	for _, id := range c.Adapters.Network.Subscriptions() {
		tables, err := c.Adapters.Network.Tables(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("reading every rule of subscription %s: %w", id, err)
		}
		all = append(all, tables...)
	}
	return all, nil
}
