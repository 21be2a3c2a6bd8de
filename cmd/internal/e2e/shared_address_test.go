package e2e_test

import (
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// A grant for one VM does not open another that has the same address behind
// the same group: it is refused, and names both.
func TestSameAddressBehindTheSameGroup(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		copied := w.AddTwin(azuresim.DemoDevNSG)
		w.Start()
		_, err := w.AskFrom(ada, time.Hour, "198.51.100.7/32", "dev-1")
		if !errors.Is(err, jit.ErrPolicy) || !strings.Contains(err.Error(), "dev/copy-1 has the address 10.30.1.4 behind the same network security group as dev-1") {
			t.Errorf("%v", err)
		}
		if ok := w.Reachable(copied, "198.51.100.7"); ok || w.Ours() != 0 {
			t.Error("something was opened")
		}
		if _, err := w.AskFrom(ada, time.Hour, "198.51.100.7/32", "dev-2"); err != nil {
			t.Errorf("one that shares no address: %v", err)
		}
		if _, err := w.AskFrom(ada, time.Hour, "198.51.100.7/32", "dev-1", "copy-1"); err != nil {
			t.Errorf("both: %v", err)
		}
	})
}

// Behind a group of its own the other stays shut.
func TestSameAddressBehindAnotherGroup(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		copied := w.AddTwin(azuresim.DemoBackupNSG)
		w.Start()
		g := w.Open(time.Hour, "dev-1")
		if !w.Reachable(azuresim.DemoDev1, adasAddress) || w.Reachable(copied, adasAddress) {
			t.Errorf("%s opened the wrong one", g.ID)
		}
	})
}

// One that appears while the request waits has it denied at the approval.
func TestSameAddressThatAppearsLater(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g, err := w.AskFrom(ada, time.Hour, "198.51.100.7/32", "dev-1")
		if err != nil {
			t.Fatal(err)
		}
		w.AddTwin(azuresim.DemoDevNSG)
		w.Pass(2 * time.Minute)
		_, err = w.Service.Approve(t.Context(), grace, g.ID)
		if err == nil || !strings.Contains(err.Error(), "dev/copy-1 has the address 10.30.1.4") || w.Ours() != 0 {
			t.Errorf("%v, and %d rules of ours", err, w.Ours())
		}
		w.Want(g.ID, jit.Denied)
	})
}

// Its rules follow a VM to no address that another one has.
func TestFollowsToNoAddressOfAnother(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		copied := w.AddTwin(azuresim.DemoDevNSG)
		if err := w.Azure.SetAddress(w.NIC(azuresim.DemoDev1), "ipconfig1", "10.30.1.40"); err != nil {
			t.Fatal(err)
		}
		w.Start()
		g := w.OpenFrom("198.51.100.7/32", "dev-1")
		if err := w.Azure.SetAddress(w.NIC(azuresim.DemoDev1), "ipconfig1", "10.30.1.4"); err != nil {
			t.Fatal(err)
		}
		w.Pass(2 * time.Minute)
		if w.Reachable(copied, "198.51.100.7") {
			t.Errorf("copy-1 was opened, %s is %s", g.ID, w.Grant(g.ID).State)
		}
	})
}

// One that gets the address of a VM while a grant is open is not opened.
func TestSameAddressWhileOpen(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g := w.OpenFrom("198.51.100.7/32", "dev-1")
		copied := w.AddTwin(azuresim.DemoDevNSG)
		w.Pass(2 * time.Minute)
		if w.Reachable(copied, "198.51.100.7") {
			t.Errorf("copy-1 is open, %s is %s", g.ID, w.Grant(g.ID).State)
		}
	})
}

