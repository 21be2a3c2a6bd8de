package store

import (
	"errors"
	"fmt"

	"jitbot/jit"
)

// Kinds of failure of the store, tested by errors.Is.
var (
	// ErrInUse means that another process holds the file: one instance is
	// active at a time.
	ErrInUse = errors.New("the store is in use")
	// ErrExposed means that others could read or change the file.
	ErrExposed = errors.New("the store is exposed")
	// ErrForeign means that the file is not a store of jitbot.
	ErrForeign = errors.New("not a store of jitbot")
	// ErrNewer means that a later version of jitbot wrote the file.
	ErrNewer = errors.New("the store is of a newer version")
	// ErrCorrupt means that something in the file is damaged; the error names
	// the record, or the page when none could be read.
	ErrCorrupt = fmt.Errorf("the store is %w", jit.ErrDamaged)
	// ErrReplaced means that the path no longer leads to the file that is open.
	ErrReplaced = errors.New("the store was replaced")
	// ErrStopped means that writing to the disk failed before. Nothing is
	// written any more, because what the disk holds is known only after a new
	// Open.
	ErrStopped = errors.New("the store has stopped writing")
	// ErrClosed means that Close was called.
	ErrClosed = errors.New("the store is closed")
)

// meanwhile ends each sentence about a store that cannot be used.
const meanwhile = `meanwhile "jitbot sweep" still closes what is due`

// refusal is why a store is not opened or no longer used: one sentence that
// says what to do.
type refusal struct {
	kind, cause error // cause may be nil
	text        string
}

func refuse(kind, cause error, format string, args ...any) error {
	return &refusal{kind: kind, cause: cause, text: fmt.Sprintf(format, args...) + "; " + meanwhile}
}

// Error implements error.
func (r *refusal) Error() string { return r.text }

// Unwrap gives the kind and the cause.
func (r *refusal) Unwrap() []error {
	if r.cause == nil {
		return []error{r.kind}
	}
	return []error{r.kind, r.cause}
}

// damaged says that a record cannot be believed.
func damaged(bucket string, key []byte, why any) error {
	return fmt.Errorf("%w: %s %q: %v", ErrCorrupt, bucket, key, why)
}
