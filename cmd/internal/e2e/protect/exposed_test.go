package protect_test

import (
	"slices"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/policies"
	"jitbot/jit/protection"
)

// What a protection leaves open is said where it is called protected: allows of
// other people that come first, and inside traffic under denies for the
// Internet.
func TestProtectedSaysWhatStaysOpen(t *testing.T) {
	for name, c := range map[string]struct {
		policy func(p *policies.Policy)
		want   string
	}{
		"nothing": {func(*policies.Policy) {}, ""},
		"respect": {
			func(p *policies.Policy) { p.Existing = protection.Respect },
			"whom these allows of other people let in, which are asked first: ssh-anywhere (priority 1000) of jump-nsg",
		},
		"Internet": {func(p *policies.Policy) { p.DenySource = "Internet" }, "what does not come from the Internet"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				c.policy(&w.Config.Policies[0])
				w.Start()
				w.Protect("jump-1")
				if got := w.Texts(jit.EventProtected); !slices.Equal(got, []string{c.want}) {
					t.Errorf("the record says %q, want %q", got, c.want)
				}
			})
		})
	}
}

// An allow that somebody puts before our denies later is told once, when it
// opens the VM, and once when it is gone.
func TestAllowBeforeADenyIsTold(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		w.Protect("web-1")
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
			if got := w.Texts(jit.EventExposed); !slices.Equal(got, texts) || w.Told.Count("exposed to channel") != len(texts) {
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

// An allow above the deny counts only where every group on the way has one.
func TestOneGroupKeepsItShut(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Config.Policies[0].Existing = protection.Respect
		w.Start()
		w.Protect("web-1")
		if got := w.Texts(jit.EventProtected); !slices.Equal(got, []string{""}) {
			t.Errorf("deploy-ssh stands at the interface alone, yet the record says %q", got)
		}
	})
}
