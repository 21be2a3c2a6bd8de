package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/protection"
	"jitbot/jit/resource"
)

// A VM that changes its address, or vanishes, is followed.
func TestVMsAreFollowed(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Start()
		w.Protect("jump-1")
		g := w.Open(2*time.Hour, "jump-1")
		nic := w.NIC(azuresim.DemoJump)
		card, _ := w.Azure.NIC(nic)
		if err := w.Azure.SetAddress(nic, card.IPs[0].Name, "10.10.9.77"); err != nil {
			t.Fatal(err)
		}
		w.Pass(2 * time.Minute)
		w.Want(g.ID, jit.Open)
		if !w.IsProtected(azuresim.DemoJump) || !w.Reachable(azuresim.DemoJump, "203.0.113.7") || w.Reachable(azuresim.DemoJump, "203.0.113.99") {
			t.Error("the rules do not follow the new address")
		}
		if !slices.Contains(w.Kinds(g.ID), jit.EventMoved) || slices.Contains(w.Kinds(g.ID), jit.EventDrift) {
			t.Errorf("the record says %v", w.Kinds(g.ID))
		}
		w.Azure.DeleteVM(azuresim.DemoJump)
		w.Pass(3 * time.Minute)
		if g := w.Want(g.ID, jit.Closed); g.Decision.Ending != jit.Vanished {
			t.Errorf("ended as %+v", g.Decision)
		}
		if w.Ours() != 1 || !w.IsProtected(azuresim.DemoJump) {
			t.Errorf("%d rules, want the deny of the interface that is left", w.Ours())
		}
		w.CheckPromises(foreign)
	})
}

// A VM of several addresses is called protected again once the denies have
// followed the one that changed.
func TestOneOfSeveralAddressesChanges(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Start()
		w.Protect("web-2")
		nic := w.NIC(azuresim.DemoWeb2)
		if err := w.Azure.SetAddress(nic, "ipconfig1", "10.10.1.77"); err != nil {
			t.Fatal(err)
		}
		w.Pass(2 * time.Minute)
		if p, err := w.Store.Protection(t.Context(), azuresim.DemoWeb2); err != nil || p.State != protection.Protected || len(p.Left) > 0 {
			t.Errorf("it is %s, left %+v, %v", p.State, p.Left, err)
		}
		w.CheckPromises(foreign)
	})
}

// A VM that moves under somebody's allow is not called shut.
func TestMovedUnderAnAllowIsSaid(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		w.Protect("jump-1")
		w.Plant(azuresim.DemoBackupNSG, "break-in", "Allow", "*", 120, "")
		if err := w.Azure.SetNSGOnNIC(w.NIC(azuresim.DemoJump), azuresim.DemoBackupNSG); err != nil {
			t.Fatal(err)
		}
		w.Pass(2 * time.Minute)
		got := w.Texts(jit.EventProtected)
		if len(got) != 2 || !strings.Contains(got[1], "break-in (priority 120) of backup-nsg") {
			t.Errorf("the record says %q", got)
		}
	})
}

// Of two VMs of a subnet that gets another group the second is seen to have
// moved while the group that both left is being read: its deny there is removed
// all the same.
func TestLeavingTogetherLeavesNoDeny(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.WrapStore = func(s simulated.Store) simulated.Store { return slowMoves{s} }
		foreign := w.Foreign()
		w.Start()
		w.Protect("dev-1", "dev-2")
		w.Azure.AddFault(azuresim.Fault{Method: http.MethodGet, Path: azuresim.DemoDevNSG, Latency: 5 * time.Second})
		subnet := azuresim.DemoDevGroup + "/providers/Microsoft.Network/virtualNetworks/dev-vnet/subnets/dev"
		if err := w.Azure.SetNSGOnSubnet(subnet, azuresim.DemoBackupNSG); err != nil {
			t.Fatal(err)
		}
		w.Pass(3 * time.Minute)
		for _, r := range w.Azure.Rules(azuresim.DemoDevNSG) {
			if simulated.IsOurs(r.Name) {
				t.Errorf("left is %s for %s", r.Name, r.DestinationAddressPrefix)
			}
		}
		if !w.IsProtected(azuresim.DemoDev1) || !w.IsProtected(azuresim.DemoDev2) {
			t.Error("they are not called shut")
		}
		w.CheckPromises(foreign)
	})
}

// slowMoves takes a while over each change of the second VM's protection.
type slowMoves struct{ simulated.Store }

func (s slowMoves) Protect(ctx context.Context, vm string, f func(protection.Protection) (protection.Protection, bool, []jit.Event, error)) (protection.Protection, error) {
	if resource.Same(vm, azuresim.DemoDev2) {
		time.Sleep(2 * time.Second)
	}
	return s.Store.Protect(ctx, vm, f)
}

