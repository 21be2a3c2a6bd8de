package store

import (
	"errors"
	"fmt"

	"jitbot/jit"
)

// Kinds of failure of every store, tested by errors.Is.
var (
	// ErrInUse means that another process holds the store: one instance is
	// active at a time.
	ErrInUse = errors.New("the store is in use")
	// ErrForeign means that what was opened is not a store of jitbot.
	ErrForeign = errors.New("not a store of jitbot")
	// ErrNewer means that a later version of jitbot wrote the store.
	ErrNewer = errors.New("the store is of a newer version")
	// ErrCorrupt means that something in the store is damaged; the error names
	// the record, or the place when none could be read.
	ErrCorrupt = fmt.Errorf("the store is %w", jit.ErrDamaged)
	// ErrStopped means that a write failed before. Nothing is written any
	// more, because what is stored is known only after it was opened again.
	ErrStopped = errors.New("the store has stopped writing")
	// ErrClosed means that the store was closed.
	ErrClosed = errors.New("the store is closed")
)
