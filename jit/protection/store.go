package protection

import (
	"context"

	"jitbot/jit"
)

// Store keeps the protections of VMs. VMs and guards are compared without
// regard to case.
type Store interface {
	// Protect gives the VM's protection, the zero Protection when there is none,
	// to f and stores what f returns and its events; keep false removes it. f
	// may run more than once and must not have effects. An error of f is
	// returned as it is and nothing is stored; without a change of revision and
	// without events nothing is written.
	Protect(ctx context.Context, vm string, f func(Protection) (next Protection, keep bool, events []jit.Event, err error)) (Protection, error)
	// Protection reads that of a VM. ErrNotFound.
	Protection(ctx context.Context, vm string) (Protection, error)
	// Protections lists them all, by VM.
	Protections(ctx context.Context) ([]Protection, error)
	// ProtectionsAt lists the protections that name the guard.
	ProtectionsAt(ctx context.Context, guard string) ([]Protection, error)
}
