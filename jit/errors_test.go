package jit_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/parse"
)

func TestBusyError(t *testing.T) {
	cause := errors.New("429")
	err := fmt.Errorf("writing: %w", &jit.BusyError{Wait: time.Minute, Cause: cause})
	var busy *jit.BusyError
	if !errors.Is(err, jit.ErrBusy) || !errors.Is(err, cause) || !errors.As(err, &busy) || busy.Wait != time.Minute {
		t.Errorf("%v is not known as busy", err)
	}
	if busy.RetryAfter() != time.Minute {
		t.Errorf("is to be tried again after %s", busy.RetryAfter())
	}
	if errors.Is(err, jit.ErrForbidden) || errors.Is(&jit.BusyError{}, jit.ErrLocked) {
		t.Error("busy is taken for something else")
	}
}

func TestRefusal(t *testing.T) {
	at := time.Date(2026, 3, 1, 11, 0, 0, 0, time.FixedZone("CET", 3600))
	no := jit.Refuse(jit.ErrStale, "%s by %s at %s for %s.", jit.ID("g-7k2qd"), jit.UserID("U1"), at, 90*time.Minute)
	if got, want := no.Error(), "g-7k2qd by U1 at 2026-03-01 10:00:00 UTC for 1h30m."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	shown := no.Say(func(a any) string { return fmt.Sprintf("<%T>", a) })
	if want := "<jit.ID> by <jit.UserID> at <time.Time> for <time.Duration>."; shown != want {
		t.Errorf("got %q, want %q", shown, want)
	}
	var again *jit.Refusal
	if wrapped := fmt.Errorf("changing: %w", no); !errors.Is(wrapped, jit.ErrStale) || errors.Is(wrapped, jit.ErrInput) || !errors.As(wrapped, &again) {
		t.Errorf("%v is not known as stale", wrapped)
	}
}

// What people type stands in a sentence as they typed it, never as a format.
func TestRefusalFormatsNoArgument(t *testing.T) {
	_, err := parse.Ports("%d%s%!")
	if got := err.Error(); got != "%d%s%! is no port; write a number from 1 to 65535, a range such as 8000-8010, or ssh, rdp or winrm." {
		t.Errorf("got %q", got)
	}
}
