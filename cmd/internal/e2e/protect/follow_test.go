package protect_test

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/protection"
	"jitbot/jit/resource"
)

// What the form stored stays; where the denies stand and whom they shut out is
// as the policy says now.
func TestProtectionFollowsItsPolicy(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Start()
		if _, err := w.Service.Protect(t.Context(), carol, []string{"jump-1"}, w.Config.Policies[0].Ports[:1]); err != nil {
			t.Fatal(err)
		}
		w.Pass(20 * time.Second)
		w.Stop()
		w.Config.Policies[0].Existing, w.Config.Policies[0].DenySource = protection.Respect, "Internet"
		w.Start()
		w.Pass(90 * time.Second)
		var denies []azuresim.Rule
		for _, r := range w.Azure.Rules(azuresim.DemoJumpNSG) {
			if strings.HasPrefix(r.Name, "jitbot-prod-deny-") {
				denies = append(denies, r)
			}
		}
		if len(denies) != 1 || denies[0].DestinationPortRange != "22" || denies[0].SourceAddressPrefix != "Internet" || denies[0].Priority < 3900 {
			t.Errorf("%+v", denies)
		}
		if !w.IsProtected(azuresim.DemoJump) || w.Told.Count("drift") != 0 {
			t.Errorf("said %v", w.Told.Said())
		}
		if results, err := w.Service.Unprotect(t.Context(), carol, []string{"jump-1"}); err != nil || results[0].Err != nil {
			t.Errorf("%v %v", results, err)
		}
		w.Pass(20 * time.Second)
		if w.Ours() != 0 {
			t.Error("a deny is left")
		}
		w.CheckPromises(foreign)
	})
}

// Where the denies of a protection stand is the policy's to say, also after it
// was stored.
func TestProtectionFollowsThePolicy(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Config.Policies[0].Existing = protection.Respect
		foreign := w.Foreign()
		w.Start()
		w.Protect("jump-1")
		if !w.Reachable(azuresim.DemoJump, adasAddress) {
			t.Fatal("ssh-anywhere should be respected to begin with")
		}
		w.Stop()
		w.Config.Policies[0].Existing = protection.Override
		w.Start()
		w.Pass(2 * time.Minute)
		if w.Reachable(azuresim.DemoJump, adasAddress) {
			t.Error("open, where the policy overrides what exists")
		}
		w.Pass(2 * time.Minute)
		if got := w.Texts(jit.EventProtected); len(got) != 2 || got[1] != "" {
			t.Errorf("the record says %q", got)
		}
		w.CheckPromises(foreign)
	})
}

// A group that is taken off and put back, as terraform does to replace one, ends
// no protection; that nothing keeps the ports shut meanwhile is said.
func TestProtectionWaitsForAGroup(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Start()
		w.Protect("jump-1")
		nic := w.NIC(azuresim.DemoJump)
		if err := w.Azure.SetNSGOnNIC(nic, ""); err != nil {
			t.Fatal(err)
		}
		w.Pass(2 * time.Minute)
		if got := w.Texts(jit.EventMoved); len(got) != 1 || !strings.Contains(got[0], "no network security group before its address 10.10.9.4 any more") {
			t.Errorf("the record says %q", got)
		}
		if got := w.Texts(jit.EventProtected); len(got) != 2 || !strings.Contains(got[1], "the address 10.10.9.4, before which there is no network security group") {
			t.Errorf("the record says %q", got)
		}
		if err := w.Azure.SetNSGOnNIC(nic, azuresim.DemoBackupNSG); err != nil {
			t.Fatal(err)
		}
		w.Plant(azuresim.DemoBackupNSG, "all", "Allow", "*", 1000, "")
		w.Pass(2 * time.Minute)
		if !w.IsProtected(azuresim.DemoJump) || w.Reachable(azuresim.DemoJump, adasAddress) {
			t.Error("open once it has a group again")
		}
		if _, err := w.Service.Unprotect(t.Context(), carol, []string{"jump-1"}); err != nil {
			t.Fatal(err)
		}
		w.Pass(time.Minute)
		if err := w.Azure.DeleteRule(azuresim.DemoBackupNSG, "all"); err != nil {
			t.Fatal(err)
		}
		w.CheckPromises(foreign)
	})
}

// A list in which an interface is missing, because it came while the list was
// read, ends neither a protection nor a grant.
func TestInterfaceThatCameWhileListed(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		w.Protect("jump-1")
		g := w.Open(2*time.Hour, "jump-1")
		replace := sync.OnceFunc(func() {
			old, _ := w.Azure.NIC(w.NIC(azuresim.DemoJump))
			w.Azure.DeleteNIC(old.ID)
			old.ID = strings.Replace(old.ID, "jump", "new", 1)
			w.Azure.PutNIC(old)
			for _, vm := range w.Azure.VMs() {
				if resource.Same(vm.ID, azuresim.DemoJump) {
					vm.NICs = []string{old.ID}
					w.Azure.PutVM(vm)
				}
			}
		})
		slow := w.Azure.AddFault(azuresim.Fault{Method: http.MethodGet, Match: func(r *http.Request) bool {
			machines := strings.HasSuffix(strings.ToLower(r.URL.Path), "/virtualmachines")
			if machines {
				time.AfterFunc(2*time.Second, replace)
			}
			return machines
		}, Latency: 5 * time.Second})
		w.Pass(time.Minute)
		slow.Remove()
		if !w.IsProtected(azuresim.DemoJump) || w.Reachable(azuresim.DemoJump, "203.0.113.99") {
			t.Errorf("no longer shut; it was said %v", w.Told.Said())
		}
		w.Want(g.ID, jit.Open)
	})
}

