package jit_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/jittest"
)

func moving(t *testing.T, g jit.Grant, to guardpath.Origin) jit.Grant {
	t.Helper()
	next, e, err := g.MoveTo(to, jittest.Start.Add(openWithin), jittest.Start)
	if err != nil || e.Kind != jit.EventMoving || !next.Move.Forth() {
		t.Fatalf("%+v, %s, %v", next.Move, e.Kind, err)
	}
	return next
}

func TestMoveIsRefused(t *testing.T) {
	open := opened(t)
	narrowed := open
	narrowed.Request.Asked = narrowed.Request.Extent()
	narrowed.Request.Asked.Sources = jittest.Prefixes("203.0.113.0/24")
	shorter := open
	shorter.Request.Asked = shorter.Request.Extent()
	shorter.Request.Asked.Duration = 3 * time.Hour
	wide := open
	wide.Request.Sources = jittest.Prefixes("203.0.113.0/24")
	tests := map[string]struct {
		g    jit.Grant
		to   string
		at   time.Time
		kind error
		says string
	}{
		"to another address":             {open, "198.51.100.9/32", jittest.Start, nil, ""},
		"to the other family":            {open, "2001:db8::1/128", jittest.Start, nil, ""},
		"to where it is":                 {open, "203.0.113.7/32", jittest.Start, jit.ErrStale, "already"},
		"to more":                        {open, "198.51.100.0/31", jittest.Start, jit.ErrPolicy, "more addresses"},
		"to more of the other family":    {open, "2001:db8::/64", jittest.Start, jit.ErrPolicy, "more addresses"},
		"to everybody":                   {wide, "0.0.0.0/0", jittest.Start, jit.ErrPolicy, "more addresses"},
		"to as many":                     {wide, "198.51.100.0/24", jittest.Start, nil, ""},
		"of what approvers narrowed":     {narrowed, "203.0.113.8/32", jittest.Start, jit.ErrPolicy, "approved from 203.0.113.7/32 only"},
		"of what is only shorter":        {shorter, "203.0.113.8/32", jittest.Start, nil, ""},
		"at its end":                     {open, "198.51.100.9/32", open.Clock.Deadline, jit.ErrStale, "over"},
		"of what has ended":              {mustClose(t, open), "198.51.100.9/32", jittest.Start, jit.ErrStale, "ended"},
		"of what is not open yet":        {after(t, permit, begin), "198.51.100.9/32", jittest.Start, jit.ErrStale, "not open yet"},
		"of what is being moved":         {moving(t, open, origins()[0]), "198.51.100.7/32", jittest.Start, jit.ErrStale, "being moved"},
		"of what is being moved, to it":  {moving(t, open, origins()[0]), "198.51.100.9/32", jittest.Start, jit.ErrStale, "being moved"},
		"back, of what is being moved":   {moving(t, open, origins()[0]), "203.0.113.7/32", jittest.Start, jit.ErrStale, "being moved"},
		"to more, after a move to fewer": {moved(t, wide, "198.51.100.9/32"), "198.51.100.0/24", jittest.Start, nil, ""},
		"to most, after a move to fewer": {moved(t, wide, "198.51.100.9/32"), "198.51.0.0/16", jittest.Start, jit.ErrPolicy, "more addresses"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, _, err := tt.g.MoveTo(guardpath.Origin{Sources: jittest.Prefixes(tt.to), Paths: twoPaths()}, tt.at.Add(openWithin), tt.at)
			if !errors.Is(err, tt.kind) || tt.kind != nil && (!strings.Contains(err.Error(), tt.says) || !reflect.DeepEqual(got, tt.g)) {
				t.Errorf("got %v, want %v that says %q", err, tt.kind, tt.says)
			}
			if err == nil && (!got.Clock.Deadline.Equal(tt.g.Clock.Deadline) || !got.Clock.Until.Equal(tt.g.Clock.Until)) {
				t.Errorf("open until %s, was %s", got.Clock.Deadline, tt.g.Clock.Deadline)
			}
		})
	}
}

// readBack has each guard of the grant read back.
func readBack(t *testing.T, g jit.Grant) jit.Grant {
	t.Helper()
	for _, guard := range guardpath.Guards(g.Paths) {
		next, _, err := g.Rerouted(g.Paths, guard, nil, jittest.Start)
		if err != nil {
			t.Fatal(err)
		}
		g = next
	}
	return g
}

