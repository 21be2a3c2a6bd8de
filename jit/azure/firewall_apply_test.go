package azure_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/rules"
)

// Somebody writes between our reading and our writing: nothing of theirs is
// lost, and we are told to look again.
func TestFirewallChangedMeanwhile(t *testing.T) {
	withFirewalls(t, func(t *testing.T, w *world) {
		var once sync.Once
		w.SetHook(func(r *http.Request) {
			if r.Method == http.MethodPut {
				once.Do(func() {
					if err := w.PutFirewall(azuresim.Firewall{
						ID: azuresim.DemoFirewall, Location: azuresim.DemoLocation, PublicIPs: []string{azuresim.DemoHubGroup + "/providers/Microsoft.Network/publicIPAddresses/fw-ip-1"},
						Subnet: azuresim.DemoHubGroup + "/providers/Microsoft.Network/virtualNetworks/hub-vnet/subnets/AzureFirewallSubnet",
					}); err != nil {
						t.Error(err)
					}
				})
			}
		})
		err := w.Apply(t.Context(), azuresim.DemoFirewall, put(networkAllow("g-7k2qd")))[0]
		if !errors.Is(err, jit.ErrConflict) {
			t.Errorf("%v", err)
		}
		if n := len(w.FirewallCollections(azuresim.DemoFirewall)); n != 0 {
			t.Errorf("%d collections: what somebody wrote was overwritten", n)
		}
	})
}

// One rule that Azure does not take keeps no other from being opened or closed.
func TestOneBadRuleOfAFirewall(t *testing.T) {
	withFirewalls(t, func(t *testing.T, w *world) {
		if err := w.Apply(t.Context(), azuresim.DemoFirewall, put(networkAllow("g-22222")))[0]; err != nil {
			t.Fatal(err)
		}
		bad, good := networkAllow("g-7k2qd"), networkAllow("g-33333")
		bad.Sources = []string{"10.60.1.999/32"}
		outcomes := w.Apply(t.Context(), azuresim.DemoFirewall, slices.Concat(put(bad), remove(networkAllow("g-22222").Name), put(good)))
		if !errors.Is(outcomes[0], jit.ErrInvalid) || outcomes[1] != nil || outcomes[2] != nil {
			t.Errorf("%v", outcomes)
		}
		table, err := w.Table(t.Context(), azuresim.DemoFirewall)
		if err != nil {
			t.Fatal(err)
		}
		for grant, want := range map[string]bool{"g-7k2qd": false, "g-22222": false, "g-33333": true} {
			if got := slices.ContainsFunc(table.Rules, func(r rules.Rule) bool { return r.Name == networkAllow(grant).Name }); got != want {
				t.Errorf("%s is there: %t", grant, got)
			}
		}
	})
}

// Nor does one that Azure Policy denies: a rule that nobody may put back would
// keep every port of the firewall open.
func TestOneDisallowedRuleOfAFirewall(t *testing.T) {
	for _, guard := range []string{azuresim.DemoFirewall, ourGroup} {
		withFirewalls(t, func(t *testing.T, w *world) {
			for _, grant := range []string{"g-22222", "g-44444"} {
				if err := w.Apply(t.Context(), guard, put(networkAllow(grant)))[0]; err != nil {
					t.Fatal(err)
				}
			}
			w.AddPolicyAssignment(azuresim.PolicyAssignment{Name: "no", Scope: azuresim.DemoHubGroup, Denies: func(p azuresim.PolicyWrite) bool {
				return strings.Contains(string(p.Body), networkAllow("g-7k2qd").Name)
			}})
			outcomes := w.Apply(t.Context(), guard, slices.Concat(
				put(networkAllow("g-7k2qd")), remove(networkAllow("g-22222").Name), put(networkAllow("g-33333"))))
			if !errors.Is(outcomes[0], jit.ErrDisallowed) || outcomes[1] != nil || outcomes[2] != nil {
				t.Errorf("%v", outcomes)
			}
		})
	}
}

