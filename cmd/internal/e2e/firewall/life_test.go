package firewall_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// writes counts the requests that changed a firewall.
func (w *world) writes() int {
	n := 0
	for _, r := range w.Azure.Requests() {
		path := strings.ToLower(r.Path)
		if r.Method != "GET" && (strings.Contains(path, "/azurefirewalls/") || strings.Contains(path, "/rulecollectiongroups/")) && r.Status < 300 {
			n++
		}
	}
	return n
}

// One grant behind each kind of firewall, from the ask to the end: who gets to
// the VM is exactly the holder, for exactly that long, and everything of other
// people's is as before.
func TestFirewallLife(t *testing.T) {
	for _, c := range []struct{ name, vm, id, source, other string }{
		{"DNAT in classic rules", "app-1", azuresim.DemoApp, "203.0.113.7", "203.0.113.8"},
		{"a network rule in a policy", "core-1", azuresim.DemoCore, "10.60.1.9", "10.60.1.10"},
		{"DNAT in a policy", "core-1", azuresim.DemoCore, "203.0.113.7", "203.0.113.8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			firewalled(t, func(t *testing.T, w *world) {
				foreign, firewalls := w.Foreign(), w.ForeignFirewalls()
				w.Start()
				g, err := w.AskFrom(ada, 15*time.Minute, c.source+"/32", c.vm)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := w.Service.Approve(t.Context(), grace, g.ID); err != nil {
					t.Fatal(err)
				}
				w.Pass(time.Minute)
				g = w.Want(g.ID, jit.Opening)
				if others := strings.Join(g.Warnings, " "); strings.Contains(others, "Also lets in 198.51.100.10 to app-1 while open (rule site/build-ssh of the firewall hub-fw)") != (c.vm == "app-1") {
					t.Errorf("whom else it lets in: %s", others)
				}
				if w.Connects(c.id, c.source, 22) {
					t.Error("in before the firewall was changed")
				}
				w.Pass(5 * time.Minute)
				g = w.Want(g.ID, jit.Open)
				if !w.Connects(c.id, c.source, 22) || w.Connects(c.id, c.other, 22) || w.Connects(c.id, c.source, 23) {
					_, why := w.Azure.Path(c.id, netip.MustParseAddr(c.source), 22, "Tcp")
					t.Errorf("open to the wrong people: %v", why)
				}
				if ends := g.PublicEnds(); strings.HasPrefix(c.name, "DNAT") != (len(ends) == 1) {
					t.Errorf("public ends %v", ends)
				}
				if w.ForeignFirewalls() != firewalls {
					t.Error("somebody else's rules of a firewall changed while it was open")
				}
				w.Pass(time.Until(g.Clock.Deadline) + 20*time.Second)
				w.Want(g.ID, jit.Closing)
				if w.Connects(c.id, c.source, 22) {
					t.Error("still in after the deadline: the security group is closed at once")
				}
				w.Pass(6 * time.Minute)
				w.Want(g.ID, jit.Closed)
				if got := w.Firewalls(); got != firewalls {
					t.Errorf("the firewalls are not as before:\n%s\nwere\n%s", got, firewalls)
				}
				if n := w.writes(); n != 2 {
					t.Errorf("%d changes of a firewall, want 2", n)
				}
				w.CheckPromises(foreign)
			})
		})
	}
}

// Twenty grants that are due together are at most two changes of the firewall,
// and so are twenty that are approved together.
func TestFirewallChangesAreShared(t *testing.T) {
	for _, c := range []struct{ name, vm, id, source string }{
		{"classic", "app-1", azuresim.DemoApp, "203.0.113.%d"},
		{"policy", "core-1", azuresim.DemoCore, "10.60.1.%d"},
	} {
		t.Run(c.name, func(t *testing.T) {
			firewalled(t, func(t *testing.T, w *world) {
				firewalls := w.ForeignFirewalls()
				w.Start()
				var ids []jit.ID
				for i := range 20 {
					g, err := w.AskFrom(ada, 20*time.Minute, fmt.Sprintf(c.source+"/32", i+1), c.vm)
					if err != nil {
						t.Fatal(err)
					}
					ids = append(ids, g.ID)
				}
				for _, id := range ids {
					if _, err := w.Service.Approve(t.Context(), grace, id); err != nil {
						t.Fatal(err)
					}
				}
				w.Pass(13 * time.Minute)
				for i, id := range ids {
					w.Want(id, jit.Open)
					if !w.Connects(c.id, fmt.Sprintf(c.source, i+1), 22) {
						t.Errorf("grant %d is open and lets nobody in", i)
					}
				}
				opened := w.writes()
				if opened > 2 {
					t.Errorf("%d changes for twenty openings", opened)
				}
				w.Pass(30 * time.Minute)
				for _, id := range ids {
					w.Want(id, jit.Closed)
				}
				if closed := w.writes() - opened; closed > 2 {
					t.Errorf("%d changes for twenty closings", closed)
				}
				if w.Firewalls() != firewalls {
					t.Error("the firewalls are not as before")
				}
			})
		})
	}
}
