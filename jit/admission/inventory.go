package admission

import (
	"context"
	"fmt"

	"jitbot/jit"
)

// Inventory knows the virtual machines of the subscriptions.
type Inventory interface {
	// Subscriptions are those that are looked at, by GUID in lower case.
	Subscriptions() []string
	// VMs lists those of one subscription.
	VMs(ctx context.Context, subscription string) ([]jit.VM, error)
	// Powers reads the power states (running, deallocated, …) of all, by resource
	// id in lower case. With an error, what could be read is returned too.
	Powers(ctx context.Context) (map[string]string, error)
	// VM reads one afresh, with its interfaces, addresses and guards.
	// ErrNotFound when it is gone, inventory.ErrUnwatched when it is not to be looked at.
	VM(ctx context.Context, id string) (jit.VM, error)
	// Interfaces lists the network interfaces of the subscriptions, also those that no
	// VM has, with their addresses and guards.
	Interfaces(ctx context.Context) ([]jit.Interface, error)
}

// ErrDisabled is an ErrForbidden that no role mends: the subscription is disabled,
// and nothing can be changed in it.
var ErrDisabled = fmt.Errorf("the subscription is disabled: %w", jit.ErrForbidden)
