package e2e_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/resource"
)

// failedAt are the names of the VMs at which a grant failed or was refused.
func failedAt(g jit.Grant) []string {
	var out []string
	for _, id := range g.Decision.VMs {
		out = append(out, resource.Name(id))
	}
	return out
}

// shown is a message as it goes to Slack, its buttons too.
func shown(t *testing.T, m view.Message) string {
	t.Helper()
	raw, err := json.Marshal(m.Blocks)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// Of several VMs, all are opened or none: what failed at one is taken back at the others,
// and may be asked for without that one.
func TestSeveralVMsAllOrNone(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Start()
		w.Azure.AddPolicyAssignment(azuresim.PolicyAssignment{Name: "no-open-ports", DisplayName: "No open ports", Scope: azuresim.DemoDevGroup})
		g := w.Approved("web-1", "web-2", "dev-1")
		w.Pass(2 * time.Minute)
		g = w.Want(g.ID, jit.Closed)
		if g.Decision.Ending != jit.Failed || !slices.Equal(failedAt(g), []string{"dev-1"}) {
			t.Errorf("%s at %v: %s", g.Decision.Ending, failedAt(g), g.Decision.Reason)
		}
		if held := w.Held(g.ID); len(held) > 0 {
			t.Errorf("there is %v", held)
		}
		if card := view.Card(g).Text; !strings.Contains(card, "It failed at `dev-1`") || !strings.Contains(card, "the others are not opened either") {
			t.Errorf("the card says %s", card)
		}
		if said := shown(t, view.Direct(jit.Event{Kind: jit.EventClosed}, g)); !strings.Contains(said, "Ask without dev-1") {
			t.Errorf("the holder is shown %s", said)
		}
		w.CheckPromises(foreign)
	})
}

// A request for several VMs is refused for those that may not be asked for, all of them
// named at once; the others may be asked for without.
func TestSeveralVMsRefusedForSome(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		for _, vm := range []string{azuresim.DemoWeb2, azuresim.DemoDB2} {
			w.Azure.Deny(azuresim.DenyAssignment{Scope: vm, Actions: []string{"Microsoft.Compute/*"}, Principals: []string{azuresim.DemoAda}})
		}
		g, err := w.Ask(ada, time.Hour, "web-1", "web-2", "db-2")
		if !errors.Is(err, jit.ErrRights) || g.State != jit.Refused {
			t.Fatalf("%s: %v", g.State, err)
		}
		if !slices.Equal(failedAt(g), []string{"web-2", "db-2"}) || !strings.Contains(err.Error(), "web-2") || !strings.Contains(err.Error(), "db-2") {
			t.Errorf("refused at %v: %v", failedAt(g), err)
		}
		if said := view.RequestReply(g, err); strings.Contains(said, "web-1") || !strings.Contains(said, "`db-2`") {
			t.Errorf("the reply says %s", said)
		}
		if said := shown(t, view.WithWithout(view.Say("no"), g)); !strings.Contains(said, "Ask without 2 VMs") {
			t.Errorf("whoever asks is shown %s", said)
		}
		// What was refused for the whole names no VM.
		w.Azure.DeleteUser(azuresim.DemoAda)
		if g, err = w.Ask(ada, 30*time.Minute, "web-1", "dev-2"); err == nil || len(g.Decision.VMs) > 0 {
			t.Errorf("%v: %v", g.Decision.VMs, err)
		}
	})
}
