package e2e_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

const nobodys = "203.0.113.99" // an address that nobody was granted anything from

// recreate deletes a VM and creates it again under its name, on its interfaces.
func (w *world) recreate(vm string) {
	w.T.Helper()
	if _, err := w.Azure.RecreateVM(vm); err != nil {
		w.T.Fatal(err)
	}
}

// shutFor passes the time and fails when nobody's address reaches the VM at any second.
func (w *world) shutFor(d time.Duration, vm string) {
	w.T.Helper()
	for range d / time.Second {
		w.Pass(time.Second)
		if _, there := w.Azure.Machine(vm); there && w.Reachable(vm, nobodys) {
			w.T.Fatalf("%s is open to everybody; it was said %v", vm, w.Told.Said())
		}
	}
}

// A VM that was deleted and created again under its name is another one: what was
// open to the first ends, and what was asked for it is not opened.
func TestRecreatedVMInheritsNothing(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Start()
		g := w.Open(2*time.Hour, "dev-1")
		waiting, err := w.AskFrom(ada, time.Hour, "203.0.113.8/32", "dev-1")
		if err != nil {
			t.Fatal(err)
		}
		if id := g.Request.Targets[0].VMID; id == "" {
			t.Error("the grant does not know which VM it is for")
		}
		w.recreate(azuresim.DemoDev1)
		w.Pass(90 * time.Second)
		if g := w.Want(g.ID, jit.Closed); g.Decision.Ending != jit.Vanished || !strings.Contains(g.Decision.Reason, "created again") {
			t.Errorf("ended as %+v", g.Decision)
		}
		if held := w.Held(g.ID); len(held) > 0 {
			t.Errorf("left are %v", held)
		}
		_, err = w.Service.Approve(t.Context(), grace, waiting.ID)
		if err == nil || !strings.Contains(err.Error(), "created again") {
			t.Errorf("approving answered %v", err)
		}
		w.Pass(time.Minute)
		if held := w.Held(waiting.ID); len(held) > 0 {
			t.Errorf("opened to another VM: %v", held)
		}
		w.Open(time.Hour, "dev-1")
		w.CheckPromises(foreign)
	})
}

// A replica that still has the VM of before, or lacks the VM, ends no grant.
func TestMissingVMEndsNoGrant(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g := w.Open(2*time.Hour, "dev-1")
		for range 3 {
			w.Azure.AddLag(azuresim.Lag{ID: azuresim.DemoDev1, Lists: 1, Reads: 1})
			w.Pass(2 * time.Minute)
		}
		w.Want(g.ID, jit.Open)
		w.Azure.AddLag(azuresim.Lag{ID: azuresim.DemoDev2, Reads: 1})
		w.Open(time.Hour, "dev-2")
	})
}

// A VM that took the address of one that is missing is not open to the holder.
func TestAddressOfAMissingVMIsTaken(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g := w.Open(2*time.Hour, "dev-1")
		nic := w.NIC(azuresim.DemoDev1)
		w.Azure.DeleteVM(azuresim.DemoDev1)
		w.Azure.PutVM(azuresim.VM{ID: azuresim.DemoDevGroup + "/providers/Microsoft.Compute/virtualMachines/heir-1", Location: azuresim.DemoLocation, NICs: []string{nic}})
		w.Pass(40 * time.Second)
		if held := w.Held(g.ID); len(held) > 0 {
			t.Errorf("left are %v", held)
		}
	})
}

// A protected VM that is missing from lists and answers keeps its deny.
func TestMissingVMStaysProtected(t *testing.T) {
	for _, times := range []int{1, 20} {
		t.Run(fmt.Sprint(times), func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.Start()
				w.Protect("jump-1")
				w.Azure.AddLag(azuresim.Lag{ID: azuresim.DemoJump, Lists: times, Reads: times})
				w.shutFor(15*time.Minute, azuresim.DemoJump)
				if !w.IsProtected(azuresim.DemoJump) {
					t.Error("not protected any more")
				}
			})
		})
	}
}

// A protected VM that is moved to another resource group, with its interface or
// without, stays shut, and is protected under its new id.
func TestMovedVMStaysProtected(t *testing.T) {
	for _, all := range []bool{false, true} {
		t.Run(fmt.Sprintf("with its interface: %t", all), func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				foreign := w.Foreign()
				w.Start()
				w.Protect("jump-1")
				nic := w.NIC(azuresim.DemoJump)
				to := w.moved(azuresim.DemoJump, azuresim.DemoDevGroup, 5*time.Minute)
				if all {
					w.moved(nic, azuresim.DemoDevGroup, 5*time.Minute)
				}
				w.shutFor(20*time.Minute, to)
				if !w.IsProtected(to) || w.IsProtected(azuresim.DemoJump) {
					t.Errorf("protected: %t under the new id, %t under the old one", w.IsProtected(to), w.IsProtected(azuresim.DemoJump))
				}
				if got := w.Texts(jit.EventUnprotected); len(got) > 0 {
					t.Errorf("it was said %q", got)
				}
				if got := w.Texts(jit.EventMoved); len(got) != 1 || !strings.Contains(got[0], "dev") {
					t.Errorf("it was said %q", got)
				}
				w.CheckPromises(foreign)
				if _, err := w.Service.Unprotect(t.Context(), carol, []string{"jump-1"}); err != nil {
					t.Fatal(err)
				}
				w.Pass(time.Minute)
				if w.Ours() != 0 {
					t.Errorf("%d rules are left", w.Ours())
				}
			})
		})
	}
}

