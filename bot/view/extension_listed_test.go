package view_test

import (
	"encoding/json"
	"strings"
	"testing"

	"jitbot/bot/view"
	"jitbot/jit/lookup"
)

// An extension that waits stands among what waits for whoever may decide it, with all that
// the card says.
func TestWaitingExtensionsOnHome(t *testing.T) {
	g := exampleGrants()["extending"].g
	for name, tt := range map[string]struct {
		l       lookup.ListedGrant
		decides bool
	}{
		"who may decide it": {lookup.ListedGrant{Grant: g, Extends: true}, true},
		"another approver":  {lookup.ListedGrant{Grant: g, Approver: true}, false},
		"its holder":        {lookup.ListedGrant{Grant: g, Mine: true}, false},
	} {
		raw, err := json.Marshal(view.Home([]lookup.ListedGrant{tt.l}))
		home := string(raw)
		waits, mine, _ := strings.Cut(home, "My access")
		if err != nil || strings.Contains(waits, "Approve 1 h more") != tt.decides || strings.Contains(waits, "Reason: *fix*") != tt.decides ||
			strings.Contains(mine, "Approve 1 h more") {
			t.Errorf("%s sees %s", name, home)
		}
		if list := view.List([]lookup.ListedGrant{tt.l}, true).Text; strings.Contains(list, "web-1: port 22 is already open") != tt.decides {
			t.Errorf("%s reads %s", name, list)
		}
	}
}
