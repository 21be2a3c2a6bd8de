package admission

import (
	"context"
	"fmt"

	"jitbot/jit"
)

// Inventory knows the virtual machines of the subscriptions.
type Inventory interface {
	// VMs lists them all.
	VMs(ctx context.Context) ([]jit.VM, error)
	// Powers reads their power states (running, deallocated, …), by resource id
	// in lower case.
	Powers(ctx context.Context) (map[string]string, error)
	// VM reads one afresh, with its interfaces, addresses and guards.
	// ErrNotFound when it is gone, ErrUnwatched when it is not to be looked at.
	VM(ctx context.Context, id string) (jit.VM, error)
	// Interfaces lists the network interfaces of the subscriptions, also those that no
	// VM has, with their addresses and guards.
	Interfaces(ctx context.Context) ([]jit.Interface, error)
}

// ErrUnwatched is an ErrNotFound of a VM that may well be there: its subscription
// is not one of those in the configuration.
var ErrUnwatched = fmt.Errorf("in a subscription that is not configured: %w", jit.ErrNotFound)
