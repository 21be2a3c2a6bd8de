package jit

import (
	"time"
)

// BegunBefore reports whether rules of a grant that has not ended were written,
// or are about to be, since before then.
func (g Grant) BegunBefore(then time.Time) bool {
	return (g.State == Opening || g.State == Open) && !g.Clock.Begun.IsZero() && g.Clock.Begun.Before(then)
}