// What another VM had as its address a moment ago is in nobody's way.
func TestAddressThatChangedHands(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g, err := w.AskFrom(ada, time.Hour, "198.51.100.7/32", "dev-1")
		if err != nil {
			t.Fatal(err)
		}
		w.Pass(31 * time.Second)
		if err := w.Azure.SetAddress(azuresim.DemoDevGroup+"/providers/Microsoft.Network/networkInterfaces/dev-2-nic", "ipconfig1", "10.30.1.77"); err != nil {
			t.Fatal(err)
		}
		_ = w.Azure.SetAddress(w.NIC(azuresim.DemoDev1), "ipconfig1", "10.30.1.5")
		if _, err := w.Service.Approve(t.Context(), grace, g.ID); err != nil {
			t.Errorf("refused: %v", err)
		}
		w.Pass(20 * time.Second)
		w.Want(g.ID, jit.Open)
	})
}

// A group that the other VM has alone, and that lets all in, keeps nothing shut.
func TestSameAddressBehindAnOpenGroup(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		copied := w.AddTwin(azuresim.DemoDevNSG)
		w.Plant(azuresim.DemoBackupNSG, "all", "Allow", "*", 120, "")
		if err := w.Azure.SetNSGOnNIC(w.NIC(copied), azuresim.DemoBackupNSG); err != nil {
			t.Fatal(err)
		}
		w.Start()
		g, err := w.AskFrom(ada, time.Hour, "198.51.100.7/32", "dev-1")
		if err == nil || !strings.Contains(err.Error(), "dev/copy-1 has the address 10.30.1.4") {
			t.Errorf("%s is %s, %v", g.ID, g.State, err)
		}
		if w.Plant(azuresim.DemoBackupNSG, "none", "Deny", "*", 110, ""); w.Reachable(copied, "198.51.100.7") {
			t.Fatal("copy-1 should be shut now")
		}
		w.OpenFrom("198.51.100.7/32", "dev-1")
		if w.Reachable(copied, "198.51.100.7") {
			t.Error("copy-1 was opened")
		}
	})
}

// Two VMs do not open a third together, which is behind the groups of both: not
// by one grant, and not by two.
func TestSameAddressAsTwoTogether(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		copied := w.AddTwin(azuresim.DemoDevNSG)
		if err := w.Azure.SetNSGOnNIC(w.NIC(copied), azuresim.DemoBackupNSG); err != nil {
			t.Fatal(err)
		}
		if err := w.Azure.SetNSGOnNIC(w.NIC(azuresim.DemoJump), azuresim.DemoBackupNSG); err != nil {
			t.Fatal(err)
		}
		if err := w.Azure.SetAddress(w.NIC(azuresim.DemoJump), "ipconfig1", "10.30.1.4"); err != nil {
			t.Fatal(err)
		}
		w.Start()
		if _, err := w.AskFrom(ada, time.Hour, "198.51.100.7/32", "dev-1", "jump-1"); !errors.Is(err, jit.ErrPolicy) {
			t.Errorf("both: %v", err)
		}
		w.OpenFrom("198.51.100.7/32", "dev-1")
		if _, err := w.AskFrom(ada, time.Hour, "198.51.100.7/32", "jump-1"); !errors.Is(err, jit.ErrPolicy) || w.Reachable(copied, "198.51.100.7") {
			t.Errorf("one after the other: %v", err)
		}
	})
}

// While VMs cannot be listed nobody knows who else has an address, and nothing
// is opened by an older list.
func TestSameAddressByAnOldList(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g, err := w.AskFrom(ada, time.Hour, "198.51.100.7/32", "dev-1")
		if err != nil {
			t.Fatal(err)
		}
		copied := w.AddTwin(azuresim.DemoDevNSG)
		w.Azure.AddFault(azuresim.Fault{Method: http.MethodGet, Pattern: regexp.MustCompile("(?i)/virtualMachines$"), Status: http.StatusInternalServerError})
		w.Pass(2 * time.Minute)
		if _, err := w.Service.Approve(t.Context(), grace, g.ID); !errors.Is(err, jit.ErrBusy) {
			t.Errorf("approved: %v", err)
		}
		w.Pass(time.Minute)
		if w.Want(g.ID, jit.Pending); w.Reachable(copied, "198.51.100.7") {
			t.Error("copy-1 was opened")
		}
	})
}
