package decide_test

import (
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/policies"
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

// A tag leaves out what may not be asked for, by the configuration, by rights and by what
// is before it, and names it; what is named itself is not left out.
func TestTagLeavesOut(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.With(func(c *policies.Config) {
			c.Policies = append([]policies.Policy{{Match: policies.Match{Name: "dev-1"}}}, c.Policies...)
		})
		w.Start()
		w.Azure.Deny(azuresim.DenyAssignment{
			Scope: azuresim.DemoDevGroup + "/providers/Microsoft.Compute/virtualMachines/dev-2", Actions: []string{"Microsoft.Security/*"},
			Principals: []string{azuresim.DemoAda},
		})
		g, err := w.Ask(ada, time.Hour, "tag:env=dev")
		if err != nil || g.State != jit.Pending {
			t.Fatalf("%s: %v", g.State, err)
		}
		if names := targetsOf(g); !slices.Equal(names, []string{"dev-win"}) {
			t.Errorf("asked for %v", names)
		}
		said := view.RequestReply(g, nil)
		for _, want := range []string{
			"Left out: `dev-1`, no policy offers a port.", "Left out: bare-1 has no network security group", "Left out: `dev-2`, no role of yours allows it.",
		} {
			if !strings.Contains(said, want) {
				t.Errorf("the reply lacks %q: %s", want, said)
			}
		}
		if _, err := w.Service.Cancel(t.Context(), ada, g.ID); err != nil {
			t.Fatal(err)
		}
		if g, err := w.Ask(ada, time.Hour, "tag:env=dev", "dev-2"); err == nil {
			t.Errorf("what is named itself is left out: %v", targetsOf(g))
		}
		if _, err := w.Ask(ada, time.Hour, "tag:env=none"); err == nil {
			t.Error("a tag of nothing is asked for")
		}
	})
}

// Said again, a request of which something was left out is the same request.
func TestTagAskedTwiceByOneDelivery(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		ask := jit.Ask{
			VMs: []string{"tag:env=dev"}, Ports: []jit.Ports{{From: 22, To: 22}}, Duration: time.Hour,
			Sources: []netip.Prefix{netip.MustParsePrefix(adasAddress + "/32")}, Reason: "mend the index",
		}
		var ids []jit.ID
		for range 2 {
			grants, err := w.Service.Ask(t.Context(), ada, "k", ask)
			if err != nil || len(grants) != 1 {
				t.Fatalf("%d grants: %v", len(grants), err)
			}
			g, err := w.Service.Check(t.Context(), grants[0].ID)
			if err != nil || len(g.Request.LeftOut) == 0 {
				t.Fatalf("%v: %v", g.Request.LeftOut, err)
			}
			ids = append(ids, g.ID)
		}
		if ids[0] != ids[1] {
			t.Errorf("%v", ids)
		}
	})
}

func targetsOf(g jit.Grant) []string {
	var out []string
	for _, t := range g.Request.Targets {
		out = append(out, t.Name)
	}
	return out
}

// Of several VMs, those are named before which somebody's rule would keep the holder out.
func TestSeveralVMsOfWhichOneIsShadowed(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		if err := w.Azure.PutRule(azuresim.DemoDBSubnetNSG, azuresim.Rule{
			Name: "nobody", Protocol: "*", SourcePortRange: "*", DestinationPortRange: "22", SourceAddressPrefix: "*",
			DestinationAddressPrefix: "10.20.1.5", Access: "Deny", Priority: 100, Direction: "Inbound",
		}); err != nil {
			t.Fatal(err)
		}
		g, err := w.Ask(ada, time.Hour, "web-1", "db-1", "db-2")
		if err == nil || g.State != jit.Refused || !slices.Equal(failedAt(g), []string{"db-2"}) {
			t.Fatalf("%s at %v: %v", g.State, failedAt(g), err)
		}
		if said := shown(t, view.WithWithout(view.Say("no"), g)); !strings.Contains(said, "Ask without db-2") {
			t.Errorf("whoever asks is shown %s", said)
		}
	})
}
