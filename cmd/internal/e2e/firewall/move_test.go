package firewall_test

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// Behind firewalls, of each kind, access is moved in one write of each, and where it is by other
// guards, what was written at those before is proved gone first.
func TestMoveBehindFirewalls(t *testing.T) {
	for name, c := range map[string]struct{ vm, name, old, moved string }{
		"by DNAT":                     {azuresim.DemoApp, "app-1", "203.0.113.7", "198.51.100.9"},
		"from DNAT to the network":    {azuresim.DemoApp, "app-1", "203.0.113.7", "10.40.2.9"},
		"by a network rule":           {azuresim.DemoCore, "core-1", "10.60.1.9", "10.60.1.10"},
		"from a network rule to DNAT": {azuresim.DemoCore, "core-1", "10.60.1.9", "203.0.113.7"},
	} {
		t.Run(name, func(t *testing.T) {
			firewalled(t, func(t *testing.T, w *world) {
				w.QuickFirewalls()
				foreign, firewalls := w.Foreign(), w.Firewalls()
				w.Start()
				g := w.ApprovedFrom(time.Hour, c.old+"/32", c.name)
				w.Pass(4 * time.Minute)
				g = w.Want(g.ID, jit.Open)
				if _, err := w.Service.Move(t.Context(), ada, g.ID, netip.MustParsePrefix(c.moved+"/32")); err != nil {
					t.Fatal(err)
				}
				w.Pass(4 * time.Minute)
				now := w.Want(g.ID, jit.Open)
				if old, moved := w.Connects(c.vm, c.old, 22), w.Connects(c.vm, c.moved, 22); old || !moved || now.Move.Underway() || len(now.Left) > 0 {
					t.Errorf("reached from the old address %t, from the new %t; %+v, left %v", old, moved, now.Move, now.Left)
				}
				if c.name == "app-1" && c.moved == "198.51.100.9" && !slices.Equal(now.PublicEnds(), g.PublicEnds()) {
					t.Errorf("it is reached at %v, and was at %v", now.PublicEnds(), g.PublicEnds())
				}
				if w.Told.Count(" moved to requester") != 1 || w.Told.Count("drift to thread") != 0 {
					t.Errorf("said %v", w.Told.Said())
				}
				w.Pass(time.Until(g.Clock.Deadline) + 4*time.Minute)
				w.Want(g.ID, jit.Closed)
				if w.Connects(c.vm, c.old, 22) || w.Connects(c.vm, c.moved, 22) || w.Firewalls() != firewalls {
					t.Error("not as before")
				}
				w.CheckPromises(foreign)
			})
		})
	}
}

// Nothing is said to be moved while a rule for the old address stands. What cannot be removed has
// it go back.
func TestMoveIsNotSaidWhileTheOldRuleStands(t *testing.T) {
	for name, fault := range map[string]azuresim.Fault{
		"failing":   {Method: "DELETE", Path: "/apps-nsg/securityRules/", Status: 500},
		"forbidden": azuresim.Forbidden().On("DELETE", "/apps-nsg/securityRules/"),
	} {
		t.Run(name, func(t *testing.T) {
			firewalled(t, func(t *testing.T, w *world) {
				w.QuickFirewalls()
				foreign, firewalls := w.Foreign(), w.Firewalls()
				w.Start()
				g := w.ApprovedFrom(time.Hour, "203.0.113.7/32", "app-1")
				w.Pass(4 * time.Minute)
				g = w.Want(g.ID, jit.Open)
				w.Azure.AddFault(fault)
				if _, err := w.Service.Move(t.Context(), ada, g.ID, netip.MustParsePrefix("10.40.2.9/32")); err != nil {
					t.Fatal(err)
				}
				w.Pass(15 * time.Minute)
				if now := w.Want(g.ID, jit.Open); !now.Move.Underway() || now.Move.Forth() || w.Told.Count(" moved to requester") != 0 {
					t.Errorf("%+v, said %v", now.Move, w.Told.Said())
				}
				w.Azure.ClearFaults()
				w.Pass(4 * time.Minute)
				now := w.Want(g.ID, jit.Open)
				if now.Move.Underway() || !w.Connects(azuresim.DemoApp, "203.0.113.7", 22) || w.Connects(azuresim.DemoApp, "10.40.2.9", 22) {
					t.Errorf("afterwards it is not as before: %+v", now.Move)
				}
				w.Pass(time.Until(g.Clock.Deadline) + 4*time.Minute)
				w.Want(g.ID, jit.Closed)
				if w.Firewalls() != firewalls {
					t.Error("not as before")
				}
				w.CheckPromises(foreign)
			})
		})
	}
}

// Where others would be let in along, of whom its approvers were not warned, it is not moved.
func TestMoveLetsInNobodyUnapproved(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		w.QuickFirewalls()
		w.Start()
		g := w.ApprovedFrom(time.Hour, "10.40.2.9/32", "app-1")
		w.Pass(4 * time.Minute)
		w.Want(g.ID, jit.Open)
		_, err := w.Service.Move(t.Context(), ada, g.ID, netip.MustParsePrefix("203.0.113.7/32"))
		if !errors.Is(err, jit.ErrPolicy) || !strings.Contains(err.Error(), "198.51.100.10") {
			t.Errorf("got %v", err)
		}
		w.Pass(4 * time.Minute)
		if w.Connects(azuresim.DemoApp, "203.0.113.7", 22) || !w.Connects(azuresim.DemoApp, "10.40.2.9", 22) {
			t.Error("it was moved")
		}
	})
}

// A firewall takes minutes: until it was read back nothing is said to be moved. One that takes
// no change has it go back.
func TestMoveBehindASlowFirewall(t *testing.T) {
	for name, fault := range map[string]*azuresim.Fault{"slow": nil, "forbidden": new(azuresim.Forbidden().On("PUT", "/azureFirewalls/"))} {
		t.Run(name, func(t *testing.T) {
			firewalled(t, func(t *testing.T, w *world) {
				foreign := w.Foreign()
				w.Start()
				g := w.ApprovedFrom(2*time.Hour, "203.0.113.7/32", "app-1")
				w.Pass(10 * time.Minute)
				g = w.Want(g.ID, jit.Open)
				if fault != nil {
					w.Azure.AddFault(*fault)
				}
				if _, err := w.Service.Move(t.Context(), ada, g.ID, netip.MustParsePrefix("198.51.100.9/32")); err != nil {
					t.Fatal(err)
				}
				w.Pass(20 * time.Second)
				if now := w.Want(g.ID, jit.Open); fault == nil && (!now.Move.Forth() || w.Told.Count(" moved to requester") != 0) {
					t.Errorf("before it was read back: %+v, said %v", now.Move, w.Told.Said())
				}
				w.Pass(15 * time.Minute)
				now := w.Want(g.ID, jit.Open)
				old, moved := w.Connects(azuresim.DemoApp, "203.0.113.7", 22), w.Connects(azuresim.DemoApp, "198.51.100.9", 22)
				if moved != (fault == nil) || old == moved || now.Move.Underway() {
					t.Errorf("reached from the old address %t, from the new %t; %+v", old, moved, now.Move)
				}
				w.CheckPromises(foreign)
			})
		})
	}
}
