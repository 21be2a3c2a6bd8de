package e2e_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/rules"
	"jitbot/jit/sweep"
)

// keepers are what lets jitbot write a rule and not remove it, with the words that
// each is told by, before it opens and when it came later.
var keepers = map[string]struct {
	put           func(w *world)
	before, later string
}{
	"a deny assignment": {
		func(w *world) { w.denyDelete(azuresim.Everyone) },
		"created by Deployment Stack", "have the owner of the deny assignment exclude jitbot's identity",
	},
	"a deny assignment for a group": {
		func(w *world) {
			w.Azure.PutGroup(azuresim.Group{ID: stackGroup, Name: "bots", Members: []string{azuresim.DefaultPrincipalID}})
			w.denyDelete(stackGroup)
		},
		"created by Deployment Stack", "have the owner of the deny assignment exclude jitbot's identity",
	},
	"a role without delete": {
		func(w *world) {
			role, _ := w.Azure.RoleDefinition(azuresim.RoleJITBot)
			role.Actions = azuresim.WithoutDelete(role.Actions)
			w.Azure.PutRoleDefinition(role)
		},
		"lacks the Azure action Microsoft.Network/networkSecurityGroups/securityRules/delete", "give it the role that jitbot role prints",
	},
	"a lock": {
		func(w *world) {
			w.Azure.AddLock(azuresim.Lock{Name: "keep", Scope: azuresim.DemoWebGroup, Level: azuresim.CanNotDelete})
		},
		"The lock keep", "remove the lock",
	},
}

const (
	stackGroup = "d0000000-0000-4000-8000-0000000000b7"
	stackDeny  = "d0000000-0000-4000-8000-0000000000b8"
)

// denyDelete keeps a principal from deleting what is in the group of web-1.
func (w *world) denyDelete(principal string) {
	d := azuresim.DenyDelete(azuresim.DemoWebGroup, "landing-zone")
	d.ID, d.Principals = stackDeny, []string{principal}
	w.Azure.Deny(d)
}

// enforced has the simulator ask for rights.
func enforced(w *world) {
	w.Azure.Configure(func(s *azuresim.Settings) { s.EnforceRBAC = true })
}

// What could be written and not removed is not opened, and nobody is asked.
func TestUndeletableGuardIsRefused(t *testing.T) {
	for name, keeper := range keepers {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				enforced(w)
				keeper.put(w)
				foreign := w.Foreign()
				w.Start()
				g, err := w.Ask(ada, time.Hour, "web-1")
				if !errors.As(err, new(*jit.Refusal)) || !strings.Contains(err.Error(), keeper.before) {
					t.Errorf("an ask: %v", err)
				}
				results, err := w.Service.Protect(t.Context(), carol, []string{"web-1"}, nil)
				if err != nil || results[0].Err == nil || !strings.Contains(results[0].Err.Error(), keeper.before) {
					t.Errorf("protect said %v, %v", results, err)
				}
				w.Pass(time.Minute)
				if w.Want(g.ID, jit.Refused); w.Told.Has("to card") || w.Ours() != 0 {
					t.Errorf("%d rules of ours; said %v", w.Ours(), w.Told.Said())
				}
				w.CheckPromises(foreign)
			})
		})
	}
}

// A deny assignment for users, and one that leaves jitbot out, keep nobody out.
func TestDenyAssignmentOfOthersIsNotInTheWay(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		enforced(w)
		excluding := azuresim.DenyDelete(azuresim.DemoWebGroup, "landing-zone")
		excluding.ExcludePrincipals = []string{azuresim.DefaultPrincipalID}
		w.Azure.Deny(excluding)
		users := azuresim.DenyDelete(azuresim.DemoWebGroup, "people")
		users.Principals = []string{azuresim.DemoAlan}
		w.Azure.Deny(users)
		foreign := w.Foreign()
		w.Start()
		w.Open(10*time.Minute, "web-1")
		w.Pass(20 * time.Minute)
		if n := w.Ours(); n != 0 {
			t.Errorf("%d rules are left", n)
		}
		w.CheckPromises(foreign)
	})
}

// What came between after the opening keeps no port open: the allow is turned into a
// deny at the deadline, which is told with what to do about it; the rule goes, and the
// grant closes, once it may.
func TestUndeletableRuleIsTurnedIntoADeny(t *testing.T) {
	for name, keeper := range keepers {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				enforced(w)
				foreign := w.Foreign()
				w.Start()
				g := w.Open(30*time.Minute, "web-1")
				role, _ := w.Azure.RoleDefinition(azuresim.RoleJITBot)
				keeper.put(w)
				w.Pass(time.Until(g.Clock.Deadline) + 20*time.Second)
				if w.Reachable(azuresim.DemoWeb1, "203.0.113.7") || w.Ours() != 2 {
					t.Errorf("its holder gets in; %d rules of ours", w.Ours())
				}
				stuck := w.Want(g.ID, jit.Closing)
				if fault := stuck.Paths[0].Fault; !stuck.Stuck || !strings.Contains(fault, "turned into a deny") || !strings.Contains(fault, keeper.later) {
					t.Errorf("stuck: %t, it is told %q", stuck.Stuck, fault)
				}
				w.Azure.PutRoleDefinition(role)
				w.Azure.Undeny(stackDeny)
				w.Azure.RemoveLock(azuresim.DemoWebGroup, "keep")
				w.Pass(20 * time.Minute)
				w.Want(g.ID, jit.Closed)
				w.CheckPromises(foreign)
			})
		})
	}
}

