package jit_test

import (
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/jittest"
)

var (
	bob   = jit.Person{ID: "U2", Entra: "bbbb0000-0000-0000-0000-000000000001", Name: "bob@example.com"}
	carol = jit.Person{ID: "U3", Entra: "cccc0000-0000-0000-0000-000000000001", Name: "carol@example.com"}
)

const (
	lapseAfter = time.Hour
	openWithin = time.Minute
	netGuard   = "/g/net"
)

func twoPaths() []guardpath.Path {
	a := []netip.Addr{netip.MustParseAddr("10.0.0.4")}
	return []guardpath.Path{{VM: jittest.VMID, Guard: jittest.NICGuard, Addresses: a}, {VM: jittest.VMID, Guard: netGuard, Addresses: a}}
}

// A step is a transition with fixed arguments, given the instant.
type step func(g jit.Grant, now time.Time) (jit.Grant, []jit.Event, error)

// single lifts a transition that has one event.
func single(f func(g jit.Grant, now time.Time) (jit.Grant, jit.Event, error)) step {
	return func(g jit.Grant, now time.Time) (jit.Grant, []jit.Event, error) {
		next, e, err := f(g, now)
		if err != nil {
			return next, nil, err
		}
		return next, []jit.Event{e}, nil
	}
}

func approve(by jit.Person) step {
	return single(func(g jit.Grant, now time.Time) (jit.Grant, jit.Event, error) { return g.Approve(by, now) })
}

func closeBy(e jit.Ending) step {
	return single(func(g jit.Grant, now time.Time) (jit.Grant, jit.Event, error) {
		return g.Close(jit.Decision{Ending: e, By: bob, Reason: "enough"}, now, now)
	})
}

func agree(guard string) step {
	return func(g jit.Grant, now time.Time) (jit.Grant, []jit.Event, error) {
		return g.ConfirmGuard(guard, nil, now)
	}
}

func gone(guard string) step {
	return func(g jit.Grant, now time.Time) (jit.Grant, []jit.Event, error) { return g.ConfirmClosed(guard, now) }
}

var (
	refuse = single(func(g jit.Grant, now time.Time) (jit.Grant, jit.Event, error) { return g.Refuse("no rights", now) })
	permit = single(func(g jit.Grant, now time.Time) (jit.Grant, jit.Event, error) { return g.Permit(jittest.Asker, now) })
	deny   = single(func(g jit.Grant, now time.Time) (jit.Grant, jit.Event, error) { return g.Deny(bob, "not now", now) })
	cancel = single(func(g jit.Grant, now time.Time) (jit.Grant, jit.Event, error) { return g.Cancel(jittest.Asker, now) })
	lapse  = single(func(g jit.Grant, now time.Time) (jit.Grant, jit.Event, error) { return g.Lapse(now) })
	begin  = single(func(g jit.Grant, now time.Time) (jit.Grant, jit.Event, error) {
		return g.Begin(twoPaths(), openWithin, now)
	})
	confirm = single(func(g jit.Grant, now time.Time) (jit.Grant, jit.Event, error) { return g.ConfirmOpen(now) })
	wait    = single(func(g jit.Grant, now time.Time) (jit.Grant, jit.Event, error) {
		return g.Wait(jittest.Asker, []string{"S1"}, 2, now.Add(lapseAfter), now)
	})
	hold step = func(g jit.Grant, now time.Time) (jit.Grant, []jit.Event, error) { return g.Delay("the clock", now) }
)

func after(t *testing.T, steps ...step) jit.Grant {
	t.Helper()
	g := jittest.NewGrant()
	for i, s := range steps {
		var err error
		if g, _, err = s(g, jittest.Start); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
	}
	return g
}

// lives are ways to every state; opening has two faces, before and after the
// way was stored.
func lives() map[string][]step {
	late := func(g jit.Grant, _ time.Time) (jit.Grant, []jit.Event, error) {
		return lapse(g, jittest.Start.Add(lapseAfter))
	}
	return map[string][]step{
		"asked": nil, "refused": {refuse}, "pending": {wait}, "denied": {wait, deny}, "lapsed": {wait, late}, "cancelled": {wait, cancel},
		"opening": {wait, approve(bob), approve(carol)}, "begun": {permit, begin}, "open": {permit, begin, confirm},
		"closing": {permit, begin, closeBy(jit.Revoked)}, "closed": {permit, begin, closeBy(jit.Revoked), gone(jittest.NICGuard), gone(netGuard)},
	}
}