// A write that Azure accepts and then gives up, perhaps for a rule that it cannot
// put into force, keeps no port open: what closes is sent once more by itself.
func TestClosingBesideAWriteThatFails(t *testing.T) {
	withFirewalls(t, func(t *testing.T, w *world) {
		if err := w.Apply(t.Context(), ourGroup, put(networkAllow("g-22222")))[0]; err != nil {
			t.Fatal(err)
		}
		w.AddFault(azuresim.OperationFails().On(http.MethodPut, "/ruleCollectionGroups/")) // that of what is left is a DELETE
		w.Reset()
		outcomes := w.Apply(t.Context(), ourGroup, slices.Concat(
			put(networkAllow("g-33333")), remove(networkAllow("g-22222").Name), put(networkAllow("g-44444"))))
		if outcomes[0] == nil || outcomes[1] != nil || outcomes[2] == nil || strings.Contains(w.dump(), "jitbot") {
			t.Errorf("%v", outcomes)
		}
		if n := w.sent("PUT", "/") + w.sent("DELETE", "/"); n != 2 {
			t.Errorf("%d writes, want 2", n)
		}
	})
}

// What lets nothing be deleted, be it a lock or the role, keeps no port open: a
// group of ours is emptied instead.
func TestAGroupThatMayNotBeDeleted(t *testing.T) {
	for name, forbid := range map[string]func(w *world){
		"lock": func(w *world) {
			w.AddLock(azuresim.Lock{Scope: azuresim.DemoHubGroup, Name: "keep", Level: "CanNotDelete"})
		},
		"role": func(w *world) {
			w.Configure(func(s *azuresim.Settings) { s.DeniedActions = []string{"*/ruleCollectionGroups/delete"} })
		},
	} {
		t.Run(name, func(t *testing.T) {
			withFirewalls(t, func(t *testing.T, w *world) {
				r := networkAllow("g-7k2qd")
				if err := w.Apply(t.Context(), ourGroup, put(r))[0]; err != nil {
					t.Fatal(err)
				}
				forbid(w)
				if err := w.Apply(t.Context(), ourGroup, remove(r.Name))[0]; err != nil {
					t.Error(err)
				}
				if strings.Contains(w.dump(), r.Name) {
					t.Error("the rule is left")
				}
			})
		})
	}
}

// What fails because a firewall of the policy is faulted fails for every rule:
// minutes are not spent on each.
func TestFaultedFirewall(t *testing.T) {
	withFirewalls(t, func(t *testing.T, w *world) {
		w.AddFault(azuresim.Fault{
			Method: http.MethodPut, Path: "/ruleCollectionGroups/", OperationEnd: "Failed", OperationCode: "FirewallPolicyUpdateFailed",
			OperationMessage: "Put on Firewall Policy edge-policy Failed with 1 faulted referenced firewalls",
		})
		var changes []rules.Change
		for _, grant := range []string{"g-22222", "g-33333", "g-44444", "g-55555"} {
			changes = append(changes, put(networkAllow(grant))...)
		}
		w.Reset()
		began := time.Now()
		for _, err := range w.Apply(t.Context(), ourGroup, changes) {
			if !errors.Is(err, jit.ErrInvalid) {
				t.Errorf("%v", err)
			}
		}
		if n := w.sent("PUT", "/"); n != 1 || time.Since(began) > 2*time.Minute {
			t.Errorf("%d writes in %s", n, time.Since(began))
		}
	})
}

// Whatever the status of a busy policy's answer is, it means: later.
func TestBusyPolicy(t *testing.T) {
	for _, status := range []int{http.StatusConflict, http.StatusBadRequest, http.StatusTooManyRequests} {
		withFirewalls(t, func(t *testing.T, w *world) {
			w.Configure(func(s *azuresim.Settings) {
				s.PolicyBusyStatus, s.FirewallTime, s.PolicyLag = status, time.Minute, time.Minute
			})
			var wg sync.WaitGroup
			wg.Go(func() {
				if err := w.Apply(t.Context(), ourGroup, put(networkAllow("g-7k2qd")))[0]; err != nil {
					t.Error(err)
				}
			})
			time.Sleep(10 * time.Second)
			// Another installation's group is another guard, of the same policy.
			other := networkAllow("g-22222")
			other.Name, other.Priority = "jitbot-other-g-22222-core-1", 112
			err := w.Apply(t.Context(), strings.Replace(ourGroup, "jitbot-test", "jitbot-other", 1), put(other))[0]
			if !errors.Is(err, jit.ErrBusy) {
				t.Errorf("%d: %v", status, err)
			}
			wg.Wait()
		})
	}
}
