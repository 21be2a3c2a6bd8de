package jit

import (
	"context"
	"errors"
	"time"

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
		if !errors.Is(err, ErrBusy) && !errors.Is(err, ErrConflict) || time.Now().Add(wait).After(end) {
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
