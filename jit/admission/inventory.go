package admission

import (
	"context"
	"fmt"
	"slices"

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
	// ErrNotFound when it is gone, ErrUnwatched when it is not to be looked at.
	VM(ctx context.Context, id string) (jit.VM, error)
}

// ErrUnwatched is an ErrNotFound of a VM that may well be there: its subscription
// is not one of those in the configuration.
var ErrUnwatched = fmt.Errorf("in a subscription that is not configured: %w", jit.ErrNotFound)

// ErrDisabled is an ErrForbidden that no role mends: the subscription is disabled,
// and nothing can be changed in it.
var ErrDisabled = fmt.Errorf("the subscription is disabled: %w", jit.ErrForbidden)

// NotClassic leaves out the VMs of the classic deployment model, for which nothing
// can be done.
func NotClassic(vms []jit.VM) []jit.VM {
	return slices.DeleteFunc(slices.Clone(vms), func(vm jit.VM) bool { return vm.Classic })
}

// RefuseClassic says why nothing can be done for a VM of the classic deployment
// model.
func RefuseClassic(vm jit.VM) *jit.Refusal {
	return jit.Refuse(jit.ErrPolicy, "%s is a VM of the classic deployment model, which has no network security group to open or lock; "+
		"migrate it to Resource Manager, then ask again.", vm.Name)
}
