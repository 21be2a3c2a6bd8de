package e2e_test

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/policies"
)

// Promise 7: whoever may not ask is refused, with the reason, and opens
// nothing; every refusal after the account was known is in the record.
func TestWhoMayAsk(t *testing.T) {
	tests := []struct {
		name    string
		by      jit.UserID
		arrange func(w *world)
		want    string
	}{
		{"no Azure role", bob, nil, "lacks the Azure actions Microsoft.Security/locations/jitNetworkAccessPolicies/initiate/action"},
		{"guest", guest, nil, "a guest of this workspace"},
		{"unknown to Slack", "U0NOBODY", nil, "Slack does not know"},
		{"deactivated", ada, func(w *world) { w.SetMember(admission.Member{ID: ada, Gone: true}) }, "deactivated"},
		{"bot", ada, func(w *world) { w.SetMember(admission.Member{ID: ada, Bot: true}) }, "a bot"},
		{"stranger", ada, func(w *world) { w.SetMember(admission.Member{ID: ada, Stranger: true}) }, "another organization"},
		{"not tied", ada, func(w *world) { w.With(func(c *policies.Config) { delete(c.Users, ada) }) }, "not tied to an Entra user"},
		{"unknown to Entra", ada, func(w *world) { w.Azure.DeleteUser(azuresim.DemoAda) }, "Entra has no user"},
		{"switched off in Entra", ada, func(w *world) { _ = w.Azure.SetDisabled(azuresim.DemoAda, true) }, "switched off"},
		{"deny assignment", ada, func(w *world) {
			w.Azure.Deny(azuresim.DenyAssignment{
				Name: "lockdown", Scope: azuresim.DemoWebGroup, Principals: []string{azuresim.Everyone},
				Actions: []string{"Microsoft.Network/*"},
			})
		}, "lacks the Azure action Microsoft.Network/networkInterfaces/*/read"},
		{"roles unreadable", ada, func(w *world) {
			w.Azure.AddFault(azuresim.Forbidden().On("GET", "roleAssignments"))
		}, "could not be checked"},
		{"nobody could approve", ada, func(w *world) { delete(w.Groups, group) }, "nobody could give one"},
		{"no NSG", ada, func(w *world) { _ = w.Azure.SetNSGOnNIC(w.NIC(azuresim.DemoDev1), "") }, "no network security group"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				if tt.arrange != nil {
					tt.arrange(w)
				}
				foreign := w.Foreign()
				w.Start()
				vm := "web-1"
				if tt.name == "no NSG" {
					vm = "bare-1"
				}
				g, err := w.Ask(tt.by, time.Hour, vm)
				if !errors.As(err, new(*jit.Refusal)) || !strings.Contains(err.Error(), tt.want) {
					t.Fatalf("said %v, want %q", err, tt.want)
				}
				w.Pass(time.Minute)
				if g.ID != "" {
					w.Want(g.ID, jit.Refused)
					if !slices.Contains(w.Kinds(g.ID), jit.EventRefused) || w.Told.Has("to card") {
						t.Error("the refusal is not in the record, or got a card")
					}
				}
				if w.Ours() != 0 {
					t.Error("a rule was written")
				}
				w.CheckPromises(foreign)
			})
		})
	}
}

// Whoever may not approve changes nothing; the attempt is in the record.
func TestWhoMayApprove(t *testing.T) {
	tests := []struct {
		name    string
		by      jit.UserID
		arrange func(w *world)
		want    string
	}{
		{"the asker", ada, func(w *world) { w.Groups[group] = append(w.Groups[group], ada) }, "yourself"},
		{"no approver", bob, nil, "no approver"},
		{"an admin is no approver", carol, nil, "no approver"},
		{"guest", guest, func(w *world) { w.Groups[group] = append(w.Groups[group], guest) }, "a guest"},
		{"the asker's second Slack account", "U0ADA2", func(w *world) {
			w.SetMember(admission.Member{ID: "U0ADA2"})
			w.Groups[group] = append(w.Groups[group], "U0ADA2")
			w.With(func(c *policies.Config) { c.Users["U0ADA2"] = azuresim.DemoAdaUPN })
		}, "yourself"},
		{"without the approver's action", grace, func(w *world) {
			w.With(func(c *policies.Config) {
				c.Approvals = slices.Clone(c.Approvals)
				c.Approvals[0].ApproverActions = []string{"Microsoft.Authorization/roleAssignments/write"}
			})
		}, "lacks the Azure action Microsoft.Authorization/roleAssignments/write"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				if tt.arrange != nil {
					tt.arrange(w)
				}
				w.Start()
				g, err := w.Ask(ada, time.Hour, "web-1")
				if err != nil {
					t.Fatal(err)
				}
				_, err = w.Service.Approve(t.Context(), tt.by, g.ID)
				if !errors.Is(err, jit.ErrAuthority) || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("said %v, want %q", err, tt.want)
				}
				w.Pass(20 * time.Second)
				w.Want(g.ID, jit.Pending)
				if !slices.Contains(w.Kinds(g.ID), jit.EventRejected) {
					t.Errorf("the record says %v", w.Kinds(g.ID))
				}
			})
		})
	}
}

