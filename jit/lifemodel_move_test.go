package jit_test

import (
	"net/netip"
	"slices"
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
