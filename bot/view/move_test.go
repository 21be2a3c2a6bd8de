package view_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/guardpath"
)

// keepMoving keeps the grant that is open on the way to another address, there, on the way
// back, and back.
func keepMoving(keep func(string, jit.Grant, jit.Event) (jit.Grant, jit.Event), open jit.Grant) {
	must := func(name string, g jit.Grant, events []jit.Event, err error) jit.Grant {
		if err != nil {
			panic(err)
		}
		keep(name, g, events[0])
		return g
	}
	at := after(10 * time.Minute)
	to := guardpath.Origin{Sources: []netip.Prefix{netip.MustParsePrefix("198.51.100.9/32")}, Paths: open.Paths}
	moving, e, err := open.MoveTo(to, at.Add(time.Minute), at)
	moving = must("moving", moving, []jit.Event{e}, err)
	read := moving
	read.Paths = slices.Clone(read.Paths)
	for i := range read.Paths {
		read.Paths[i].Confirmed = true
	}
	moved, events, err := read.ConfirmMoved(read, at.Add(time.Second))
	must("moved-by-holder", moved, events, err)
	back, events, err := read.MoveBack(read.Move, "Azure refuses the rule of nsg-web.", at.Add(time.Second))
	back = must("moving-back", back, events, err)
	for i := range back.Paths {
		back.Paths[i].Confirmed = true
	}
	unmoved, events, err := back.ConfirmMoved(back, at.Add(2*time.Second))
	must("unmoved", unmoved, events, err)
}

// Until its rules were read back a card says from where it may be open, and nothing of that
// after it, or once it is not open any more.
func TestMovingIsTrue(t *testing.T) {
	all := exampleGrants()
	closing, e, err := all["moving"].g.Close(jit.Decision{Ending: jit.Expired}, after(time.Hour), after(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	all["closing"] = exampleGrant{closing, e}
	for name, want := range map[string]string{
		"moving": "Until its rules were read back `203.0.113.7`", "moving-back": "its rules are being set back", "moved-by-holder": "", "unmoved": "", "closing": "",
	} {
		card := view.Card(all[name].g).Text
		if want != "" && !strings.Contains(card, want) || want == "" && (strings.Contains(card, "being moved") || strings.Contains(card, "moved to") || strings.Contains(card, "set back")) {
			t.Errorf("%s: the card says %s, want %q", name, card, want)
		}
	}
}