// jitbot sweep, with an identity that may write, does the same and says so.
func TestSweepTurnsAnUndeletableRuleIntoADeny(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		enforced(w)
		w.Start()
		g := w.Open(30*time.Minute, "web-1")
		w.Stop()
		w.Pass(time.Until(g.Clock.Until))
		w.Azure.Deny(azuresim.DenyDelete(azuresim.DemoWebGroup, "landing-zone"))
		found, err := sweep.Overdue(t.Context(), w.Client, rules.Owner{Installation: "prod", Bands: w.Config.Bands}, false, time.Now())
		if err != nil || len(found) != 2 || w.Reachable(azuresim.DemoWeb1, "203.0.113.7") {
			t.Errorf("it said %v, %v", found, err)
		}
		for _, r := range found {
			if !r.Overdue() || !strings.Contains(r.String(), "turned into a deny") || !strings.Contains(r.String(), "exclude jitbot's identity") {
				t.Errorf("%s", r)
			}
		}
	})
}

// A rule of ours that no grant explains and that Azure does not let us remove is
// stuck as a closing is: listed, told in the channel once, and nothing new is opened
// at its guard until it is gone; elsewhere openings go on.
func TestUndeletableOrphanIsStuck(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		orphan := azuresim.Rule{
			Name: "jitbot-prod-g-99999-db-2-abcd-tcp", Protocol: "Tcp", SourceAddressPrefix: "203.0.113.99", SourcePortRange: "*",
			DestinationAddressPrefix: "10.20.1.5", DestinationPortRange: "22", Access: "Allow", Direction: "Inbound", Priority: 200,
			Description: "jitbot g-99999 U0ADA until 1999-12-31T10:00:00Z",
		}
		w.Start()
		w.Pass(time.Minute)
		fault := w.Azure.AddFault(azuresim.Forbidden().On("", orphan.Name))
		guard := azuresim.DemoDBSubnetNSG
		if err := w.Azure.PutRule(guard, orphan); err != nil {
			t.Fatal(err)
		}
		w.Pass(2 * time.Minute)
		stuck := w.Reconciler.Stuck(t.Context())
		if len(stuck) != 1 || stuck[0].Grant != "g-99999" || !strings.Contains(stuck[0].Fault, orphan.Name+" in db-subnet-nsg") {
			t.Errorf("stuck are %+v", stuck)
		}
		if n := w.Told.Count("g-99999 stuck to channel"); n != 1 {
			t.Errorf("it was told %d times: %v", n, w.Told.Said())
		}
		waiting, err := w.Ask(ada, time.Hour, "db-2")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Service.Approve(t.Context(), grace, waiting.ID); err != nil {
			t.Fatal(err)
		}
		w.Pass(30 * time.Second)
		if held := w.Want(waiting.ID, jit.Opening); !strings.Contains(held.Waiting, orphan.Name) {
			t.Errorf("the opening waits for %q", held.Waiting)
		}
		w.Open(time.Hour, "web-1")
		fault.Remove()
		w.Pass(2 * time.Minute)
		w.Want(waiting.ID, jit.Open)
		if left := w.Reconciler.Stuck(t.Context()); len(left) != 0 {
			t.Errorf("stuck are %+v", left)
		}
		w.Pass(4 * time.Hour)
		if n := w.Ours(); n != 0 {
			t.Errorf("%d rules are left", n)
		}
		w.CheckPromises(foreign)
	})
}

// One that somebody removes by hand is stuck no more.
func TestStuckOrphanThatSomebodyRemoves(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		const name = "jitbot-prod-g-99999-dev-1-abcd-tcp"
		w.Azure.AddFault(azuresim.Forbidden().On("", name))
		if err := w.Azure.PutRule(azuresim.DemoDevNSG, azuresim.Rule{
			Name: name, Protocol: "Tcp", SourceAddressPrefix: "203.0.113.99", SourcePortRange: "*", DestinationAddressPrefix: "*",
			DestinationPortRange: "22", Access: "Allow", Direction: "Inbound", Priority: 200,
		}); err != nil {
			t.Fatal(err)
		}
		w.Start()
		w.Pass(time.Minute)
		if n := len(w.Reconciler.Stuck(t.Context())); n != 1 || !simulated.IsOurs(name) {
			t.Errorf("%d are stuck", n)
		}
		if err := w.Azure.DeleteRule(azuresim.DemoDevNSG, name); err != nil {
			t.Fatal(err)
		}
		w.Pass(time.Minute)
		if n := len(w.Reconciler.Stuck(t.Context())); n != 0 {
			t.Errorf("%d are stuck", n)
		}
	})
}
