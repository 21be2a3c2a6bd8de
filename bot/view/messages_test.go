package view_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/lookup"
)

func TestMessagesOfEveryState(t *testing.T) {
	for name, m := range exampleGrants() {
		golden(t, "card-"+name, view.Card(m.g))
		told := m.e.Tell()
		if m.e.Kind == jit.EventDrift || m.e.Kind == jit.EventUnchecked || m.e.Kind == jit.EventOrphan {
			told = []jit.Audience{jit.ToThread}
		}
		for _, to := range told {
			switch to {
			case jit.ToThread:
				golden(t, "thread-"+name, view.Thread(m.e, m.g))
			case jit.ToRequester:
				golden(t, "direct-"+name, view.Direct(m.e, m.g))
			case jit.ToCard, jit.ToChannel:
			}
		}
	}
	// A notice that comes late does not say open of what is closed by now.
	late, now := exampleGrants()["opened"], exampleGrants()["closed-expired"].g
	golden(t, "thread-opened-late", view.Thread(late.e, now))
	golden(t, "direct-opened-late", view.Direct(late.e, now))
	golden(t, "direct-reminded-late", view.Direct(exampleGrants()["reminded"].e, now))
}

func TestMessagesOfTheChannel(t *testing.T) {
	const vm = "/subscriptions/s/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/web-1"
	ports := []jit.Ports{{From: 22, To: 22, Protocol: jit.TCP}, {From: 8000, To: 8010, Protocol: jit.AnyProtocol}}
	for name, e := range map[string]jit.Event{
		"protected":        {Kind: jit.EventProtected, Actor: grace, VMs: []string{vm}, Ports: ports},
		"protected-always": {Kind: jit.EventProtected, VMs: []string{vm}, Ports: ports},
		"protected-below": {
			Kind: jit.EventProtected, Actor: grace, VMs: []string{vm}, Ports: ports,
			Text: "what does not come from the Internet",
		},
		"unprotected":        {Kind: jit.EventUnprotected, Actor: grace, VMs: []string{vm}, Ports: ports},
		"unprotected-always": {Kind: jit.EventUnprotected, VMs: []string{vm}, Ports: ports, Text: "the VM does not exist any more"},
		"drift": {
			Kind: jit.EventDrift, VMs: []string{vm}, Ports: ports,
			Text: "Somebody removed or changed the rule jitbot-prod-deny-over-1 of nsg-web, which keeps web-1 shut; it was put back.",
		},
		"exposed": {
			Kind: jit.EventExposed, VMs: []string{vm}, Ports: ports,
			Text: "whom these allows of other people let in, which are asked first: ssh (priority 120) of nsg-web",
		},
		"shut-again": {Kind: jit.EventExposed, VMs: []string{vm}, Ports: ports},
		"moved": {
			Kind: jit.EventMoved, VMs: []string{vm}, Ports: ports,
			Text: "The addresses or network security groups of web-1 changed; the denies follow.",
		},
		"orphan":  {Kind: jit.EventOrphan, Text: "The rule jitbot-prod-g-7k2qd-a of nsg-web had no live grant and was removed."},
		"stuck":   {Kind: jit.EventStuck, Text: "The rule jitbot-prod-g-7k2qd-a of nsg-web has no live grant and could not be removed: remove the lock."},
		"anchor":  {Kind: jit.EventAnchor, Text: "1234:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
		"missing": {Kind: jit.EventMissing, Text: "the user group S0GONE is gone or switched off, and counts as nobody"},
		"unknown": {Kind: "invented", VMs: []string{"web-1", "<!channel>"}, Text: "`<!channel>`"},
	} {
		golden(t, "channel-"+name, view.Channel(e))
	}
	nasty := jit.Event{Kind: jit.EventProtected, Text: strings.Repeat("<!channel> ", 1000)}
	for range 100 {
		nasty.VMs = append(nasty.VMs, "/subscriptions/s/resourceGroups/<!channel>/x/y/"+strings.Repeat("v", 500))
		nasty.Ports = append(nasty.Ports, jit.Ports{From: 10000, To: 20000, Protocol: jit.UDP})
	}
	for _, kind := range []jit.EventKind{jit.EventProtected, jit.EventUnprotected, jit.EventDrift, jit.EventExposed, "", "<!channel>"} {
		nasty.Kind = kind
		raw, err := json.Marshal(view.Channel(nasty))
		if err != nil {
			t.Fatal(err)
		}
		checkLimits(t, "channel of "+string(kind), raw)
		if bytes.Contains(raw, []byte("<!channel>")) {
			t.Errorf("%q mentions the channel", kind)
		}
	}
}

func TestLists(t *testing.T) {
	all := exampleGrants()
	golden(t, "list-empty", view.List(nil, false))
	golden(t, "list-empty-all", view.List(nil, true))
	golden(t, "list-mine", view.List([]lookup.ListedGrant{
		{Grant: all["waiting"].g, Mine: true}, {Grant: all["opened"].g, Mine: true}, {Grant: all["stuck"].g, Mine: true},
	}, false))
	golden(t, "list-approver", view.List([]lookup.ListedGrant{
		{Grant: all["waiting"].g, Approver: true},
		{Grant: all["held"].g, Approver: true},
		{Grant: all["opened"].g, Admin: true},
		{Grant: all["opened"].g},
		{Grant: all["asked"].g},
	}, true))
}

func TestDenyForm(t *testing.T) {
	raw, err := json.Marshal(view.DenyForm("g-7k2qd", ""))
	if err != nil {
		t.Fatal(err)
	}
	checkLimits(t, "form-deny", raw)
	compare(t, "form-deny", raw)
}

// A grant with the most and the worst that may be in it still fits.
func TestMessagesKeepSlacksLimits(t *testing.T) {
	for _, nasty := range []string{
		strings.Repeat("<!channel> ", 330), strings.Repeat("x", 3500), strings.Repeat("*`_~ ", 700),
		"\u202e\u200b",
	} {
		for name, m := range exampleGrants() {
			g, e := m.g, m.e
			g.Request.Reason, g.Decision.Reason, g.Waiting, e.Text = nasty, nasty, nasty, nasty
			g.Request.By.Name = nasty
			g.Notes = nil
			for range 11 {
				g.Notes = append(g.Notes, nasty)
				g.Approvers = append(g.Approvers, "S0APPROVERS")
				g.Approvals = append(g.Approvals, jit.Approval{By: grace, At: noon})
				g.Request.Targets = append(g.Request.Targets, jit.Target{Name: nasty, Group: nasty, Production: true})
				g.Request.Sources = append(g.Request.Sources, netip.MustParsePrefix("2001:db8:1111:2222:3333:4444:5555:6666/128"))
				g.Request.Ports = append(g.Request.Ports, jit.Ports{From: 10000, To: 20000, Protocol: jit.AnyProtocol})
				g.Paths = append(g.Paths, guardpath.Path{Guard: "/x/" + nasty, Fault: nasty})
			}
			for kind, s := range map[string]view.Message{
				"card": view.Card(g, slices.Repeat([]jit.Grant{g}, 30)...), "thread": view.Thread(e, g), "direct": view.Direct(e, g),
				"list": view.List(slices.Repeat([]lookup.ListedGrant{{Grant: g, Mine: true}, {Grant: g, Approver: true, Admin: true}}, 15), true),
			} {
				raw, err := json.Marshal(s)
				if err != nil {
					t.Fatal(err)
				}
				checkLimits(t, fmt.Sprintf("%s of %s with %.10q", kind, name, nasty), raw)
				if bytes.Contains(raw, []byte("<!channel>")) && !bytes.Contains(raw, []byte(`"plain_text"`)) {
					t.Errorf("%s of %s mentions the channel", kind, name)
				}
			}
		}
	}
}
