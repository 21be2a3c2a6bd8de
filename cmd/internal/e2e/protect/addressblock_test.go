package protect_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/policies"
	"jitbot/jit/protection"
	"jitbot/jit/reach"
)

// addAddresses gives the VM's first interface further addresses, as they stand in
// privateIPAddress.
func (w *world) addAddresses(vm string, addresses ...string) {
	w.T.Helper()
	nic, ok := w.Azure.NIC(w.NIC(vm))
	if !ok {
		w.T.Fatal("no interface of " + vm)
	}
	nic.IPs = slices.Clip(nic.IPs)
	for _, a := range addresses {
		nic.IPs = append(nic.IPs, azuresim.IPConfig{Name: "more-" + strings.NewReplacer("/", "-", ":", "-", ".", "-").Replace(a), Address: a, Subnet: nic.IPs[0].Subnet})
	}
	w.Azure.PutNIC(nic)
}

// opensBlock is a foreign allow for one address in both groups of the web VMs.
func (w *world) opensAddress(address string) {
	w.T.Helper()
	for _, nsg := range []string{azuresim.DemoWebSubnetNSG, azuresim.DemoWebNICNSG} {
		if err := w.Azure.PutRule(nsg, azuresim.Rule{
			Name: "hotfix", Protocol: "Tcp", SourceAddressPrefix: "*", SourcePortRange: "*", DestinationAddressPrefix: address,
			DestinationPortRange: "22", Access: "Allow", Direction: "Inbound", Priority: 900,
		}); err != nil {
			w.T.Fatal(err)
		}
	}
}

// Of a block of addresses each one is opened with the VM, and closed again.
func TestGrantOfAVMWithABlockOfAddresses(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.addAddresses(azuresim.DemoWeb1, "10.10.1.32/28")
		w.Start()
		g := w.Open(time.Hour, "web-1")
		rule := w.OursIn(azuresim.DemoWebSubnetNSG)
		for _, a := range []string{"10.10.1.4", "10.10.1.32", "10.10.1.47"} {
			if !slices.Contains(rule.DestinationAddressPrefixes, a) {
				t.Errorf("%s is not opened: %v", a, rule.DestinationAddressPrefixes)
			}
		}
		w.Pass(time.Until(g.Clock.Deadline) + time.Minute)
		w.Want(g.ID, jit.Closed)
		if w.Reachable(azuresim.DemoWeb1, adasAddress) || w.Ours() != 0 {
			t.Error("it is still open")
		}
	})
}

// A block is shut with the VM, and is looked at where it is said how the VM stands.
func TestProtectionOfABlockOfAddresses(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.addAddresses(azuresim.DemoWeb1, "10.10.1.32/28")
		w.opensAddress("10.10.1.40")
		w.Start()
		if !w.Reachable(azuresim.DemoWeb1, adasAddress) {
			t.Fatal("the foreign rule opens nothing")
		}
		postures, _ := w.Scan(carol)
		if p := postures["web-1"]; p.Class != reach.ClassUnhealthy || !strings.Contains(p.Why, "hotfix") {
			t.Errorf("the scan has it %s: %s", p.Class, p.Why)
		}
		w.Protect("web-1")
		if w.Reachable(azuresim.DemoWeb1, adasAddress) {
			t.Error("an address of the block is open though it is protected")
		}
	})
}

