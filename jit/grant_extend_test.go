package jit_test

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"jitbot/jit"
	"jitbot/jit/jittest"
)

var extendTerms = jit.ExtendTerms{Times: 2, Total: 3 * time.Hour}

// outlives says why the grant may be open for longer than was asked for, approved and
// read back; empty when it may not.
func (l *life) outlives() string {
	g := l.grant
	if g.Clock.Opened.IsZero() {
		return ""
	}
	most := g.Clock.Opened.Add(g.Request.Duration + l.longer)
	switch {
	case g.Clock.Deadline.After(most):
		return "its deadline is after what was confirmed"
	case l.longer > 0 && g.Clock.Deadline.Sub(g.Clock.Opened) > extendTerms.Total:
		return "it is open for longer than the total"
	case g.Extended > extendTerms.Times:
		return "it was extended too often"
	case g.MayStandAt(g.Clock.Deadline):
		return "its rules may stand at its deadline"
	case g.State != jit.Open && !g.Extension.At.IsZero():
		return "it is being extended and is " + string(g.State)
	case g.Extension.Underway() && g.WrittenUntil().Before(g.Clock.Deadline.Add(g.Extension.By)):
		return "its rules say an until before its deadline"
	}
	return ""
}

func (l *life) extend(t *rapid.T) {
	d := time.Duration(rapid.IntRange(1, 7200).Draw(t, "more")) * time.Second
	required := rapid.IntRange(0, 2).Draw(t, "approvals")
	l.try(t, single(func(g jit.Grant, now time.Time) (jit.Grant, jit.Event, error) {
		return g.Extend(d, extendTerms, required, []string{"S1"}, now)
	}))
}

func (l *life) answerMore(t *rapid.T, by jit.Person) {
	number, yes := rapid.IntRange(0, 3).Draw(t, "number"), rapid.IntRange(0, 3).Draw(t, "yes") > 0
	l.try(t, single(func(g jit.Grant, now time.Time) (jit.Grant, jit.Event, error) {
		if yes {
			return g.ApproveExtension(number, by, 1, nil, now)
		}
		return g.DenyExtension(number, by, "", now)
	}))
}

func (l *life) confirmLonger(t *rapid.T) {
	by := l.grant.Extension.By
	read := l.grant
	if l.try(t, func(g jit.Grant, now time.Time) (jit.Grant, []jit.Event, error) { return g.ConfirmExtended(read, now) }) {
		l.longer += by
	}
}

func opened(t *testing.T) jit.Grant {
	t.Helper()
	return after(t, permit, begin, confirm)
}

func TestExtensionComesIntoForceOnlyAsItWasReadBack(t *testing.T) {
	open := opened(t)
	longer, _, err := open.Extend(time.Hour, extendTerms, 0, nil, jittest.Start)
	if err != nil || !longer.Clock.Deadline.Equal(open.Clock.Deadline) {
		t.Fatalf("until %s, %v", longer.Clock.Deadline, err)
	}
	moved := longer
	moved.Paths = moved.Paths[:1]
	tests := map[string]struct {
		stored, read jit.Grant
		at           time.Time
		ok           bool
	}{
		"as it was read":             {longer, longer, jittest.Start, true},
		"before it was asked for":    {longer, open, jittest.Start, false},
		"where its VM was":           {longer, moved, jittest.Start, false},
		"in the last instant":        {longer, longer, longer.Clock.Deadline.Add(-1), true},
		"at the old deadline":        {longer, longer, longer.Clock.Deadline, false},
		"of what was ended":          {mustClose(t, longer), longer, jittest.Start, false},
		"of what is extended by now": {open, longer, jittest.Start, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, events, err := tt.stored.ConfirmExtended(tt.read, tt.at)
			if ok := err == nil; ok != tt.ok || !ok && !errors.Is(err, jit.ErrStale) {
				t.Fatalf("got %v, events %v", err, events)
			}
			want := tt.stored.Clock.Deadline
			if tt.ok {
				want = want.Add(time.Hour)
			}
			if !got.Clock.Deadline.Equal(want) || got.Clock.Until.Before(want) {
				t.Errorf("the deadline is %s and until %s, want %s", got.Clock.Deadline, got.Clock.Until, want)
			}
		})
	}
}

func mustClose(t *testing.T, g jit.Grant) jit.Grant {
	t.Helper()
	closing, _, err := g.Close(jit.Decision{Ending: jit.Revoked, By: bob}, jittest.Start, jittest.Start)
	if err != nil {
		t.Fatal(err)
	}
	return closing
}
