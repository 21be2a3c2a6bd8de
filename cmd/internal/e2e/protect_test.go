package e2e_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// protect locks VMs as an admin does and waits until it is in force.
func (w *world) protect(vms ...string) {
	w.T.Helper()
	results, err := w.Service.Protect(w.T.Context(), carol, vms, nil)
	if err != nil {
		w.T.Fatal(err)
	}
	for _, r := range results {
		if r.Err != nil {
			w.T.Fatalf("protecting %s: %v", r.VM.Name, r.Err)
		}
	}
	w.Pass(20 * time.Second)
}

func (w *world) locked(vm string) bool {
	w.T.Helper()
	p, err := w.Store.Protection(w.T.Context(), vm)
	if err != nil && !errors.Is(err, jit.ErrNotFound) {
		w.T.Fatal(err)
	}
	return p.State == jit.Locked
}

// A protected port is shut to everybody but the holder of a grant, and the
// table after unprotect is the one before protect.
func TestProtectGrantUnprotect(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		const vm, from, other = azuresim.DemoJump, "203.0.113.7", "203.0.113.99"
		foreign := w.Foreign()
		w.Start()
		if !w.Reachable(vm, from) || !w.Reachable(vm, other) {
			t.Fatal("jump-1 should be exposed to begin with")
		}
		w.protect("jump-1")
		if !w.locked(vm) || w.Reachable(vm, from) || w.Reachable(vm, other) {
			t.Fatal("jump-1 is still open after protect")
		}
		if w.Told.Count("protected to channel") != 1 {
			t.Errorf("said %v", w.Told.Said)
		}
		g := w.Open(time.Hour, "jump-1")
		if !w.Reachable(vm, from) || w.Reachable(vm, other) {
			t.Error("during the grant it should be open to the holder alone")
		}
		w.Pass(time.Until(g.Clock.Deadline) + 20*time.Second)
		w.Want(g.ID, jit.Closed)
		if w.Reachable(vm, from) {
			t.Error("open after the grant")
		}
		if results, err := w.Service.Unprotect(t.Context(), carol, []string{"jump-1"}); err != nil || results[0].Err != nil {
			t.Fatal(results, err)
		}
		w.Pass(20 * time.Second)
		if _, err := w.Store.Protection(t.Context(), vm); !errors.Is(err, jit.ErrNotFound) || w.Ours() != 0 || !w.Reachable(vm, other) {
			t.Errorf("after unprotect: %v, %d rules", err, w.Ours())
		}
		w.CheckPromises(foreign)
	})
}

// VMs with the same ports in one NSG share a deny; removing one leaves the
// other shut.
func TestSharedDeny(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Start()
		w.protect("dev-1", "dev-2")
		denies := 0
		for _, r := range w.Azure.Rules(azuresim.DemoDevNSG) {
			if strings.Contains(r.Name, "-deny-") {
				denies++
				if len(r.DestinationAddressPrefixes) != 2 {
					t.Errorf("destinations %v", r.DestinationAddressPrefixes)
				}
			}
		}
		if denies != 1 {
			t.Errorf("%d denies", denies)
		}
		if _, err := w.Service.Unprotect(t.Context(), carol, []string{"dev-1"}); err != nil {
			t.Fatal(err)
		}
		w.Pass(20 * time.Second)
		if !w.locked(azuresim.DemoDev2) || w.Ours() != 1 {
			t.Errorf("dev-2 is locked: %t, %d rules", w.locked(azuresim.DemoDev2), w.Ours())
		}
		if w.Told.Count("drift") != 0 {
			t.Errorf("a change of ours was called drift: %v", w.Told.Said)
		}
		w.CheckPromises(foreign)
	})
}

func TestWhoMayProtect(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		for _, by := range []jit.UserID{ada, grace, bob, guest} {
			if _, err := w.Service.Protect(t.Context(), by, []string{"jump-1"}, nil); !errors.Is(err, jit.ErrAuthority) {
				t.Errorf("%s: %v", by, err)
			}
		}
		w.With(func(c *jit.Config) {})
		// An admin without the Azure actions.
		w.Stop()
		w.Config.Admins = []string{string(grace)}
		w.Start()
		results, err := w.Service.Protect(t.Context(), grace, []string{"jump-1", "bare-1"}, nil)
		if err != nil || len(results) != 2 || !errors.Is(results[0].Err, jit.ErrAuthority) {
			t.Errorf("%v, %v", results, err)
		}
		w.Stop()
		w.Config.Admins = []string{string(carol)}
		w.Start()
		results, err = w.Service.Protect(t.Context(), carol, []string{"bare-1"}, nil)
		if err != nil || len(results) != 1 || results[0].Err == nil || !strings.Contains(results[0].Err.Error(), "attach one first") {
			t.Errorf("%v, %v", results, err)
		}
		if w.Ours() != 0 {
			t.Error("a rule was written")
		}
		if got := w.said(jit.EventRejected); !slices.Equal(got, []string{"protect jump-1", "protect jump-1", "protect jump-1", "protect jump-1", "protect", "protect"}) {
			t.Errorf("of those without authority the record says %q", got)
		}
	})
}

// An allow of somebody else that stands above every deny of ours is named.
func TestProtectBelowAnAllow(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		err := w.Azure.PutRule(azuresim.DemoJumpNSG, azuresim.Rule{
			Name: "break-in", Protocol: "Tcp", SourceAddressPrefix: "*", SourcePortRange: "*", DestinationAddressPrefix: "*",
			DestinationPortRange: "20-25", Access: "Allow", Direction: "Inbound", Priority: 120,
		})
		if err != nil {
			t.Fatal(err)
		}
		w.Start()
		results, err := w.Service.Protect(t.Context(), carol, []string{"jump-1"}, nil)
		if err != nil || results[0].Err == nil || !strings.Contains(results[0].Err.Error(), "break-in") {
			t.Errorf("%v, %v", results, err)
		}
	})
}