// A VM is unprotected though another one that is protected has its address: the
// deny is that one's.
func TestUnprotectedBesideTheSameAddress(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		copied := w.AddTwin(azuresim.DemoDevNSG)
		foreign := w.Foreign()
		w.Start()
		w.Protect("dev-1", "copy-1")
		if _, err := w.Service.Unprotect(t.Context(), carol, []string{"dev-1"}); err != nil {
			t.Fatal(err)
		}
		w.Pass(2 * time.Minute)
		if p, err := w.Store.Protection(t.Context(), azuresim.DemoDev1); !errors.Is(err, jit.ErrNotFound) {
			t.Errorf("it is %s: %+v", p.State, p.Paths)
		}
		if !w.IsProtected(copied) || w.Ours() != 1 {
			t.Errorf("copy-1 is protected: %t, by %d rules", w.IsProtected(copied), w.Ours())
		}
		if _, err := w.Service.Unprotect(t.Context(), carol, []string{"copy-1"}); err != nil {
			t.Fatal(err)
		}
		w.Pass(2 * time.Minute)
		if w.Ours() != 0 {
			t.Errorf("%d rules are left", w.Ours())
		}
		w.CheckPromises(foreign)
	})
}

// While the configuration has many VMs protected, which takes a while, a grant
// follows its VM all the same.
func TestGrantFollowsWhileManyAreProtected(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g := w.OpenFrom("198.51.100.7/32", "dev-1")
		w.Stop()
		w.Config.Policies[0].Always = true
		w.Azure.AddFault(azuresim.Fault{Method: http.MethodGet, Pattern: regexp.MustCompile("(?i)/virtualMachines/[^/]+$"), Latency: 30 * time.Second})
		w.Start()
		w.Pass(2 * time.Second)
		if err := w.Azure.SetAddress(w.NIC(azuresim.DemoDev1), "ipconfig1", "10.30.1.40"); err != nil {
			t.Fatal(err)
		}
		w.Pass(time.Minute)
		w.Want(g.ID, jit.Open)
		if rules := w.Azure.Rules(azuresim.DemoDevNSG); !slices.ContainsFunc(rules, func(r azuresim.Rule) bool {
			return strings.Contains(r.Name, string(g.ID)) && strings.Contains(fmt.Sprint(r), "10.30.1.40")
		}) {
			t.Errorf("the rule does not follow: %+v", rules)
		}
	})
}

// What is in a subscription that was taken out of the configuration stays shut,
// and its VMs are not called gone; access there ends.
func TestSubscriptionTakenOut(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		const other = "00000000-1111-4222-8333-444444444444"
		w.Azure.PutSubscription(azuresim.Subscription{ID: other, Name: "Another"})
		w.Start()
		w.Protect("jump-1")
		g := w.Open(2*time.Hour, "jump-1")
		w.Stop()
		w.Client = w.Connect(func(c *azure.Config) { c.Subscriptions = []string{other} })
		w.Start()
		w.Pass(3 * time.Minute)
		if w.Reachable(azuresim.DemoJump, adasAddress) {
			t.Error("jump-1 is open")
		}
		if g = w.Want(g.ID, jit.Closed); strings.Contains(g.Decision.Reason, "does not exist") {
			t.Errorf("it is said that %s", g.Decision.Reason)
		}
		if got := w.Texts(jit.EventUnprotected); len(got) > 0 {
			t.Errorf("unprotected, because %q", got)
		}
	})
}

// A protection is not moved back to an address of a list that is older than it.
func TestProtectedSinceTheList(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		w.Pass(time.Second)
		listed := make(chan struct{})
		first := sync.OnceFunc(func() { close(listed) })
		slow := w.Azure.AddFault(azuresim.Fault{Method: http.MethodGet, Match: func(r *http.Request) bool {
			machines := strings.HasSuffix(strings.ToLower(r.URL.Path), "/virtualmachines")
			if machines {
				first()
			}
			return machines
		}, Latency: 20 * time.Second})
		<-listed
		w.Pass(2 * time.Second)
		if err := w.Azure.SetAddress(w.NIC(azuresim.DemoJump), "ipconfig1", "10.10.9.77"); err != nil {
			t.Fatal(err)
		}
		w.Protect("jump-1")
		slow.Remove()
		for range 30 {
			if w.Pass(time.Second); w.Reachable(azuresim.DemoJump, adasAddress) {
				t.Fatalf("open again; it was said %v", w.Told.Said())
			}
		}
	})
}

// A deny that another is to replace stays until the other is there, however
// long that is forbidden.
func TestOldDenyStaysUntilTheNewOneIsThere(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Start()
		w.Protect("jump-1")
		old := w.OursIn(azuresim.DemoJumpNSG)
		w.Stop()
		p := &w.Config.Policies[0]
		p.Always, p.DenySource, p.Ports = true, "Internet", p.Ports[:1]
		forbidden := w.Azure.AddFault(azuresim.Forbidden().On(http.MethodPut, "securityRules"))
		w.Start()
		w.Pass(5 * time.Minute)
		if now := w.OursIn(azuresim.DemoJumpNSG); forbidden.Hits() == 0 || now.Name != old.Name || w.Reachable(azuresim.DemoJump, adasAddress) {
			t.Errorf("%+v stands, was %+v", now, old)
		}
		forbidden.Remove()
		w.Pass(5 * time.Minute)
		if now := w.OursIn(azuresim.DemoJumpNSG); now.Name == old.Name || now.DestinationPortRange != "22" {
			t.Errorf("%+v stands, was %+v", now, old)
		}
		w.CheckPromises(foreign)
	})
}
