package jit

import (
	"errors"
)

// Outline says in a few words what kind of fault it is; the log has the rest.
func Outline(err error) string {
	switch {
	case errors.Is(err, ErrForbidden):
		return "Azure does not let jitbot read them"
	case errors.Is(err, ErrBusy):
		return "Azure is busy"
	case errors.Is(err, ErrNotFound):
		return "something of it is gone from Azure"
	default:
		return "a service did not answer"
	}
}
