package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure"
	"jitbot/jit/azure/azuresim"
)

const orphan = "jitbot-prod-g-99999-web-1-abcd-tcp"

// threefold is a world of three subscriptions.
func threefold(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	bubble(t, func(t *testing.T, w *world) {
		azuresim.SeedSubscriptions(w.Azure)
		w.Client = w.Connect(func(c *azure.Config) {
			c.Subscriptions = append(c.Subscriptions, azuresim.DemoStaging, azuresim.DemoArchive)
		})
		f(t, w)
	})
}

// sicknesses are the ways in which a subscription may not answer; "silent" says
// nothing at all.
func sicknesses() map[string]func(w *world) {
	return map[string]func(w *world){
		"throttled": func(w *world) { w.Azure.SetSubscriptionHealth(azuresim.DemoStaging, azuresim.OutOfRequests) },
		"forbidden": func(w *world) { w.Azure.SetSubscriptionHealth(azuresim.DemoStaging, azuresim.OutOfReach) },
		"disabled":  func(w *world) { w.Azure.SetSubscriptionHealth(azuresim.DemoStaging, azuresim.Disabled) },
		"silent": func(w *world) {
			silent := azuresim.HangingRequest()
			silent.Path = azuresim.DemoStagingScope + "/"
			w.Azure.AddFault(silent)
		},
	}
}

// eachSickness runs a test with staging sick: from before the start, as after a
// restart, or from some time after it.
func eachSickness(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	for name, fall := range sicknesses() {
		for _, when := range []string{"before the start", "later"} {
			t.Run(name+" "+when, func(t *testing.T) {
				threefold(t, func(t *testing.T, w *world) {
					if when == "later" {
						w.Start()
						w.Pass(time.Minute)
						fall(w)
					} else {
						fall(w)
						w.Start()
					}
					w.Pass(time.Minute)
					f(t, w)
				})
			})
		}
	}
}

// A subscription that is sick delays only itself: elsewhere a rule that nobody
// explains is removed, and who took an address over is not let in.
func TestSickSubscriptionBlindsNoOther(t *testing.T) {
	eachSickness(t, func(t *testing.T, w *world) {
		g := w.Open(2*time.Hour, "web-1")
		for _, nsg := range []string{azuresim.DemoWebNICNSG, azuresim.DemoArchiveNICNSG} {
			w.Plant(nsg, orphan, "Allow", "203.0.113.99", 200, "")
		}
		w.SwapAddresses(azuresim.DemoWeb1, azuresim.DemoWeb2)
		w.Pass(90 * time.Second)
		for _, nsg := range []string{azuresim.DemoWebNICNSG, azuresim.DemoArchiveNICNSG} {
			if w.Holds(nsg, orphan) {
				t.Errorf("the orphan in %s stands", nsg)
			}
		}
		if w.Reachable(azuresim.DemoWeb2, adasAddress) {
			t.Error("who took the address over is open to somebody whom nobody let in there")
		}
		if g = w.Want(g.ID, jit.Open); g.Paths[0].Addresses[0].String() != "10.10.1.200" {
			t.Errorf("the grant did not follow its VM: %+v", g.Paths)
		}
	})
}

// Asks elsewhere are answered, opened and closed; one there is refused with why, and
// what else works.
func TestSickSubscriptionStopsNoAskElsewhere(t *testing.T) {
	eachSickness(t, func(t *testing.T, w *world) {
		for _, vm := range []string{"web-1", "archive-1"} {
			begin := time.Now()
			g, err := w.Ask(ada, 10*time.Minute, vm)
			if took := time.Since(begin); err != nil || took > 15*time.Second {
				t.Fatalf("%s after %s: %v", vm, took, err)
			}
			if _, err := w.Service.Approve(t.Context(), grace, g.ID); err != nil {
				t.Fatal(err)
			}
			w.Pass(20 * time.Second)
			g = w.Want(g.ID, jit.Open)
			w.Pass(time.Until(g.Clock.Deadline) + 10*time.Second)
			w.Want(g.ID, jit.Closed)
		}
		if _, _, err := w.Service.Scan(t.Context(), carol); err != nil {
			t.Errorf("scanning: %v", err)
		}
		if _, err := w.Service.Offer(t.Context(), ada, []string{"web-1"}); err != nil {
			t.Errorf("offering: %v", err)
		}
		g, err := w.Ask(ada, 10*time.Minute, "staging-1")
		if err == nil { // it is disabled, and can be read
			if _, err := w.Service.Approve(t.Context(), grace, g.ID); err != nil {
				t.Fatal(err)
			}
			w.Pass(30 * time.Second)
			g = w.Grant(g.ID)
			if text := fmt.Sprint(g.Waiting, g.Decision); g.State == jit.Open || !strings.Contains(text, "disabled") {
				t.Errorf("%s, %s", g.State, text)
			}
			return
		}
		for _, words := range []string{azuresim.DemoStaging, "other subscriptions can be asked for"} {
			if !strings.Contains(err.Error(), words) {
				t.Errorf("there %q lacks %q", err, words)
			}
		}
	})
}

// What is protected in a healthy subscription follows its VM, and what the
// configuration protects there always is protected.
func TestSickSubscriptionHoldsUpNoProtectionElsewhere(t *testing.T) {
	eachSickness(t, func(t *testing.T, w *world) {
		w.Protect("dev-1")
		w.Pass(20 * time.Second)
		if !w.IsProtected(azuresim.DemoDev1) {
			t.Error("dev-1 is not protected")
		}
	})
}