func moved(t *testing.T, g jit.Grant, to string) jit.Grant {
	t.Helper()
	g = moving(t, g, guardpath.Origin{Sources: jittest.Prefixes(to), Paths: twoPaths()})
	g = readBack(t, g)
	g, _, err := g.ConfirmMoved(g, jittest.Start)
	if err != nil || g.Move.Underway() || g.Request.Sources[0].String() != to {
		t.Fatalf("%+v, %v", g.Move, err)
	}
	return g
}

func TestMoveComesIntoForceOnlyAsItWasReadBack(t *testing.T) {
	open := opened(t)
	to := moving(t, open, origins()[3])
	if len(to.Left) != 1 || to.Left[0].Guard != netGuard {
		t.Fatalf("it left %v", to.Left)
	}
	left, _, err := to.LeftGuard(to.Left, netGuard)
	if err != nil {
		t.Fatal(err)
	}
	proved := readBack(t, left)
	back, events, err := proved.MoveBack(proved.Move, "forbidden", jittest.Start)
	if err != nil || len(events) != 1 || !slices.Equal(back.Request.Sources, open.Request.Sources) || !guardpath.Same(back.Paths, open.Paths) {
		t.Fatalf("back to %v at %v, %v", back.Request.Sources, back.Paths, err)
	}
	gone, _, err := back.LeftGuard(back.Left, vpnGuard)
	if err != nil {
		t.Fatal(err)
	}
	gone = readBack(t, gone)
	tests := map[string]struct {
		stored, read jit.Grant
		at           time.Time
		kind         jit.EventKind
	}{
		"as it was read":                  {proved, proved, jittest.Start, jit.EventMoved},
		"with something left elsewhere":   {readBack(t, to), to, jittest.Start, ""},
		"before each guard was read":      {left, left, jittest.Start, ""},
		"as it was read before the move":  {proved, open, jittest.Start, ""},
		"as it was read on the way there": {gone, proved, jittest.Start, ""},
		"back":                            {gone, gone, jittest.Start, jit.EventUnmoved},
		"back with something left there":  {back, back, jittest.Start, ""},
		"at the deadline":                 {proved, proved, open.Clock.Deadline, ""},
		"of what was ended":               {mustClose(t, proved), proved, jittest.Start, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, events, err := tt.stored.ConfirmMoved(tt.read, tt.at)
			if ok := err == nil; ok != (tt.kind != "") || !ok && !errors.Is(err, jit.ErrStale) {
				t.Fatalf("got %v, events %v", err, events)
			}
			if tt.kind != "" && (len(events) != 1 || events[0].Kind != tt.kind || got.Move.Underway()) {
				t.Errorf("events %v, %+v", events, got.Move)
			}
		})
	}
}

// A move that is not in force in time goes back by itself, and one that is under way at the
// end says so.
func TestLateMoveGoesBack(t *testing.T) {
	to := moving(t, opened(t), origins()[0])
	if wake := to.Wake(); !wake.Equal(to.Move.By) {
		t.Errorf("it wakes at %s, want %s", wake, to.Move.By)
	}
	back, events, err := to.ExpireOrRemind("", to.Move.By, to.Move.By)
	if err != nil || len(events) != 1 || events[0].Kind != jit.EventMoving || back.Move.Forth() || back.State != jit.Open {
		t.Fatalf("%+v, %v, %v", back.Move, events, err)
	}
	ended, _, err := to.ExpireOrRemind("", to.Clock.Deadline, to.Clock.Deadline)
	if err != nil || ended.State != jit.Closing || !strings.Contains(ended.Decision.Reason, "from 203.0.113.7/32 to 198.51.100.9/32 was not in force") {
		t.Errorf("%s: %q, %v", ended.State, ended.Decision.Reason, err)
	}
	if forms := ended.Forms(); len(forms) != 2 {
		t.Errorf("what is closing may stand in %d forms, want both", len(forms))
	}
}

// Of an older copy of the store nothing is moved on: it may have been moved elsewhere since.
func TestInterruptedMoveEnds(t *testing.T) {
	got, _, err := moving(t, opened(t), origins()[0]).Interrupt("jitbot was down", jittest.Start)
	if err != nil || got.State != jit.Closing || got.Decision.Ending != jit.Failed {
		t.Errorf("%s, %v", got.State, err)
	}
}