// A grant whose VM moved to another group is not called closed while a rule of
// it still stands in the one that the VM left.
func TestClosedMeansGoneWhereItWasToo(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Start()
		g := w.Open(2*time.Hour, "jump-1")
		fault := w.Azure.AddFault(azuresim.Forbidden().On(http.MethodDelete, azuresim.DemoJumpNSG))
		if err := w.Azure.SetNSGOnNIC(w.NIC(azuresim.DemoJump), azuresim.DemoBackupNSG); err != nil {
			t.Fatal(err)
		}
		w.Pass(2 * time.Minute)
		w.Want(g.ID, jit.Open)
		if !w.Reachable(azuresim.DemoJump, adasAddress) {
			t.Error("the rules do not follow to the new group")
		}
		if _, err := w.Service.Done(t.Context(), ada, g.ID); err != nil {
			t.Fatal(err)
		}
		w.Pass(2 * time.Minute)
		if g := w.Want(g.ID, jit.Closing); !g.Stuck {
			t.Error("what cannot be removed is not called stuck")
		}
		fault.Remove()
		w.Pass(2 * time.Minute)
		w.Want(g.ID, jit.Closed)
		if kinds := w.Kinds(g.ID); slices.Contains(kinds, jit.EventOrphan) {
			t.Errorf("its own rule was called an orphan: %v", kinds)
		}
		w.CheckPromises(foreign)
	})
}

// The group that a VM left may be deleted: that ends nothing, and nothing is
// looked for there any more.
func TestGroupThatWasLeftIsDeleted(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		w.Protect("jump-1")
		g := w.Open(2*time.Hour, "jump-1")
		w.Azure.AddFault(azuresim.Forbidden().On(http.MethodDelete, azuresim.DemoJumpNSG))
		if err := w.Azure.SetNSGOnNIC(w.NIC(azuresim.DemoJump), azuresim.DemoBackupNSG); err != nil {
			t.Fatal(err)
		}
		w.Pass(2 * time.Minute)
		w.Azure.DeleteNSG(azuresim.DemoJumpNSG)
		w.Pass(2 * time.Minute)
		if g := w.Want(g.ID, jit.Open); len(g.Left) > 0 {
			t.Errorf("left %+v", g.Left)
		}
		if p, err := w.Store.Protection(t.Context(), azuresim.DemoJump); err != nil || p.State != protection.Protected || len(p.Left) > 0 {
			t.Errorf("it is %s, left %+v, %v", p.State, p.Left, err)
		}
	})
}

// Who protects a VM anew does not make jitbot forget that denies for it are
// still to be removed elsewhere.
func TestProtectingAnewRemembersWhatWasLeft(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Start()
		w.Protect("jump-1")
		fault := w.Azure.AddFault(azuresim.Forbidden().On(http.MethodDelete, azuresim.DemoJumpNSG))
		if err := w.Azure.SetNSGOnNIC(w.NIC(azuresim.DemoJump), azuresim.DemoBackupNSG); err != nil {
			t.Fatal(err)
		}
		w.Pass(2 * time.Minute)
		ports := w.Config.Policies[0].Ports[:1]
		if results, err := w.Service.Protect(t.Context(), carol, []string{"jump-1"}, ports); err != nil || results[0].Err != nil {
			t.Fatal(results, err)
		}
		w.Pass(time.Minute)
		fault.Remove()
		w.Pass(2 * time.Minute)
		for _, r := range w.Azure.Rules(azuresim.DemoJumpNSG) {
			if simulated.IsOurs(r.Name) {
				t.Errorf("left is %s", r.Name)
			}
		}
		if p, err := w.Store.Protection(t.Context(), azuresim.DemoJump); err != nil || p.State != protection.Protected || len(p.Left) > 0 {
			t.Errorf("it is %s, left %+v, %v", p.State, p.Left, err)
		}
		w.CheckPromises(foreign)
	})
}

// A VM with an address that nothing filters is not called protected; where one
// comes to be so, the others stay shut, and it is said.
func TestAddressWithoutAGroup(t *testing.T) {
	const backup = azuresim.DemoDBGroup + "/providers/Microsoft.Network/networkInterfaces/db-1-backup"
	for _, before := range []bool{true, false} {
		t.Run(fmt.Sprintf("before protect %t", before), func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				foreign := w.Foreign()
				w.Start()
				if !before {
					w.Protect("db-1")
				}
				if err := w.Azure.SetNSGOnNIC(backup, ""); err != nil {
					t.Fatal(err)
				}
				if before {
					results, err := w.Service.Protect(t.Context(), carol, []string{"db-1"}, nil)
					if err != nil || !errors.Is(results[0].Err, jit.ErrPolicy) || !strings.Contains(results[0].Err.Error(), "10.20.2.4") || w.Ours() != 0 {
						t.Errorf("%v, %v, %d rules", results, err, w.Ours())
					}
					return
				}
				w.Pass(2 * time.Minute)
				said := w.Texts(jit.EventProtected)
				if !w.IsProtected(azuresim.DemoDB1) || len(said) != 2 || !strings.Contains(said[1], "10.20.2.4, before which there is no network security group") {
					t.Errorf("the record says %q", said)
				}
				if n := w.Ours(); n != 1 {
					t.Errorf("%d rules, want the deny of the other interface", n)
				}
				w.CheckPromises(foreign)
			})
		})
	}
}