// A grant for VMs of two subscriptions follows that of the healthy one.
func TestGrantAcrossSubscriptionsFollowsWhatAnswers(t *testing.T) {
	for name, fall := range sicknesses() {
		t.Run(name, func(t *testing.T) {
			threefold(t, func(t *testing.T, w *world) {
				w.Start()
				g := w.Open(time.Hour, "dev-2", "staging-1")
				paths := len(g.Paths)
				fall(w)
				if err := w.Azure.SetAddress(azuresim.DemoDevGroup+"/providers/Microsoft.Network/networkInterfaces/dev-2-nic", "ipconfig1", "10.30.1.77"); err != nil {
					t.Fatal(err)
				}
				w.Pass(2 * time.Minute)
				g = w.Want(g.ID, jit.Open)
				if len(g.Paths) != paths || !strings.Contains(fmt.Sprint(g.Paths), "10.30.1.77") || !strings.Contains(fmt.Sprint(g.Paths), "10.80.1.11") {
					t.Errorf("paths %+v", g.Paths)
				}
			})
		})
	}
}

// 250 groups that hang, in the subscription of a healthy VM or in another, delay
// its closing by no more than a moment.
func TestHangingGroupsDelayNoClosing(t *testing.T) {
	for name, group := range map[string]string{"in its subscription": azuresim.DemoWebGroup, "in another": azuresim.DemoStagingGroup} {
		t.Run(name, func(t *testing.T) {
			threefold(t, func(t *testing.T, w *world) {
				for i := range 250 {
					nsg := fmt.Sprintf("%s/providers/Microsoft.Network/networkSecurityGroups/hang-%d", group, i)
					if err := w.Azure.PutNSG(azuresim.NSG{ID: nsg, Location: azuresim.DemoLocation}); err != nil {
						t.Fatal(err)
					}
				}
				w.Start()
				g := w.Open(15*time.Minute, "web-1")
				w.Pass(time.Until(g.Clock.Deadline) - 40*time.Second)
				silent := azuresim.HangingRequest()
				silent.Path = "/networkSecurityGroups/hang-"
				fault := w.Azure.AddFault(silent)
				for i := range 250 {
					w.Plant(fmt.Sprintf("%s/providers/Microsoft.Network/networkSecurityGroups/hang-%d", group, i), orphan, "Allow", "203.0.113.99", 200, "")
				}
				w.Pass(time.Until(g.Clock.Deadline) + 2*time.Second)
				if n := fault.Hanging(); n != 250 {
					t.Errorf("%d hang, not all", n)
				}
				if w.Reachable(azuresim.DemoWeb1, adasAddress) {
					t.Error("the access is open 2 s after the deadline")
				}
				w.Pass(5 * time.Second)
				w.Want(g.ID, jit.Closed)
				fault.Remove()
			})
		})
	}
}

// A closing that is stuck holds openings at its own groups, and those of its
// whole subscription only when three are.
func TestStuckClosingHoldsItsOwnGroups(t *testing.T) {
	threefold(t, func(t *testing.T, w *world) {
		w.Start()
		first := w.Open(10*time.Minute, "web-1")
		second, third := w.Open(40*time.Minute, "db-2"), w.Open(40*time.Minute, "dev-1")
		w.Azure.AddFault(azuresim.Forbidden().On(http.MethodDelete, azuresim.DemoSubscription))
		w.Pass(time.Until(first.Clock.Deadline) + 10*time.Second)
		if !w.Want(first.ID, jit.Closing).Stuck {
			t.Error("it is not stuck")
		}
		from := 10
		opening := func(vm string, waits bool) {
			t.Helper()
			from++
			g, err := w.AskFrom(ada, time.Hour, fmt.Sprintf("203.0.113.%d/32", from), vm)
			if err == nil {
				_, err = w.Service.Approve(t.Context(), grace, g.ID)
			}
			if err != nil {
				t.Fatal(err)
			}
			w.Pass(20 * time.Second)
			if g = w.Grant(g.ID); (g.State == jit.Opening && strings.Contains(g.Waiting, "closing")) != waits {
				t.Errorf("%s is %s, and waits: %q", vm, g.State, g.Waiting)
			}
		}
		opening("web-2", true) // behind the same groups
		opening("jump-1", false)
		opening("staging-1", false)
		w.Pass(time.Until(third.Clock.Deadline) + 10*time.Second)
		for _, g := range []jit.Grant{second, third} {
			if !w.Want(g.ID, jit.Closing).Stuck {
				t.Error("it is not stuck")
			}
		}
		opening("jump-1", true)
		opening("archive-1", false)
	})
}

// What another subscription says of how long to wait for its readings does not keep
// a removal here from being tried again.
func TestPauseOfAnotherSubscriptionKeepsNothingOpen(t *testing.T) {
	threefold(t, func(t *testing.T, w *world) {
		w.Start()
		other, both := w.Open(30*time.Minute, "web-2"), w.Open(time.Hour, "web-1", "staging-1")
		late := w.Azure.AddFault(azuresim.Conflict().On(http.MethodDelete, azuresim.DemoWebGroup))
		if _, err := w.Service.Done(t.Context(), ada, both.ID); err != nil {
			t.Fatal(err)
		}
		w.Pass(20 * time.Second)
		w.Azure.SetSubscriptionHealth(azuresim.DemoStaging, azuresim.OutOfRequests)
		late.Remove()
		w.Pass(time.Until(other.Clock.Deadline) - time.Second)
		w.Azure.AddFault(azuresim.Conflict().On(http.MethodDelete, string(other.ID)).Only(2))
		w.Pass(15 * time.Minute)
		if held := w.Held(other.ID); len(held) > 0 {
			t.Errorf("15 minutes past its deadline there is %v; the other is %+v", held, w.Grant(both.ID).Paths)
		}
	})
}
