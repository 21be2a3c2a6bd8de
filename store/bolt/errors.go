package bolt

import (
	"errors"
	"fmt"

	"jitbot/store"
)

// Kinds of failure of a file, beside those of every store, tested by errors.Is.
var (
	// ErrExposed means that others could read or change the file.
	ErrExposed = errors.New("the store is exposed")
	// ErrReplaced means that the path no longer leads to the file that is open.
	ErrReplaced = errors.New("the store was replaced")
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
	return fmt.Errorf("%w: %s %q: %v", store.ErrCorrupt, bucket, key, why)
}
