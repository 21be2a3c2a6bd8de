package host

import (
	"context"
	"io"

	"jitbot/jit"
	"jitbot/jit/record"
)

// Session is what somebody on the bot's machine can do, as whom is settled. The
// methods of a client and of the bot itself are the same.
type Session interface {
	// Status lists what has not ended and what is stuck.
	Status(ctx context.Context) (Status, error)
	// Grant reads one grant. ErrNotFound.
	Grant(ctx context.Context, id jit.ID) (Grant, error)
	// End closes what is live and withdraws what waits; it does not wait until it is
	// gone, and a grant that has ended is no error. ErrNotFound.
	End(ctx context.Context, id jit.ID) (Grant, error)
	// EndAll ends all that has not ended. With an error, what could be ended is.
	EndAll(ctx context.Context) ([]Grant, error)
	// Backup writes a consistent copy of the store.
	Backup(ctx context.Context, w io.Writer) error
	// Copied records that a copy of something is taken.
	Copied(ctx context.Context, what string) error
	// Events reads the record in order from after the sequence number, at most limit
	// lines. It stops before a line that cannot be read, and returns those before it
	// with the error, which is jit.ErrDamaged.
	Events(ctx context.Context, after uint64, limit int) ([]jit.Event, error)
	// Sealed lists the segments that hold the beginning of the record; Events has what is
	// behind them.
	Sealed(ctx context.Context) ([]record.Segment, error)
	// Last is the last line of the record as the store counts it, the zero Anchor
	// where there is none. ErrDamaged when the end is lost.
	Last(ctx context.Context) (record.Anchor, error)
}
