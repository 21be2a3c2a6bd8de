package jit

import (
	"errors"
	"slices"

	"jitbot/jit/resource"
)

// Lasting reports whether trying again cannot help: Azure forbids or refuses
// it, or somebody's rule is in the way.
func Lasting(err error) bool {
	return errors.As(err, new(*Refusal)) || errors.Is(err, ErrForbidden) || errors.Is(err, ErrLocked) || errors.Is(err, ErrInvalid)
}

// ReasonFor puts an error into words for a reader; only refusals and Azure's own
// reasons are shown.
func ReasonFor(err error) string {
	no := (*Refusal)(nil)
	switch {
	case errors.As(err, &no):
		return no.Error()
	case errors.Is(err, ErrNotYet):
		return "Azure has not put the change into force yet"
	case errors.Is(err, ErrDisallowed):
		return "Azure Policy does not allow the change; ask whoever manages the policy for an exemption: " + CleanText(err.Error())
	case errors.Is(err, ErrForbidden):
		return "Azure forbids jitbot to change it; give it the role that jitbot role prints"
	case errors.Is(err, ErrLocked):
		return "a lock on it or above it is in the way; remove the lock"
	case errors.Is(err, ErrInvalid):
		return "Azure refuses the rule: " + CleanText(err.Error())
	case errors.Is(err, ErrBusy), errors.Is(err, ErrConflict):
		return "Azure is busy; jitbot keeps trying"
	default:
		return "Azure did not answer; jitbot keeps trying"
	}
}

// Follows reports whether the rules of an open grant at the guard were not yet
// read back since its VM moved behind it.
func (g Grant) Follows(guard string) bool {
	return slices.ContainsFunc(g.Paths, func(p Path) bool { return resource.Same(p.Guard, guard) && !p.Confirmed })
}
