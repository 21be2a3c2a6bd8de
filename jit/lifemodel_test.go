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
	"jitbot/jit/jittest"
)

// life is a grant under random steps, with what must be remembered of it to
// judge it.
type life struct {
	grant  jit.Grant
	now    time.Time
	begun  bool
	agreed map[string]bool
	events []jit.Event
	ended  jit.State
	longer time.Duration  // extensions that were confirmed
	from   []netip.Prefix // what was approved, once it was open
	moved  []netip.Prefix // the source that was confirmed last

	narrowed bool // approvers allowed fewer addresses
}

// try makes the step. Refused, it must have changed nothing; taken, a change
// of state must have its event.
func (l *life) try(t *rapid.T, s step) bool {
	before := l.grant
	kept := clone(before)
	got, events, err := s(before, l.now)
	if !reflect.DeepEqual(before, kept) {
		t.Fatalf("the step changed the grant it was given")
	}
	if err != nil {
		if !errors.Is(err, jit.ErrPolicy) && !errors.Is(err, jit.ErrInput) && !errors.Is(err, jit.ErrStale) && !errors.Is(err, jit.ErrAuthority) || len(events) > 0 || !reflect.DeepEqual(got, before) {
			t.Fatalf("refused with %v, %d events, revision %d after %d", err, len(events), got.Revision, before.Revision)
		}
		return false
	}
	if before.State.Ended() {
		t.Fatalf("%s took a step to %s", before.State, got.State)
	}
	lapses := !before.Extension.At.IsZero() && got.State == jit.Closing && len(events) == 2 && events[0].Kind == jit.EventUnextended
	if (got.State != before.State || len(got.Approvals) != len(before.Approvals)) && len(events) != 1 && !lapses {
		t.Fatalf("from %s to %s with %d events", before.State, got.State, len(events))
	}
	if changed := !reflect.DeepEqual(got, before); changed != (got.Revision > before.Revision) || len(events) > 0 && !changed {
		t.Fatalf("changed %t, revision %d after %d, %d events", changed, got.Revision, before.Revision, len(events))
	}
	l.grant, l.events = got, append(l.events, events...)
	return true
}

func clone(g jit.Grant) jit.Grant {
	g.Approvals, g.Paths = slices.Clone(g.Approvals), slices.Clone(g.Paths)
	return g
}

func (l *life) check(t *rapid.T) {
	g := l.grant
	if l.ended != "" && g.State != l.ended {
		t.Fatalf("it had ended as %s and is %s", l.ended, g.State)
	}
	if g.State.Ended() {
		l.ended = g.State
	}
	if g.Clock.Deadline.After(g.Clock.Until) {
		t.Fatalf("deadline %s after until %s", g.Clock.Deadline, g.Clock.Until)
	}
	if err := l.outlives(); err != "" {
		t.Fatal(err)
	}
	if err := l.strays(); err != "" {
		t.Fatal(err)
	}
	if g.State == jit.Open && (!l.begun || !l.agreed[jittest.NICGuard] || !l.agreed[netGuard] || g.Clock.Deadline.IsZero()) {
		t.Fatalf("open, begun %t, agreed %v", l.begun, l.agreed)
	}
	people := map[string]bool{strings.ToLower(g.Request.By.Entra): true}
	for _, a := range g.Approvals {
		if people[strings.ToLower(a.By.Entra)] {
			t.Fatalf("approved by the asker or twice by one: %v", g.Approvals)
		}
		people[strings.ToLower(a.By.Entra)] = true
	}
	if len(g.Approvals) > g.Required {
		t.Fatalf("%d approvals, %d needed", len(g.Approvals), g.Required)
	}
	if g.Stuck && g.State != jit.Closing {
		t.Fatalf("stuck and %s", g.State)
	}
	if g.State.Ended() != g.Wake().IsZero() {
		t.Fatalf("%s wakes at %s", g.State, g.Wake())
	}
}

