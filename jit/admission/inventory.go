package admission

import (
	"context"
	"fmt"
	"slices"

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
