package admission

import (
	"context"
	"errors"
	"time"

	"jitbot/jit"
	"jitbot/jit/rules"
	"jitbot/jit/workqueue"
)

// patience is how long an answer may wait for a busy Azure.
const patience = 30 * time.Second

// Patiently tries again while Azure is busy, for as long as a person would
// wait.
func Patiently(ctx context.Context, f func() error) error {
	end := time.Now().Add(patience)
	for failures := 1; ; failures++ {
		err := f()
		wait := workqueue.Backoff(failures, err)
		if !errors.Is(err, jit.ErrBusy) && !errors.Is(err, jit.ErrConflict) || time.Now().Add(wait).After(end) {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return err
		}
	}
}

// Outline says in a few words what kind of fault it is; the log has the rest.
func Outline(err error) string {
	switch {
	case errors.Is(err, jit.ErrForbidden):
		return "Azure does not let jitbot read them"
	case errors.Is(err, jit.ErrBusy):
		return "Azure is busy"
	case errors.Is(err, jit.ErrNotFound):
		return "something of it is gone from Azure"
	default:
		return "a service did not answer"
	}
}

// Missing says, after its name, why a VM is not to be had.
func Missing(err error) string {
	if errors.Is(err, ErrUnwatched) {
		return " is in a subscription that jitbot's configuration does not name any more"
	}
	return " does not exist any more"
}

// Recreated says, after its name, that a VM is another one than was asked for.
const Recreated = " was deleted and created again since it was asked for, so it is another VM"

// Lasting reports whether trying again cannot help: Azure forbids or refuses
// it, or somebody's rule is in the way.
func Lasting(err error) bool {
	return errors.As(err, new(*jit.Refusal)) || errors.Is(err, jit.ErrForbidden) ||
		errors.Is(err, jit.ErrLocked) || errors.Is(err, jit.ErrInvalid)
}

// ReasonFor puts an error into words for a reader; only refusals and Azure's own
// reasons are shown.
func ReasonFor(err error) string {
	no := (*jit.Refusal)(nil)
	switch {
	case errors.As(err, &no):
		return no.Error()
	case errors.Is(err, rules.ErrNotYet):
		return "Azure has not put the change into force yet"
	case errors.Is(err, jit.ErrDisallowed):
		return "Azure Policy does not allow the change; ask whoever manages the policy for an exemption: " + jit.CleanText(err.Error())
	case errors.Is(err, jit.ErrForbidden):
		return "Azure forbids jitbot to change it; give it the role that jitbot role prints"
	case errors.Is(err, jit.ErrLocked):
		return "a lock on it or above it is in the way; remove the lock"
	case errors.Is(err, jit.ErrInvalid):
		return "Azure refuses the rule: " + jit.CleanText(err.Error())
	case errors.Is(err, jit.ErrBusy), errors.Is(err, jit.ErrConflict):
		return "Azure is busy; jitbot keeps trying"
	default:
		return "Azure did not answer; jitbot keeps trying"
	}
}
