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

const (
	hubFirewall = "/subscriptions/s/resourceGroups/hub/providers/Microsoft.Network/azureFirewalls/hub-fw"
	appGroup    = "/subscriptions/s/resourceGroups/hub/providers/Microsoft.Network/networkSecurityGroups/apps-nsg"
	appVM       = "/subscriptions/s/resourceGroups/hub/providers/Microsoft.Compute/virtualMachines/app-1"
)

// behindFirewall is a grant whose rules are being written in a group and a
// firewall.
func behindFirewall(t *testing.T) jit.Grant {
	t.Helper()
	g := asked()
	g.Request.Targets = []jit.Target{{VM: appVM, Name: "app-1", Group: "hub"}}
	g.Request.Ports = g.Request.Ports[:1]
	g.Request.Sources = g.Request.Sources[:1]
	g.Warnings, g.Notes = nil, nil
	g, _ = must(g.Permit(ada, after(time.Second)))
	to := []netip.Addr{netip.MustParseAddr("10.40.1.4")}
	g, _ = must(g.Begin([]guardpath.Path{
		{VM: appVM, Guard: hubFirewall, Kind: guardpath.ByDNAT, Addresses: to},
		{VM: appVM, Guard: appGroup, Kind: guardpath.BehindFirewall, Addresses: to},
	}, 10*time.Minute, after(time.Minute)))
	return g
}

// A firewall is slow, and where it translates people connect to it: both are
// said, on the card as to the holder.
func TestFirewallMessages(t *testing.T) {
	g := behindFirewall(t)
	g, _, err := g.ConfirmGuard(appGroup, nil, after(2*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "firewall-opening", view.Card(g))
	end := guardpath.PublicEnd{
		VM:       appVM,
		Rule:     "r",
		Public:   netip.MustParseAddrPort("20.50.20.1:50022"),
		To:       netip.MustParseAddrPort("10.40.1.4:22"),
		Protocol: "tcp",
	}
	g, events, err := g.ConfirmGuard(hubFirewall, []guardpath.PublicEnd{end}, after(6*time.Minute))
	if err != nil || g.State != jit.Open {
		t.Fatalf("%s, %v", g.State, err)
	}
	golden(t, "firewall-open", view.Card(g))
	golden(t, "firewall-opened", view.Direct(events[0], g))
	golden(t, "firewall-moved", view.Direct(jit.Event{Kind: jit.EventMoved}, g))
	g, _ = must(g.Close(jit.Decision{Ending: jit.Expired}, g.Clock.Deadline, g.Clock.Deadline))
	if g, _, err = g.ConfirmClosed(appGroup, g.Clock.Deadline.Add(5*time.Second)); err != nil {
		t.Fatal(err)
	}
	golden(t, "firewall-closing", view.Card(g))
	if g, events, err = g.ConfirmClosed(hubFirewall, g.Clock.Deadline.Add(5*time.Minute)); err != nil {
		t.Fatal(err)
	}
	golden(t, "firewall-closed", view.Direct(events[0], g))
}

// Behind a firewall that takes the client's place the security group lets the
// firewall in, whoever it is that comes by it: only the firewall's own rules are
// said to let in nobody else.
func TestWhoElseIsLetIn(t *testing.T) {
	g := behindFirewall(t)
	g.State, g.Clock.Opened, g.Clock.Deadline = jit.Open, after(time.Minute), after(time.Hour)
	end := guardpath.PublicEnd{
		VM:       appVM,
		Public:   netip.MustParseAddrPort("20.50.20.1:50022"),
		To:       netip.MustParseAddrPort("10.40.1.4:22"),
		Protocol: "tcp",
	}
	for name, change := range map[string]func(*guardpath.Path){
		"by a DNAT rule":    func(p *guardpath.Path) { p.PublicEnds = []guardpath.PublicEnd{end} },
		"by a network rule": func(p *guardpath.Path) { p.Kind = guardpath.ByNetworkRule },
	} {
		change(&g.Paths[0])
		text := view.Direct(jit.Event{Kind: jit.EventOpened}, g).Text
		if !strings.Contains(text, "its rules at the firewall let in nobody") {
			t.Errorf("%s: %s", name, text)
		}
		g.Paths[0].PublicEnds = nil
	}
}

// Many public addresses keep within Slack's limits, and their names are escaped.
func TestManyPublicEnds(t *testing.T) {
	g := behindFirewall(t)
	end := guardpath.PublicEnd{
		VM:       strings.Repeat("<!channel>", 20),
		Public:   netip.MustParseAddrPort("20.50.20.1:50022"),
		To:       netip.MustParseAddrPort("10.40.1.4:22"),
		Protocol: "tcp",
	}
	g.Paths[0].PublicEnds = slices.Repeat([]guardpath.PublicEnd{end}, 100)
	g.State, g.Clock.Opened, g.Clock.Deadline = jit.Open, after(time.Minute), after(time.Hour)
	for i := range g.Paths[0].PublicEnds {
		g.Paths[0].PublicEnds[i].VM = appVM
	}
	for _, s := range []view.Message{view.Card(g), view.Direct(jit.Event{Kind: jit.EventOpened}, g)} {
		if strings.Contains(s.Text, "<!channel") || !strings.Contains(s.Text, "97 more, see the rules of the firewall") {
			t.Errorf("%s", s.Text)
		}
	}
}

// Whoever waits for a firewall is told so.
func TestUnderWay(t *testing.T) {
	g := behindFirewall(t)
	golden(t, "firewall-under-way", view.Direct(jit.Event{Kind: jit.EventOpening}, g))
	g.Clock.Begun, g.Waiting = time.Time{}, "the firewall hub-fw is being changed, which takes Azure minutes; this comes next"
	moved := view.Direct(jit.Event{Kind: jit.EventMoved, At: after(time.Minute)}, g).Text
	if !strings.Contains(moved, "Azure is changing the firewall `hub-fw`") {
		t.Errorf("the way is not yet as it is told: %s", moved)
	}
	golden(t, "firewall-held", view.Direct(jit.Event{Kind: jit.EventHeld}, g))
}
