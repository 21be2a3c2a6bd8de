package store_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// An installation that was renamed over its old store would neither see nor
// close its old rules: it says so, names both, and does nothing.
func TestRenamedInstallationIsRefused(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g := w.Open(15*time.Minute, "web-1")
		w.Stop()
		w.Config.Installation = "prod2"
		w.Azure.Reset()
		w.Start()
		w.Pass(time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := w.Reconciler.Run(ctx, w.Service.Attend)
		if !errors.As(err, new(*jit.Refusal)) || !strings.Contains(err.Error(), "installation prod ") || !strings.Contains(err.Error(), "prod2") {
			t.Errorf("it says %v", err)
		}
		if n := len(w.Sent(http.MethodPut, "")) + len(w.Sent(http.MethodDelete, "")); n != 0 {
			t.Errorf("%d changes were sent", n)
		}
		w.Want(g.ID, jit.Open)
		w.Stop()
		w.Config.Installation = "prod"
		w.Start()
		w.Pass(time.Until(g.Clock.Deadline) + 10*time.Second)
		w.Want(g.ID, jit.Closed)
		if w.Reachable(azuresim.DemoWeb1, adasAddress) || w.Ours() != 0 {
			t.Error("the access is open under the old name")
		}
	})
}

// A deny of ours that the store does not explain, as when the store was lost,
// keeps a port shut and stays; an allow that it does not explain goes.
func TestUnknownDenyStays(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		const deny, allow = "jitbot-prod-deny-22-any", "jitbot-prod-g-99999-web-1-abcd-tcp"
		w.Plant(azuresim.DemoDevNSG, deny, "Deny", "*", 260, "")
		w.Plant(azuresim.DemoDevNSG, "allow-ssh", "Allow", "*", 320, "")
		w.Plant(azuresim.DemoDevNSG, allow, "Allow", "203.0.113.99", 200, "")
		w.Start()
		w.Pass(2 * time.Minute)
		if !w.Holds(azuresim.DemoDevNSG, deny) || w.Reachable(azuresim.DemoDev1, adasAddress) {
			t.Error("the deny was removed")
		}
		if w.Holds(azuresim.DemoDevNSG, allow) {
			t.Error("the allow is still there")
		}
	})
}

// A protection that cannot be read lets nobody touch a deny at its guards, also
// not those that other protections explain; allows without a grant still go.
func TestDamagedProtectionKeepsItsDenies(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		w.Protect("dev-1", "dev-2")
		deny := w.OursIn(azuresim.DemoDevNSG)
		w.Spoil(`"name":"dev-1"`, `"nime":"dev-1"`)
		const orphan = "jitbot-prod-g-99999-web-1-abcd-tcp"
		w.Plant(azuresim.DemoDevNSG, orphan, "Allow", "203.0.113.99", 200, "")
		w.Start()
		if _, err := w.Store.Protection(t.Context(), azuresim.DemoDev1); !errors.Is(err, jit.ErrDamaged) {
			t.Fatalf("the record of dev-1 reads as %v", err)
		}
		w.Pass(2 * time.Minute)
		if w.Holds(azuresim.DemoDevNSG, orphan) {
			t.Error("the orphan is still there")
		}
		if _, err := w.Service.Unprotect(t.Context(), carol, []string{"dev-2"}); err != nil {
			t.Fatal(err)
		}
		w.Pass(10 * time.Minute)
		if got := w.OursIn(azuresim.DemoDevNSG); got.Name != deny.Name || !slices.Equal(got.DestinationAddressPrefixes, deny.DestinationAddressPrefixes) {
			t.Errorf("the deny is %+v, was %+v", got, deny)
		}
	})
}

// A grant that cannot be read keeps no access open, and holds up nothing else:
// not its neighbours' closing, and not what lies about at other guards.
func TestDamagedGrantIsClosed(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		bad := w.Open(15*time.Minute, "web-1")
		good := w.Open(15*time.Minute, "web-2")
		w.Told.MayBeLate(time.Hour) // whose grant it is cannot be read
		w.Spoil(`"id":"`+string(bad.ID)+`","revision"`, `"id":"`+string(bad.ID)+`","rivision"`)
		w.Start()
		if _, err := w.Store.Grant(t.Context(), bad.ID); !errors.Is(err, jit.ErrDamaged) {
			t.Fatalf("the record reads as %v", err)
		}
		w.Pass(time.Minute)
		if w.Reachable(azuresim.DemoWeb1, adasAddress) {
			t.Error("the access of the damaged grant is open")
		}
		if !w.Reachable(azuresim.DemoWeb2, adasAddress) {
			t.Error("its neighbour was shut too")
		}
		const orphan = "jitbot-prod-g-99999-web-1-abcd-tcp"
		w.Plant(azuresim.DemoDevNSG, orphan, "Allow", "203.0.113.99", 200, "")
		w.Pass(time.Minute)
		if w.Holds(azuresim.DemoDevNSG, orphan) {
			t.Error("an orphan elsewhere is not looked at")
		}
		w.Pass(time.Until(good.Clock.Deadline) + 20*time.Second)
		w.Want(good.ID, jit.Closed)
		if n := w.Ours(); n != 0 {
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
				w.Start()
				w.Protect("dev-1")
				w.Open(2*time.Hour, "db-2")
				g := w.Open(2*time.Hour, "web-1")
				w.Told.MayBeLate(time.Hour) // whose grant it is cannot be read
				w.Spoil(words[0], words[1])
				w.Start()
				w.Pass(time.Minute)
				w.SwapAddresses(azuresim.DemoWeb1, azuresim.DemoWeb2)
				w.Pass(2 * time.Minute)
				w.Want(g.ID, jit.Open)
				if w.Reachable(azuresim.DemoWeb2, adasAddress) || !w.Reachable(azuresim.DemoWeb1, adasAddress) {
					t.Error("the rules do not follow")
				}
			})
		})
	}
}

// The rules follow a VM to its new address within a minute, and let nobody to
// the VM that has the old one now.
func TestAddressThatMovesTakesTheRuleAlong(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Start()
		g := w.Open(15*time.Minute, "web-1")
		w.SwapAddresses(azuresim.DemoWeb1, azuresim.DemoWeb2)
		if !w.Reachable(azuresim.DemoWeb2, adasAddress) {
			t.Fatal("the old address should let ada to web-2 for a moment")
		}
		w.Pass(time.Minute)
		w.Want(g.ID, jit.Open)
		if w.Reachable(azuresim.DemoWeb2, adasAddress) {
			t.Error("web-2, which has the address of web-1 now, is open")
		}
		if !w.Reachable(azuresim.DemoWeb1, adasAddress) {
			t.Error("web-1 is not open at its new address")
		}
		w.Pass(time.Until(g.Clock.Deadline) + 20*time.Second)
		w.Want(g.ID, jit.Closed)
		w.CheckPromises(foreign)
	})
}