// Machine, interface and group move together, and are under no id for a while.
func TestEverythingMovesUnderNoID(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		w.Protect("jump-1")
		ids := []string{azuresim.DemoJump, w.NIC(azuresim.DemoJump), azuresim.DemoJumpNSG}
		var lags []*azuresim.ActiveLag
		for _, id := range ids {
			to := w.moved(id, azuresim.DemoDevGroup, 90*time.Minute)
			lags = append(lags, w.Azure.AddLag(azuresim.Lag{ID: to, Lists: -1, Reads: -1}))
			ids = append(ids, to)
		}
		vm := ids[3]
		w.shutFor(90*time.Minute, vm)
		for _, lag := range lags {
			lag.Remove()
		}
		w.shutFor(10*time.Minute, vm)
		if !w.IsProtected(vm) {
			t.Error("not protected under its new id")
		}
	})
}

// A VM that was deleted and created again on the same interface, under the same
// name or another, stays shut.
func TestRecreatedVMStaysProtected(t *testing.T) {
	for _, name := range []string{"jump-1", "jump-2"} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.Start()
				w.Protect("jump-1")
				nic := w.NIC(azuresim.DemoJump)
				w.Azure.DeleteVM(azuresim.DemoJump)
				w.Pass(20 * time.Minute)
				next := azuresim.DemoWebGroup + "/providers/Microsoft.Compute/virtualMachines/" + name
				w.Azure.PutVM(azuresim.VM{ID: next, Location: azuresim.DemoLocation, NICs: []string{nic}})
				w.shutFor(10*time.Minute, next)
				if !w.IsProtected(next) {
					t.Error("it is not called protected")
				}
			})
		})
	}
}

// A deny goes once the VM, its interface and its address serve nothing any more,
// for longer than a move takes; with the interface it stays.
func TestProtectionOfNothingEnds(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Start()
		w.Protect("jump-1", "dev-1")
		nic := w.NIC(azuresim.DemoJump)
		w.Azure.DeleteVM(azuresim.DemoJump)
		w.Azure.DeleteNIC(nic)
		w.Azure.DeleteVM(azuresim.DemoDev1)
		w.Pass(3*time.Hour + 50*time.Minute)
		if w.Ours() != 2 {
			t.Errorf("%d denies within the time of a move", w.Ours())
		}
		w.Pass(20 * time.Minute)
		if _, err := w.Store.Protection(t.Context(), azuresim.DemoJump); !errors.Is(err, jit.ErrNotFound) || w.Ours() != 1 {
			t.Errorf("%v, and %d rules are left", err, w.Ours())
		}
		if !w.IsProtected(azuresim.DemoDev1) {
			t.Error("the deny went while its interface was there")
		}
		w.CheckPromises(foreign)
	})
}

// A VM that is gone and still protected can be unprotected, by name or id.
func TestUnprotectWhatIsGone(t *testing.T) {
	for _, word := range []string{"dev-1", "DEV/dev-1", azuresim.DemoDev1} {
		t.Run(word, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.Start()
				w.Protect("dev-1")
				w.Azure.DeleteVM(azuresim.DemoDev1)
				w.Pass(2 * time.Minute)
				if _, err := w.Service.Unprotect(t.Context(), ada, []string{word}); !errors.Is(err, jit.ErrAuthority) {
					t.Errorf("somebody may: %v", err)
				}
				results, err := w.Service.Unprotect(t.Context(), carol, []string{word, "jump-1"})
				if err != nil || len(results) != 2 || results[0].Err != nil || !errors.Is(results[1].Err, jit.ErrStale) {
					t.Fatalf("%+v, %v", results, err)
				}
				w.Pass(time.Minute)
				if _, err := w.Store.Protection(t.Context(), azuresim.DemoDev1); !errors.Is(err, jit.ErrNotFound) || w.Ours() != 0 {
					t.Errorf("%v, and %d rules are left", err, w.Ours())
				}
			})
		})
	}
}

// Of two VMs behind a group that is moved neither is open for a moment.
func TestGroupOfTwoProtectedMoves(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		w.Protect("dev-1", "dev-2")
		w.moved(azuresim.DemoDevNSG, azuresim.DemoWebGroup, 0)
		for range 180 {
			if w.Pass(time.Second); w.Reachable(azuresim.DemoDev1, nobodys) || w.Reachable(azuresim.DemoDev2, nobodys) {
				t.Fatalf("open; it was said %v", w.Told.Said())
			}
		}
		if !w.IsProtected(azuresim.DemoDev1) || !w.IsProtected(azuresim.DemoDev2) {
			t.Error("not protected any more")
		}
	})
}