func TestLifeOfAGrant(t *testing.T) {
	person := rapid.SampledFrom([]jit.Person{
		jittest.Asker, bob, carol, {ID: "U8", Entra: strings.ToUpper(bob.Entra)}, {ID: "U9", Entra: strings.ToUpper(jittest.Ann)},
	})
	guard := rapid.SampledFrom([]string{jittest.NICGuard, netGuard, strings.ToUpper(netGuard), vpnGuard, "/g/other"})
	rapid.Check(t, func(t *rapid.T) {
		l := &life{grant: jittest.NewGrant(), now: jittest.Start, agreed: map[string]bool{}}
		l.grant.Request.Duration = time.Duration(rapid.IntRange(1, 7200).Draw(t, "seconds")) * time.Second
		if rapid.Bool().Draw(t, "open already") { // most draws never get that far
			l.begun, l.agreed[jittest.NICGuard], l.agreed[netGuard] = true, true, true
			allow := permit
			if rapid.Bool().Draw(t, "narrowed") {
				l.grant.Request.Sources, allow = jittest.Prefixes("203.0.113.0/24"), l.allowLess
			}
			for _, s := range []step{allow, begin, agree(jittest.NICGuard), agree(netGuard)} {
				l.try(t, s)
			}
		}
		simply := func(s step) func(*rapid.T) { return func(t *rapid.T) { l.try(t, s) } }
		t.Repeat(map[string]func(*rapid.T){
			"": l.check,
			"time passes": func(t *rapid.T) {
				l.now = l.now.Add(time.Duration(rapid.IntRange(1, 90).Draw(t, "seconds")) * time.Second)
			},
			"refuse": func(t *rapid.T) {
				if rapid.IntRange(0, 9).Draw(t, "seldom") == 0 {
					l.try(t, refuse)
				}
			},
			"wait": func(t *rapid.T) {
				n := rapid.IntRange(1, 2).Draw(t, "required")
				l.try(t, single(func(g jit.Grant, now time.Time) (jit.Grant, jit.Event, error) {
					return g.Admit(jit.Terms{
						Request: g.Request, By: jittest.Asker, Required: n, Approvers: []string{"S1"}, PendingFor: lapseAfter, Escalate: lapseAfter / 2,
						Asking: jit.Asking{ClaimFor: lapseAfter / 4, RemindAfter: lapseAfter / 8, EscalateTo: []string{"S2"}},
					}, now)
				}))
			},
			"permit":  simply(permit),
			"approve": func(t *rapid.T) { l.try(t, approve(person.Draw(t, "by"))) },
			"approve less": func(t *rapid.T) {
				by, less := person.Draw(t, "by"), l.grant.Request.Extent()
				less.Duration -= time.Duration(rapid.IntRange(-1, 60).Draw(t, "shorter")) * time.Second
				if l.try(t, single(func(g jit.Grant, now time.Time) (jit.Grant, jit.Event, error) { return g.ApproveLess(by, less, now) })) &&
					l.grant.Request.Duration > less.Duration {
					t.Fatalf("approved for %s, and it is for %s", less.Duration, l.grant.Request.Duration)
				}
			},
			"claim": func(t *rapid.T) {
				by := person.Draw(t, "by")
				l.try(t, single(func(g jit.Grant, now time.Time) (jit.Grant, jit.Event, error) { return g.ClaimOrGiveBack(by, now) }))
			},
			"ask again": simply(func(g jit.Grant, now time.Time) (jit.Grant, []jit.Event, error) {
				if g.State.Ended() {
					return g, nil, jit.ErrStale // asking again has no error of its own
				}
				return g.Ask([]jit.UserID{"U2"}, []jit.UserID{"U3"}, now)
			}),
			"deny": func(t *rapid.T) {
				if rapid.IntRange(0, 9).Draw(t, "seldom") == 0 {
					l.try(t, deny)
				}
			},
			"lapse": simply(lapse),
			"hold":  simply(hold),
			"begin": func(t *rapid.T) {
				if l.try(t, begin) {
					l.begun = true
				}
			},
			"agree": func(t *rapid.T) {
				at := guard.Draw(t, "guard")
				if l.try(t, agree(at)) {
					l.agreed[strings.ToLower(at)] = true
				}
			},
			"extend":         func(t *rapid.T) { l.extend(t) },
			"answer more":    func(t *rapid.T) { l.answerMore(t, person.Draw(t, "by")) },
			"confirm longer": func(t *rapid.T) { l.confirmLonger(t) },
			"move":           func(t *rapid.T) { l.move(t) },
			"move back":      func(t *rapid.T) { l.moveBack(t) },
			"confirm moved":  func(t *rapid.T) { l.confirmMoved(t) },
			"finish move":    func(t *rapid.T) { l.finishMove(t) },
			"reroute":        func(t *rapid.T) { l.reroute(t, guard.Draw(t, "guard")) },
			"leave":          func(t *rapid.T) { l.leave(t, guard.Draw(t, "guard")) },
			"interrupt": func(t *rapid.T) {
				if rapid.IntRange(0, 9).Draw(t, "seldom") == 0 && !l.grant.State.Ended() {
					l.try(t, func(g jit.Grant, now time.Time) (jit.Grant, []jit.Event, error) {
						return g.Interrupt("an older store", now)
					})
				}
			},
			"expire or remind": simply(func(g jit.Grant, now time.Time) (jit.Grant, []jit.Event, error) {
				return g.ExpireOrRemind("", now, now)
			}),
			"close": simply(closeBy(jit.Expired)),
			"gone":  func(t *rapid.T) { l.try(t, gone(guard.Draw(t, "guard"))) },
			"trouble": func(t *rapid.T) {
				at, stuck := guard.Draw(t, "guard"), rapid.Bool().Draw(t, "stuck")
				fault := rapid.SampledFrom([]string{"busy", "forbidden"}).Draw(t, "fault")
				l.try(t, func(g jit.Grant, now time.Time) (jit.Grant, []jit.Event, error) {
					if g.State.Ended() {
						return g, nil, jit.ErrStale // trouble has no error of its own
					}
					next, events := g.Trouble(at, fault, stuck, now)
					return next, events, nil
				})
			},
		})
	})
}
