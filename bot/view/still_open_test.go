package view_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"jitbot/bot/view"
	"jitbot/jit"
)

// Whatever tells that an access is closed says who is let in to its ports all the same.
func TestClosedSaysWhatIsStillOpen(t *testing.T) {
	g := jit.Grant{
		ID: "g-1", State: jit.Closed, StillOpen: "an admin rule of Virtual Network Manager lets people in: monitoring (priority 10) at web-1",
		Decision: jit.Decision{Ending: jit.Expired}, Clock: jit.Clock{Begun: time.Unix(1, 0), Opened: time.Unix(2, 0), Ended: time.Unix(3, 0)},
		Request: jit.Request{Ports: []jit.Ports{{From: 22, To: 22, Protocol: jit.TCP}}, Targets: []jit.Target{{VM: "/x/web-1", Name: "web-1"}}},
	}
	e := jit.Event{Kind: jit.EventClosed}
	for name, m := range map[string]view.Message{"direct": view.Direct(e, g), "thread": view.Thread(e, g), "card": view.Card(g)} {
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		by := "monitoring (priority 10) at web-1"
		if name == "card" { // which is short: the reply under it says by what
			by = "see the thread"
		}
		if !strings.Contains(string(text), "*Not shut when this closed:*") || !strings.Contains(string(text), by) {
			t.Errorf("%s: %s", name, text)
		}
	}
}