// A name in users that later means another Entra user is refused until the
// entry is edited.
func TestNameThatChangedHands(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.With(func(c *policies.Config) { c.Users[ada] = azuresim.DemoAdaUPN })
		w.Start()
		if _, err := w.Ask(ada, time.Hour, "web-1"); err != nil {
			t.Fatal(err)
		}
		w.Azure.DeleteUser(azuresim.DemoAda)
		w.Azure.PutUser(azuresim.User{ID: azuresim.DemoCarol, UPN: azuresim.DemoAdaUPN})
		if _, err := w.AskFrom(ada, time.Hour, "203.0.113.8/32", "web-1"); err == nil || !strings.Contains(err.Error(), "another Entra user") {
			t.Errorf("said %v", err)
		}
	})
}

// Promise 10: bad input gets one clear sentence and changes nothing.
func TestBadInput(t *testing.T) {
	ok := jit.Ask{
		VMs: []string{"web-1"}, Ports: []jit.Ports{{From: 22, To: 22}}, Duration: time.Hour,
		Sources: []netip.Prefix{netip.MustParsePrefix("203.0.113.7/32")}, Reason: "r",
	}
	tests := []struct {
		name   string
		change func(*jit.Ask)
		want   string
	}{
		{"unknown VM", func(a *jit.Ask) { a.VMs = []string{"wbe-1"} }, "did you mean web-1"},
		{"nothing like it", func(a *jit.Ask) { a.VMs = []string{"zzzzzzzzzzzz"} }, "no VM called"},
		{"unknown tag", func(a *jit.Ask) { a.VMs = []string{"tag:env=nowhere"} }, "has the tag env=nowhere"},
		{"no VM", func(a *jit.Ask) { a.VMs = nil }, "Say which VM"},
		{"port not on offer", func(a *jit.Ask) { a.Ports = []jit.Ports{{From: 25, To: 25}} }, "not on offer"},
		{"another protocol", func(a *jit.Ask) { a.Ports[0].Protocol = jit.UDP }, "not on offer"},
		{"no port where there is a choice", func(a *jit.Ask) { a.Ports = nil }, "Say which port"},
		{"too long", func(a *jit.Ask) { a.Duration = 4 * time.Hour }, "at most 3h"},
		{"too short", func(a *jit.Ask) { a.Duration = time.Second }, "at least 5m"},
		{"wider than the policy", func(a *jit.Ask) { a.Sources = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")} }, "accepts any single address"},
		{"no source", func(a *jit.Ask) { a.Sources = nil }, "Say where you come from"},
		{"no reason", func(a *jit.Ask) { a.Reason = " \u202e " }, "Say why"},
	}
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		for _, tt := range tests {
			a := ok
			a.Ports = slices.Clone(ok.Ports)
			tt.change(&a)
			grants, err := w.Service.Ask(t.Context(), ada, tt.name, a)
			if !errors.As(err, new(*jit.Refusal)) || !strings.Contains(err.Error(), tt.want) || len(grants) != 0 {
				t.Errorf("%s: %v, %v; want %q", tt.name, grants, err, tt.want)
			}
		}
		if counts, err := w.Store.Counts(t.Context()); err != nil || len(counts) != 0 {
			t.Errorf("something was stored: %v %v", counts, err)
		}
		for _, id := range []jit.ID{"g-99999", "g-0oil1", "nonsense", ""} {
			if _, err := w.Service.Done(t.Context(), ada, id); !errors.As(err, new(*jit.Refusal)) {
				t.Errorf("done %q: %v", id, err)
			}
		}
	})
}

// Promise 6: a delivery that comes twice asks once.
func TestDoubledAsk(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		a := jit.Ask{
			VMs: []string{"web-1", "db-1"}, Ports: []jit.Ports{{From: 22, To: 22}},
			Sources: []netip.Prefix{netip.MustParsePrefix("203.0.113.7/32")}, Reason: "r",
		}
		first, err := w.Service.Ask(t.Context(), ada, "one delivery", a)
		if err != nil {
			t.Fatal(err)
		}
		again, err := w.Service.Ask(t.Context(), ada, "one delivery", a)
		if err != nil || len(again) != len(first) || again[0].ID != first[0].ID {
			t.Errorf("%v and %v, %v", first, again, err)
		}
		if g, err := w.Service.Check(t.Context(), first[0].ID); err != nil || g.Request.Duration != time.Hour || len(g.Request.Targets) != 2 {
			t.Errorf("%+v, %v", g, err)
		}
	})
}

// A foreign deny that would shadow the allow is named before anybody is asked.
func TestShadowedRequestIsRefused(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		err := w.Azure.PutRule(azuresim.DemoWebNICNSG, azuresim.Rule{
			Name: "corp-deny-ssh", Protocol: "*", SourceAddressPrefix: "Internet", SourcePortRange: "*", DestinationAddressPrefix: "*",
			DestinationPortRanges: []string{"20-25", "3389"}, Access: "Deny", Direction: "Inbound", Priority: 100,
		})
		if err != nil {
			t.Fatal(err)
		}
		w.Start()
		if _, err := w.Ask(ada, time.Hour, "web-1"); err == nil || !strings.Contains(err.Error(), "corp-deny-ssh") {
			t.Errorf("said %v", err)
		}
	})
}

// Whoever asks why somebody is refused for want of rights reads each action that
// is missing, and where, whole: they are for copying.
func TestMissingActionsAreShownWhole(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		e, err := w.Service.Explain(t.Context(), carol, "web-1", bob)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range append(policies.DefaultActions(), azuresim.DemoWeb1) {
			if said := view.Explain(e).Text; !strings.Contains(said, want) {
				t.Errorf("%s is not in %q", want, said)
			}
		}
	})
}