// An address that no rule can name makes a VM neither unreadable nor shut: what
// can be read of it may be asked for, and what cannot is named by card, scan and
// explain, and never counted as shut.
func TestAddressThatCannotBeRead(t *testing.T) {
	for _, address := range []string{"fd00:10:10:1:8::/80", "pending"} {
		t.Run(address, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.addAddresses(azuresim.DemoWeb1, address)
				w.Start()
				g := w.Open(time.Hour, "web-1")
				names := func(what string, texts ...string) {
					t.Helper()
					if !strings.Contains(strings.Join(texts, "\n"), address) {
						t.Errorf("%s names no %s: %q", what, address, texts)
					}
				}
				names("the card", g.Notes...)
				if _, err := w.Service.Done(t.Context(), ada, g.ID); err != nil {
					t.Fatal(err)
				}
				w.Pass(time.Minute)
				w.Want(g.ID, jit.Closed)
				postures, _ := w.Scan(carol)
				p := postures["web-1"]
				if p.Class != reach.ClassNotApplicable || !p.Undetermined {
					t.Errorf("the scan has it %s: %s", p.Class, p.Why)
				}
				names("the scan", append(p.Notes, p.Why)...)
				e, err := w.Service.Explain(t.Context(), carol, "web-1", carol)
				if err != nil {
					t.Fatal(err)
				}
				for _, v := range e.Offers[0].Verdicts {
					if v.Source == "Internet" && v.Verdict.Decision != reach.AnswerUnknown {
						t.Errorf("explained as %s", v.Verdict.Decision)
					}
				}
				names("explain", append(e.Posture.Notes, e.Posture.Why)...)
				results, err := w.Service.Protect(t.Context(), carol, []string{"web-1"}, nil)
				if err != nil || results[0].Err == nil || !strings.Contains(results[0].Err.Error(), address) {
					t.Errorf("protected: %v, %v", results, err)
				}
			})
		})
	}
}

// An address that no rule can name and that a protected VM gets later is told once.
func TestProtectedVMGetsAnAddressThatCannotBeShut(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		w.Protect("web-1")
		w.addAddresses(azuresim.DemoWeb1, "fd00:10:10:1:8::/80")
		w.Pass(5 * time.Minute)
		if said := w.Texts(jit.EventExposed); len(said) != 1 || !strings.Contains(said[0], "fd00:10:10:1:8::/80") {
			t.Errorf("the record says %q", said)
		}
		if !w.IsProtected(azuresim.DemoWeb1) {
			t.Error("what can be shut is not shut any more")
		}
		postures, _ := w.Scan(carol)
		if p := postures["web-1"]; !strings.Contains(strings.Join(p.StillOpen, " "), "fd00:10:10:1:8::/80") {
			t.Errorf("the scan says %+v", p)
		}
	})
}

// What the configuration always keeps shut and cannot be shut is told in the
// channel once, by why and with who can mend it, also over a restart; what can be
// shut of it is.
func TestAlwaysAndCannotBeShutIsTold(t *testing.T) {
	const block = "fd00:10:10:1:8::/80"
	for name, c := range map[string]struct {
		vm     string
		change func(w *world)
		tells  string
		shut   bool
	}{
		"an address that no rule can name": {"web-1", func(w *world) { w.addAddresses(azuresim.DemoWeb1, block); w.opensAddress("10.10.1.4") }, block, true},
		"no security group":                {"bare-1", func(*world) {}, "attach one first", false},
		"a lock": {"dev-1", func(w *world) {
			w.Azure.AddLock(azuresim.Lock{Scope: azuresim.DemoDevNSG, Name: "keep", Level: "ReadOnly"})
		}, "keep", false},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.Config.Policies = append([]policies.Policy{w.Config.Policies[0]}, w.Config.Policies...)
				w.Config.Policies[0].Always, w.Config.Policies[0].Match = true, policies.Match{Name: c.vm}
				c.change(w)
				w.Start()
				w.Pass(5 * time.Minute)
				w.Stop()
				w.Start()
				w.Pass(5 * time.Minute)
				said := w.Texts(jit.EventExposed)
				if len(said) != 1 || !strings.Contains(said[0], c.tells) || w.Told.Count("exposed to channel") != 1 {
					t.Errorf("the record says %q, told %d times", said, w.Told.Count("exposed to channel"))
				}
				lines, _, err := w.Service.VMs(t.Context(), carol, c.vm, 10)
				if err != nil || len(lines) != 1 {
					t.Fatal(lines, err)
				}
				if c.shut != (lines[0].Protected == protection.Protected) {
					t.Errorf("shown as %q", lines[0].Protected)
				}
				if c.shut && w.Reachable(azuresim.DemoWeb1, adasAddress) {
					t.Error("the address that can be shut is open")
				}
				postures, _ := w.Scan(carol)
				p := postures[c.vm]
				all, want := strings.Join(append(slices.Concat(p.StillOpen, p.Notes), p.Why), "\n"), "says always"
				if c.shut {
					want = block
				}
				if !strings.Contains(all, want) {
					t.Errorf("the scan does not say %q: %q", want, all)
				}
			})
		})
	}
}
