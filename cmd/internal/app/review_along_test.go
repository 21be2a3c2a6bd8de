package app_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// letsAllIn has another installation write a DNAT rule that leads everybody to
// port 22 of app-1, whose security group could not tell them from a holder.
func (w *world) letsAllIn() {
	w.t.Helper()
	r := jit.Rule{
		Name: "jitbot-other-g-22222-app-1-22", Priority: 140, Inbound: true, Allow: true, Protocol: jit.TCP, Sources: []string{"0.0.0.0/0"},
		SourcePorts: []string{"*"}, Destinations: []string{azuresim.DemoFirewallIP}, Ports: []string{"50001"}, To: netip.MustParseAddrPort("10.40.1.4:22"),
	}
	if err := w.client.Apply(w.t.Context(), azuresim.DemoFirewall, []jit.Change{{Put: &r}})[0]; err != nil {
		w.t.Fatal(err)
	}
}

// A DNAT rule that comes after the ask, and leads too many to the same port, has
// the request denied at the last approval.
func TestLedAlongSinceTheAsk(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		w.quick()
		w.start()
		g, err := w.askFrom(ada, 15*time.Minute, "203.0.113.7/32", "app-1")
		if err != nil {
			t.Fatal(err)
		}
		w.letsAllIn()
		_, err = w.service.Approve(t.Context(), grace, g.ID)
		if err == nil || !strings.Contains(err.Error(), "narrow that rule first") {
			t.Errorf("approved: %v", err)
		}
		w.pass(4 * time.Minute)
		if w.want(g.ID, jit.Denied); w.gets(azuresim.DemoApp, "203.0.113.99", 22) {
			t.Error("everybody gets in")
		}
	})
}

// One that comes while a grant is open has it end, and says why.
func TestLedAlongWhileOpen(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		w.quick()
		w.start()
		g := w.allowed(30*time.Minute, "203.0.113.7/32", "app-1")
		w.pass(4 * time.Minute)
		w.want(g.ID, jit.Open)
		w.letsAllIn()
		w.pass(4 * time.Minute)
		if g = w.want(g.ID, jit.Closed); !strings.Contains(g.Decision.Reason, "narrow that rule first") {
			t.Errorf("ended, because %s", g.Decision.Reason)
		}
		if w.gets(azuresim.DemoApp, "203.0.113.99", 22) {
			t.Error("everybody gets in still")
		}
	})
}