func TestTransitions(t *testing.T) {
	tests := []struct {
		name string
		step step
		at   time.Duration        // since the start
		want map[string]jit.State // from where it leads where; from all else it is stale
		kind jit.EventKind        // of its one event; empty for none
	}{
		{"refuse", refuse, 0, map[string]jit.State{"asked": jit.Refused}, jit.EventRefused},
		{"wait", wait, 0, map[string]jit.State{"asked": jit.Pending}, jit.EventWaiting},
		{"permit", permit, 0, map[string]jit.State{"asked": jit.Opening}, jit.EventApproved},
		{"approve", approve(bob), 0, map[string]jit.State{"pending": jit.Pending}, jit.EventApproved},
		{"approve in the last instant", approve(bob), lapseAfter - 1, map[string]jit.State{"pending": jit.Pending}, jit.EventApproved},
		{"approve at the lapse", approve(bob), lapseAfter, nil, ""},
		{"deny", deny, 0, map[string]jit.State{"pending": jit.Denied}, jit.EventDenied},
		{"cancel", cancel, 0, map[string]jit.State{"asked": jit.Cancelled, "pending": jit.Cancelled}, jit.EventCancelled},
		{"lapse", lapse, lapseAfter, map[string]jit.State{"pending": jit.Lapsed}, jit.EventLapsed},
		{"lapse too early", lapse, lapseAfter - 1, nil, ""},
		{"begin", begin, 0, map[string]jit.State{"opening": jit.Opening}, jit.EventOpening},
		{"hold", hold, 0, map[string]jit.State{"opening": jit.Opening}, jit.EventHeld},
		{"one guard agrees", agree(jittest.NICGuard), 0, map[string]jit.State{"begun": jit.Opening}, ""},
		{"another guard agrees", agree("/g/other"), 0, map[string]jit.State{"begun": jit.Opening}, ""},
		{"confirm", confirm, 0, map[string]jit.State{"begun": jit.Open}, jit.EventOpened},
		{"confirm too late", confirm, openWithin, nil, ""},
		{"close", closeBy(jit.Expired), 0, map[string]jit.State{"opening": jit.Closing, "begun": jit.Closing, "open": jit.Closing}, jit.EventClosing},
		{"fail", closeBy(jit.Failed), 0, map[string]jit.State{"opening": jit.Closing, "begun": jit.Closing, "open": jit.Closing}, jit.EventFailed},
		{"gone from one guard", gone(jittest.NICGuard), 0, map[string]jit.State{"closing": jit.Closing}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for name, steps := range lives() {
				g := after(t, steps...)
				got, events, err := tt.step(g, jittest.Start.Add(tt.at))
				want, allowed := tt.want[name]
				if !allowed {
					checkStale(t, name, g, got, events, err)
					continue
				}
				if err != nil || got.State != want {
					t.Errorf("%s: became %s, %v, want %s", name, got.State, err, want)
				}
				checkEvents(t, g, got, events, tt.kind)
			}
		})
	}
}

// checkStale wants what comes too late to change nothing and to be told as a
// sentence about the grant.
func checkStale(t *testing.T, name string, before, got jit.Grant, events []jit.Event, err error) {
	t.Helper()
	if !errors.Is(err, jit.ErrStale) || !reflect.DeepEqual(before, got) || len(events) > 0 {
		t.Errorf("%s: became %s, %d events, error %v, want it stale and unchanged", name, got.State, len(events), err)
		return
	}
	if s := err.Error(); !strings.Contains(s, string(before.ID)) || strings.Contains(s, "%!") || strings.Contains(s, "0001-01-01") {
		t.Errorf("%s: the answer is %q", name, s)
	}
}

func checkEvents(t *testing.T, before, got jit.Grant, events []jit.Event, kind jit.EventKind) {
	t.Helper()
	switch {
	case kind == "" && len(events) > 0:
		t.Errorf("%s: %d events, want none", before.State, len(events))
	case kind == "":
	case len(events) != 1 || events[0].Kind != kind || events[0].Grant != got.ID || events[0].Subject != jittest.Asker:
		t.Errorf("%s: events %+v, want one %s", before.State, events, kind)
	case got.Revision <= before.Revision:
		t.Errorf("%s: revision %d after %d", before.State, got.Revision, before.Revision)
	}
}

