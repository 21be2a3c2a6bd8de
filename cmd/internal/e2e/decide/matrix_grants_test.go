package decide_test

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/guardpath"
)

// put stores a grant of Ada's in a state.
func (s *slackBot) put(state jit.State) jit.Grant {
	s.t.Helper()
	s.grants++
	now := time.Now()
	g, e := jit.NewGrant(jit.Request{Key: fmt.Sprint("matrix ", s.grants)}.DeriveID(0), jit.Request{
		By: jit.Person{ID: ada, Entra: azuresim.DemoAda}, Targets: []jit.Target{{VM: azuresim.DemoWeb1, Name: "web-1", Group: "rg-web"}},
		Ports: []jit.Ports{{From: 22, To: 22, Protocol: jit.TCP}}, Sources: []netip.Prefix{netip.MustParsePrefix("203.0.113.7/32")}, Duration: time.Hour, Reason: "the fix", At: now,
		Key: fmt.Sprint("matrix ", s.grants),
	})
	step := func(next jit.Grant, _ jit.Event, err error) {
		if err != nil {
			s.t.Fatalf("on the way to %s: %v", state, err)
		}
		g = next
	}
	switch state {
	case jit.Asked:
	case jit.Refused:
		step(g.Refuse("no rights", now))
	default:
		step(g.Wait(g.Request.By, []string{group}, 1, now.Add(time.Hour), now))
		s.beyond(&g, state, step, now)
	}
	if err := s.store.Create(s.ctx, g, e); err != nil {
		s.t.Fatal(err)
	}
	return g
}

// beyond takes a waiting request on.
func (s *slackBot) beyond(g *jit.Grant, state jit.State, step func(jit.Grant, jit.Event, error), now time.Time) {
	approver := jit.Person{ID: alan, Entra: azuresim.DemoAlan}
	switch state {
	case jit.Denied:
		step(g.Deny(approver, "not today", now))
	case jit.Lapsed:
		step(g.Lapse(now.Add(time.Hour)))
	case jit.Cancelled:
		step(g.Cancel(g.Request.By, now))
	case jit.Opening, jit.Open, jit.Closing, jit.Closed:
		step(g.Approve(approver, now))
	default: // pending
	}
	if !slices.Contains([]jit.State{jit.Open, jit.Closing, jit.Closed}, state) {
		return
	}
	step(g.Begin([]guardpath.Path{{VM: azuresim.DemoWeb1, Guard: azuresim.DemoWebNICNSG}}, time.Minute, now))
	step(g.ConfirmOpen(now))
	if state != jit.Open {
		step(g.Close(jit.Decision{Ending: jit.Revoked, By: approver}, now, now))
	}
	if state == jit.Closed {
		gone, _, err := g.ConfirmClosed(azuresim.DemoWebNICNSG, now)
		step(gone, jit.Event{}, err)
	}
}