// A deny that somebody removes or changes is put back within a minute.
func TestDenyDrift(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Start()
		w.protect("jump-1")
		deny := w.oursIn(azuresim.DemoJumpNSG)
		if err := w.Azure.DeleteRule(azuresim.DemoJumpNSG, deny.Name); err != nil {
			t.Fatal(err)
		}
		w.Pass(time.Minute)
		if w.Reachable(azuresim.DemoJump, "203.0.113.7") || w.Told.Count("drift to channel") != 1 {
			t.Errorf("not put back, or not said: %v", w.Told.Said)
		}
		w.CheckPromises(foreign)
	})
}

// protect: always is picked up for new VMs within a minute, and let go when
// the tags no longer match.
func TestProtectAlways(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Config.Policies = append([]jit.Policy{w.Config.Policies[0]}, w.Config.Policies...)
		w.Config.Policies[0].Always = true
		w.Config.Policies[0].Match = jit.Match{Tags: map[string]string{"lock": "yes"}}
		foreign := w.Foreign()
		w.Start()
		w.Pass(time.Minute)
		if w.Ours() != 0 {
			t.Fatal("something was protected")
		}
		if err := w.Azure.SetTags(azuresim.DemoJump, map[string]string{"lock": "yes"}); err != nil {
			t.Fatal(err)
		}
		w.Pass(90 * time.Second)
		if !w.locked(azuresim.DemoJump) {
			t.Fatal("not protected within a minute and a half")
		}
		if results, err := w.Service.Unprotect(t.Context(), carol, []string{"jump-1"}); err != nil || !errors.Is(results[0].Err, jit.ErrPolicy) {
			t.Errorf("%v %v", results, err)
		}
		if err := w.Azure.SetTags(azuresim.DemoJump, nil); err != nil {
			t.Fatal(err)
		}
		w.Pass(2 * time.Minute)
		if w.Ours() != 0 {
			t.Error("still protected after the tag is gone")
		}
		w.CheckPromises(foreign)
	})
}

// What a protection leaves open is said where it is called protected: allows of
// other people that come first, and inside traffic under denies for the
// Internet.
func TestProtectedSaysWhatStaysOpen(t *testing.T) {
	for name, c := range map[string]struct {
		policy func(p *jit.Policy)
		want   string
	}{
		"nothing": {func(*jit.Policy) {}, ""},
		"respect": {
			func(p *jit.Policy) { p.Existing = jit.Respect },
			"whom these allows of other people let in, which are asked first: ssh-anywhere (priority 1000) of jump-nsg",
		},
		"Internet": {func(p *jit.Policy) { p.DenySource = "Internet" }, "what does not come from the Internet"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				c.policy(&w.Config.Policies[0])
				w.Start()
				w.protect("jump-1")
				if got := w.said(jit.EventProtected); !slices.Equal(got, []string{c.want}) {
					t.Errorf("the record says %q, want %q", got, c.want)
				}
			})
		})
	}
}

// An allow above the deny counts only where every group on the way has one.
func TestOneGroupKeepsItShut(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Config.Policies[0].Existing = jit.Respect
		w.Start()
		w.protect("web-1")
		if got := w.said(jit.EventProtected); !slices.Equal(got, []string{""}) {
			t.Errorf("deploy-ssh stands at the interface alone, yet the record says %q", got)
		}
	})
}

// An allow that somebody puts before our denies later is told once, when it
// opens the VM, and once when it is gone.
func TestAllowBeforeADenyIsTold(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		w.protect("web-1")
		allow := func(nsg string) {
			if err := w.Azure.PutRule(nsg, azuresim.Rule{
				Name: "hotfix", Protocol: "Tcp", SourceAddressPrefix: "198.51.100.77", SourcePortRange: "*", DestinationAddressPrefix: "*",
				DestinationPortRange: "22", Access: "Allow", Direction: "Inbound", Priority: 120,
			}); err != nil {
				t.Fatal(err)
			}
			w.Pass(time.Minute)
		}
		want := func(texts ...string) {
			t.Helper()
			if got := w.said(jit.EventExposed); !slices.Equal(got, texts) || w.Told.Count("exposed to channel") != len(texts) {
				t.Errorf("the record says %q, want %q; told %d times", got, texts, w.Told.Count("exposed to channel"))
			}
		}
		allow(azuresim.DemoWebSubnetNSG)
		want() // the other group keeps it shut
		allow(azuresim.DemoWebNICNSG)
		const open = "whom these allows of other people let in, which are asked first: hotfix (priority 120) of web-nic-nsg, hotfix (priority 120) of web-subnet-nsg"
		want(open)
		w.Stop()
		w.Start()
		w.Pass(5 * time.Minute)
		want(open)
		if err := w.Azure.DeleteRule(azuresim.DemoWebSubnetNSG, "hotfix"); err != nil {
			t.Fatal(err)
		}
		w.Pass(time.Minute)
		want(open, "")
	})
}

// said lists the texts of a kind of event.
func (w *world) said(kind jit.EventKind) []string {
	w.T.Helper()
	events, err := w.Store.Events(w.T.Context(), 0, 100000)
	if err != nil {
		w.T.Fatal(err)
	}
	var out []string
	for _, e := range events {
		if e.Kind == kind {
			out = append(out, e.Text)
		}
	}
	return out
}
