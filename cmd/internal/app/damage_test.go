package app_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

const adasAddress = "203.0.113.7" // where ask comes from

// approved asks for SSH and has it approved; nothing is waited for.
func (w *world) approved(vms ...string) jit.Grant {
	w.t.Helper()
	g, err := w.ask(ada, time.Hour, vms...)
	if err != nil {
		w.t.Fatal(err)
	}
	if g, err = w.service.Approve(w.t.Context(), grace, g.ID); err != nil {
		w.t.Fatal(err)
	}
	return g
}

// spoil stops the service and damages every record that holds the words, which
// keep their length.
func (w *world) spoil(old, damaged string) {
	w.t.Helper()
	w.stop()
	raw, err := os.ReadFile(w.path)
	if err != nil {
		w.t.Fatal(err)
	}
	if len(old) != len(damaged) || !bytes.Contains(raw, []byte(old)) {
		w.t.Fatalf("the store does not say %s", old)
	}
	if err := os.WriteFile(w.path, bytes.ReplaceAll(raw, []byte(old), []byte(damaged)), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// plant puts a rule for SSH from somewhere into an NSG, as somebody else may.
func (w *world) plant(nsg, name, access, source string, priority int, description string) {
	w.t.Helper()
	err := w.sim.PutRule(nsg, azuresim.Rule{
		Name: name, Protocol: "Tcp", SourceAddressPrefix: source, SourcePortRange: "*", DestinationAddressPrefix: "*",
		DestinationPortRange: "22", Access: access, Direction: "Inbound", Priority: priority, Description: description,
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) holds(nsg, name string) bool {
	return slices.ContainsFunc(w.sim.Rules(nsg), func(r azuresim.Rule) bool { return r.Name == name })
}

// sent lists the requests of a method whose path holds the words.
func (w *world) sent(method, words string) []azuresim.Request {
	var out []azuresim.Request
	for _, r := range w.sim.Requests() {
		if r.Method == method && strings.Contains(strings.ToLower(r.Path), strings.ToLower(words)) {
			out = append(out, r)
		}
	}
	return out
}

// An installation that was renamed over its old store would neither see nor
// close its old rules: it says so, names both, and does nothing.
func TestRenamedInstallationIsRefused(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.start()
		g := w.open(15*time.Minute, "web-1")
		w.stop()
		w.config.Installation = "prod2"
		w.sim.Reset()
		w.start()
		w.pass(time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := w.sweep.Run(ctx, w.service.Check)
		if !errors.As(err, new(*jit.Refusal)) || !strings.Contains(err.Error(), "installation prod ") || !strings.Contains(err.Error(), "prod2") {
			t.Errorf("it says %v", err)
		}
		if n := len(w.sent(http.MethodPut, "")) + len(w.sent(http.MethodDelete, "")); n != 0 {
			t.Errorf("%d changes were sent", n)
		}
		w.want(g.ID, jit.Open)
		w.stop()
		w.config.Installation = "prod"
		w.start()
		w.pass(time.Until(g.Clock.Deadline) + 10*time.Second)
		w.want(g.ID, jit.Closed)
		if w.reachable(azuresim.DemoWeb1, adasAddress) || w.ours() != 0 {
			t.Error("the door is open under the old name")
		}
	})
}

// A deny of ours that the store does not explain, as when the store was lost,
// keeps a door shut and stays; an allow that it does not explain goes.
func TestUnknownDenyStays(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		const deny, allow = "jitbot-prod-deny-22-any", "jitbot-prod-g-99999-web-1-abcd-tcp"
		w.plant(azuresim.DemoDevNSG, deny, "Deny", "*", 260, "")
		w.plant(azuresim.DemoDevNSG, "allow-ssh", "Allow", "*", 320, "")
		w.plant(azuresim.DemoDevNSG, allow, "Allow", "203.0.113.99", 200, "")
		w.start()
		w.pass(2 * time.Minute)
		if !w.holds(azuresim.DemoDevNSG, deny) || w.reachable(azuresim.DemoDev1, adasAddress) {
			t.Error("the deny was removed")
		}
		if w.holds(azuresim.DemoDevNSG, allow) {
			t.Error("the allow is still there")
		}
	})
}

// A protection that cannot be read lets nobody touch a deny at its guards, also
// not those that other protections explain; allows without a grant still go.
func TestDamagedProtectionKeepsItsDenies(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.start()
		w.protect("dev-1", "dev-2")
		deny := w.oursIn(azuresim.DemoDevNSG)
		w.spoil(`"name":"dev-1"`, `"nime":"dev-1"`)
		const orphan = "jitbot-prod-g-99999-web-1-abcd-tcp"
		w.plant(azuresim.DemoDevNSG, orphan, "Allow", "203.0.113.99", 200, "")
		w.start()
		if _, err := w.store.Protection(t.Context(), azuresim.DemoDev1); !errors.Is(err, jit.ErrDamaged) {
			t.Fatalf("the record of dev-1 reads as %v", err)
		}
		w.pass(2 * time.Minute)
		if w.holds(azuresim.DemoDevNSG, orphan) {
			t.Error("the orphan is still there")
		}
		if _, err := w.service.Unprotect(t.Context(), carol, []string{"dev-2"}); err != nil {
			t.Fatal(err)
		}
		w.pass(10 * time.Minute)
		if got := w.oursIn(azuresim.DemoDevNSG); got.Name != deny.Name || !slices.Equal(got.DestinationAddressPrefixes, deny.DestinationAddressPrefixes) {
			t.Errorf("the deny is %+v, was %+v", got, deny)
		}
	})
}

