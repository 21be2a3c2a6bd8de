package lookup

import (
	"context"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/record"
)

// Service is what people can see. Authority is checked here, at each use, from ids.
type Service struct {
	checks   admission.Checker
	history  History
	readable *readableVMs
	powers   *powerStates
}

// History knows what people asked for before, and what was done.
type History interface {
	// Recent gives the latest request that somebody had stored; the zero
	// Request when there is none.
	Recent(ctx context.Context, by jit.UserID) (jit.Request, error)
	record.History
	// Last is the last line of the record; the zero Event when there is none.
	Last(ctx context.Context) (jit.Event, error)
	// Sealed lists the segments that hold what has left the store of the record: Find knows
	// what is behind them.
	Sealed(ctx context.Context) ([]record.Segment, error)
	// Opened gives the request by which the VM was opened the last time, with the
	// instant of that in At; the zero Request when it is not known to have been. VMs
	// are compared without regard to case.
	Opened(ctx context.Context, vm string) (jit.Request, error)
}

// New makes the service.
func New(checks admission.Checker, history History) *Service {
	return &Service{checks: checks, history: history, readable: &readableVMs{}, powers: &powerStates{}}
}
