package jit

import (
	"errors"
	"time"
)

// BegunBefore reports whether rules of a grant that has not ended were written,
// or are about to be, since before then.
func (g Grant) BegunBefore(then time.Time) bool {
	return (g.State == Opening || g.State == Open) && !g.Clock.Begun.IsZero() && g.Clock.Begun.Before(then)
}

// Missing says, after its name, why a VM is not to be had.
func Missing(err error) string {
	if errors.Is(err, ErrUnwatched) {
		return " is in a subscription that jitbot's configuration does not name any more"
	}
	return " does not exist any more"
}