// A grant that cannot be read keeps no door open, and holds up nothing else:
// not its neighbours' closing, and not what lies about at other guards.
func TestDamagedGrantClosesItsDoor(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.start()
		bad := w.open(15*time.Minute, "web-1")
		good := w.open(15*time.Minute, "web-2")
		w.spoil(`"id":"`+string(bad.ID)+`","revision"`, `"id":"`+string(bad.ID)+`","rivision"`)
		w.start()
		if _, err := w.store.Grant(t.Context(), bad.ID); !errors.Is(err, jit.ErrDamaged) {
			t.Fatalf("the record reads as %v", err)
		}
		w.pass(time.Minute)
		if w.reachable(azuresim.DemoWeb1, adasAddress) {
			t.Error("the door of the damaged grant is open")
		}
		if !w.reachable(azuresim.DemoWeb2, adasAddress) {
			t.Error("its neighbour was shut too")
		}
		const orphan = "jitbot-prod-g-99999-web-1-abcd-tcp"
		w.plant(azuresim.DemoDevNSG, orphan, "Allow", "203.0.113.99", 200, "")
		w.pass(time.Minute)
		if w.holds(azuresim.DemoDevNSG, orphan) {
			t.Error("an orphan elsewhere is not looked at")
		}
		w.pass(time.Until(good.Clock.Deadline) + 20*time.Second)
		w.want(good.ID, jit.Closed)
		if n := w.ours(); n != 0 {
			t.Errorf("%d rules of ours are left", n)
		}
	})
}

// Records that cannot be read do not keep the rules of other grants from
// following their VMs: the old address may be somebody else's by now.
func TestDamagedRecordsDoNotKeepRulesFromFollowing(t *testing.T) {
	for name, words := range map[string][2]string{
		"protection": {`"name":"dev-1"`, `"nime":"dev-1"`},
		"grant":      {`"name":"db-2"`, `"nime":"db-2"`},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.start()
				w.protect("dev-1")
				w.open(2*time.Hour, "db-2")
				g := w.open(2*time.Hour, "web-1")
				w.spoil(words[0], words[1])
				w.start()
				w.pass(time.Minute)
				w.swapAddress(azuresim.DemoWeb1, azuresim.DemoWeb2)
				w.pass(2 * time.Minute)
				w.want(g.ID, jit.Open)
				if w.reachable(azuresim.DemoWeb2, adasAddress) || !w.reachable(azuresim.DemoWeb1, adasAddress) {
					t.Error("the rules do not follow")
				}
			})
		})
	}
}

// swapAddress gives the first VM a new address, and its old one to the second.
func (w *world) swapAddress(from, to string) {
	w.t.Helper()
	a, _ := w.sim.NIC(w.nic(from))
	b, _ := w.sim.NIC(w.nic(to))
	old := a.IPs[0].Address
	for _, err := range []error{
		w.sim.SetAddress(a.ID, a.IPs[0].Name, "10.10.1.200"),
		w.sim.SetAddress(b.ID, b.IPs[0].Name, old),
	} {
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

// The rules follow a VM to its new address within a minute, and let nobody to
// the VM that has the old one now.
func TestAddressThatMovesTakesTheRuleAlong(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.foreign()
		w.start()
		g := w.open(15*time.Minute, "web-1")
		w.swapAddress(azuresim.DemoWeb1, azuresim.DemoWeb2)
		if !w.reachable(azuresim.DemoWeb2, adasAddress) {
			t.Fatal("the old address should let ada to web-2 for a moment")
		}
		w.pass(time.Minute)
		w.want(g.ID, jit.Open)
		if w.reachable(azuresim.DemoWeb2, adasAddress) {
			t.Error("web-2, which has the address of web-1 now, is open")
		}
		if !w.reachable(azuresim.DemoWeb1, adasAddress) {
			t.Error("web-1 is not open at its new address")
		}
		w.pass(time.Until(g.Clock.Deadline) + 20*time.Second)
		w.want(g.ID, jit.Closed)
		w.promises(foreign)
	})
}

func sources(s string) []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix(s)} }
