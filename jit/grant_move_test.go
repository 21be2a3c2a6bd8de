package jit_test

import (
	"errors"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/jittest"
)

const vpnGuard = "/g/vpn"

// origins are addresses that a grant is moved to: some of more addresses, some by other guards.
func origins() []guardpath.Origin {
	vpn := slices.Concat(twoPaths()[:1], []guardpath.Path{{VM: jittest.VMID, Guard: vpnGuard, Addresses: twoPaths()[0].Addresses}})
	return []guardpath.Origin{
		{Sources: jittest.Prefixes("198.51.100.9/32"), Paths: twoPaths(), Warnings: []string{"others come along"}},
		{Sources: jittest.Prefixes("198.51.100.8/31"), Paths: twoPaths()},
		{Sources: jittest.Prefixes("203.0.113.7/32"), Paths: twoPaths()},
		{Sources: jittest.Prefixes("10.8.0.5/32"), Paths: vpn},
		{Sources: jittest.Prefixes("2001:db8::1/128"), Paths: vpn[:1]},
		{Sources: jittest.Prefixes("2001:db8::/64"), Paths: vpn[:1]},
		{Sources: jittest.Prefixes("203.0.113.3/32"), Paths: twoPaths()},
		{Sources: jittest.Prefixes("203.0.113.0/30"), Paths: vpn},
		{Sources: jittest.Prefixes("203.0.113.8/30"), Paths: twoPaths()},
	}
}

// strays says what of the source is not as was approved, or what a move that is over left
// behind; empty when nothing is.
func (l *life) strays() string {
	g := l.grant
	if l.from == nil && g.State == jit.Open {
		l.from = g.Request.Sources
	}
	if l.from == nil {
		return ""
	}
	for _, f := range g.Forms() {
		for _, s := range f.Request.Sources {
			if !guardpath.AsWide(s, l.from) || l.narrowed && !guardpath.Within(s, l.from) {
				return s.String() + " is more than what was approved"
			}
		}
	}
	switch {
	case g.State == jit.Open && g.Move.Forth() && g.Wake().After(g.Move.By):
		return "it wakes after its move should have been in force"
	case g.State == jit.Open && !g.Move.Underway() && !slices.Equal(g.Request.Sources, l.holds()):
		return "it is from " + g.Request.Sources[0].String() + ", and that was never confirmed"
	}
	return ""
}

// allowLess has the request approved from fewer addresses.
func (l *life) allowLess(g jit.Grant, now time.Time) (jit.Grant, []jit.Event, error) {
	l.narrowed = true
	g, _, err := g.Wait(jittest.Asker, []string{"S1"}, 1, now.Add(lapseAfter), now)
	if err != nil {
		return g, nil, err
	}
	less := g.Request.Extent()
	less.Sources = jittest.Prefixes("203.0.113.0/29")
	g, e, err := g.ApproveLess(bob, less, now)
	return g, []jit.Event{e}, err
}

// holds is the source that was confirmed last.
func (l *life) holds() []netip.Prefix {
	if l.moved != nil {
		return l.moved
	}
	return l.from
}

func (l *life) move(t *rapid.T) {
	to := rapid.SampledFrom(origins()).Draw(t, "to")
	l.try(t, single(func(g jit.Grant, now time.Time) (jit.Grant, jit.Event, error) {
		return g.MoveTo(to, now.Add(openWithin), now)
	}))
}

func (l *life) moveBack(t *rapid.T) {
	read := l.grant.Move
	if l.grant.State.Ended() {
		return // there is no error for it
	}
	l.try(t, func(g jit.Grant, now time.Time) (jit.Grant, []jit.Event, error) {
		return g.MoveBack(read, "forbidden", now)
	})
}

func (l *life) confirmMoved(t *rapid.T) {
	read, forth := l.grant, l.grant.Move.Forth()
	before := l.holds()
	if !l.try(t, func(g jit.Grant, now time.Time) (jit.Grant, []jit.Event, error) { return g.ConfirmMoved(read, now) }) {
		return
	}
	if len(read.Left) > 0 {
		t.Fatalf("moved, and %v is still to be read back gone", read.Left)
	}
	if len(guardpath.Unfinished(read.Paths)) > 0 {
		t.Fatalf("moved, and %v were not read back", read.Paths)
	}
	if l.moved = read.Request.Sources; !forth && !slices.Equal(l.moved, before) {
		t.Fatalf("moved back to %v, and it was open from %v", l.moved, before)
	}
}

// finishMove has all guards read back, and the move confirmed: drawn one by one that would be
// rare.
func (l *life) finishMove(t *rapid.T) {
	if l.grant.State != jit.Open {
		return
	}
	for _, guard := range l.grant.Guards() {
		if l.grant.HasLeft(guard) {
			l.leave(t, guard)
		} else {
			l.reroute(t, guard)
		}
	}
	l.confirmMoved(t)
}

func (l *life) reroute(t *rapid.T, guard string) {
	read := l.grant.Paths
	l.try(t, func(g jit.Grant, now time.Time) (jit.Grant, []jit.Event, error) {
		return g.Rerouted(read, guard, nil, now)
	})
}

func (l *life) leave(t *rapid.T, guard string) {
	read := l.grant.Left
	l.try(t, func(g jit.Grant, _ time.Time) (jit.Grant, []jit.Event, error) { return g.LeftGuard(read, guard) })
}

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