func TestStates(t *testing.T) {
	seen := map[jit.State]bool{}
	for name, steps := range lives() {
		g := after(t, steps...)
		seen[g.State] = true
		if g.State.Ended() != g.Wake().IsZero() {
			t.Errorf("%s: ended %t, wakes at %s", name, g.State.Ended(), g.Wake())
		}
		if g.State.Ended() && (g.State.Live() || g.Clock.Ended.IsZero()) {
			t.Errorf("%s has ended at %s; live: %t", name, g.Clock.Ended, g.State.Live())
		}
	}
	for _, s := range jit.States() {
		if !seen[s] {
			t.Errorf("no life leads to %s", s)
		}
	}
}

func TestWhoMayApprove(t *testing.T) {
	tests := []struct {
		name string
		by   jit.Person
		want error
	}{
		{"somebody else", carol, nil},
		{"the asker", jittest.Asker, jit.ErrAuthority},
		{"the asker by another account of Slack", jit.Person{ID: "U9", Entra: strings.ToUpper(jittest.Ann)}, jit.ErrAuthority},
		{"the asker by another Entra user", jit.Person{ID: jittest.Asker.ID, Entra: carol.Entra}, jit.ErrAuthority},
		{"who approved already", bob, jit.ErrStale},
		{"who approved, by another account of Slack", jit.Person{ID: "U9", Entra: strings.ToUpper(bob.Entra)}, jit.ErrStale},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := after(t, wait, approve(bob))
			got, e, err := g.Approve(tt.by, jittest.Start)
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if tt.want != nil && (!reflect.DeepEqual(got, g) || e.Kind != "") {
				t.Errorf("it changed to %+v", got)
			}
			if tt.want == nil && (got.State != jit.Opening || !got.Clock.Approved.Equal(jittest.Start) || !got.ApprovedBy(tt.by)) {
				t.Errorf("it is %s, approved at %s", got.State, got.Clock.Approved)
			}
			if len(g.Approvals) != 1 {
				t.Errorf("the grant before now has %d approvals", len(g.Approvals))
			}
		})
	}
}

func TestClockOfALife(t *testing.T) {
	g := after(t, permit)
	g, _, _ = begin(g, jittest.Start)
	if got, want := g.Clock.Until, jittest.Start.Add(2*time.Hour+openWithin); !got.Equal(want) {
		t.Errorf("until %s, want %s", got, want)
	}
	if !g.Wake().Equal(jittest.Start.Add(openWithin)) {
		t.Errorf("wakes at %s, want when it must be confirmed", g.Wake())
	}
	g, _, err := agree(strings.ToUpper(jittest.NICGuard))(g, jittest.Start.Add(10*time.Second))
	if err != nil || g.State != jit.Opening || !g.Paths[0].Confirmed || g.Paths[1].Confirmed {
		t.Fatalf("one guard agrees: %+v, %v", g.Paths, err)
	}
	if same, events, err := agree(jittest.NICGuard)(g, jittest.Start.Add(11*time.Second)); err != nil || len(events) > 0 || same.Revision != g.Revision {
		t.Errorf("it agrees again: revision %d after %d, %v", same.Revision, g.Revision, err)
	}
	opened, events, err := agree(netGuard)(g, jittest.Start.Add(20*time.Second))
	if err != nil || opened.State != jit.Open || len(events) != 1 || events[0].Kind != jit.EventOpened {
		t.Fatalf("both agree: %s, %v, %v", opened.State, events, err)
	}
	if got, want := opened.Clock.Deadline, jittest.Start.Add(20*time.Second+2*time.Hour); !got.Equal(want) || !events[0].Until.Equal(want) || !opened.Wake().Equal(want) {
		t.Errorf("the deadline is %s, want %s", got, want)
	}
	if late, events, err := agree(netGuard)(g, jittest.Start.Add(openWithin)); !errors.Is(err, jit.ErrStale) || len(events) > 0 || !reflect.DeepEqual(late, g) {
		t.Errorf("the last guard agrees too late: %s, %v, %v", late.State, events, err)
	}
}
