package main

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

// The tour is the first thing a newcomer sees: it ends well, tells the whole
// story, and fits an 80-column terminal.
func TestTour(t *testing.T) {
	var out, errs bytes.Buffer
	if code := execute(t.Context(), []string{"--tour"}, &out, &errs); code != 0 {
		t.Fatalf("exit %d: %s\n%s", code, errs.String(), out.String())
	}
	told := out.String()
	at := 0
	for _, scene := range []string{
		"shut to 203.0.113.7", "waits for approval", "yourself", "You can't ask for",
		"is open until", "OPEN to 203.0.113.7", "is closed", "shut to 203.0.113.7", "The chain holds",
	} {
		i := strings.Index(told[at:], scene)
		if i < 0 {
			t.Fatalf("after %q comes no %q:\n%s", told[:at], scene, told)
		}
		at += i
	}
	for line := range strings.Lines(told) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > width {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"--nonsense"}, {"--tour", "more"}, {"--tour", "--listen", "127.0.0.1:0"}} {
		var errs bytes.Buffer
		if code := execute(t.Context(), args, io.Discard, &errs); code != 2 || !strings.Contains(errs.String(), "--tour") {
			t.Errorf("%v: exit %d, %s", args, code, errs.String())
		}
	}
	// What was asked for is no error: it goes where it can be paged.
	var out, errs bytes.Buffer
	if code := execute(t.Context(), []string{"--help"}, &out, &errs); code != 0 || !strings.Contains(out.String(), "--tour") || errs.Len() > 0 {
		t.Errorf("--help: exit %d, out %q, errors %q", code, out.String(), errs.String())
	}
}
