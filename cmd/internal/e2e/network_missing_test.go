package e2e_test

import (
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// A virtual network that one answer of a list lacks takes no deny away.
func TestNetworkMissingFromAListUnshutsNothing(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Plant(azuresim.DemoDBSubnetNSG, "open-ssh", "Allow", "*", 2000, "")
		w.Start()
		w.Protect("db-1")
		w.Azure.AddLag(azuresim.Lag{ID: azuresim.DemoDBGroup + "/providers/Microsoft.Network/virtualNetworks/db-vnet", Lists: 1})
		for range 120 {
			w.Pass(time.Second)
			if w.Reachable(azuresim.DemoDB1, nobody) {
				t.Fatalf("db-1 is open to everybody; the record says %v", w.Texts(jit.EventMoved))
			}
		}
	})
}

// … and ends no grant, with a reason that is not so.
func TestNetworkMissingFromAListEndsNoGrant(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g := w.Open(2*time.Hour, "dev-1")
		w.Azure.AddLag(azuresim.Lag{ID: azuresim.DemoDevGroup + "/providers/Microsoft.Network/virtualNetworks/dev-vnet", Lists: 1})
		w.Pass(2 * time.Minute)
		w.Want(g.ID, jit.Open)
	})
}

// … and does not end the protection of an interface whose VM is gone.
func TestNetworkMissingFromListsEndsNoProtection(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		w.Protect("dev-1")
		w.Azure.DeleteVM(azuresim.DemoDev1)
		w.Pass(4*time.Hour - 2*time.Minute)
		lag := w.Azure.AddLag(azuresim.Lag{ID: azuresim.DemoDevGroup + "/providers/Microsoft.Network/virtualNetworks/dev-vnet", Lists: -1})
		w.Pass(4 * time.Minute)
		lag.Remove()
		w.Pass(time.Minute)
		if w.Ours() == 0 {
			t.Errorf("the deny of an interface that is there is gone: %v", w.Texts(jit.EventUnprotected))
		}
	})
}

// A route table that one answer of a list lacks does not shut an access that is called
// open.
func TestRouteTableMissingFromAListShutsNothing(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		w.QuickFirewalls()
		w.Start()
		g := w.ApprovedFrom(2*time.Hour, "203.0.113.7/32", "app-1")
		w.Pass(4 * time.Minute)
		w.Want(g.ID, jit.Open)
		w.Azure.AddLag(azuresim.Lag{ID: w.routes(), Lists: 1})
		for range 30 {
			w.Pass(10 * time.Second)
			if now := w.Grant(g.ID); now.State == jit.Open && !w.Connects(azuresim.DemoApp, "203.0.113.7", 22) {
				t.Fatalf("it is called open and its holder is shut out: %v", w.Kinds(g.ID))
			}
		}
	})
}

func (w *world) routes() string {
	const id = "/providers/Microsoft.Network/routeTables/apps-routes"
	group, _, _ := strings.Cut(azuresim.DemoApp, "/providers/")
	return group + id
}
