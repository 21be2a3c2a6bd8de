package e2e_test

import (
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// While the VMs cannot be listed, grants do not follow an older list: what they
// were opened for was read afresh, and the address in the list may be somebody
// else's by now.
func TestNothingFollowsAnOldList(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		w.Pass(time.Minute)
		w.Azure.AddFault(unlisted())
		if err := w.Azure.SetAddress(azuresim.DemoDevGroup+"/providers/Microsoft.Network/networkInterfaces/dev-2-nic", "ipconfig1", "10.30.1.77"); err != nil {
			t.Fatal(err)
		}
		g := w.Open(time.Hour, "dev-2")
		w.Pass(2 * time.Minute)
		if g = w.Want(g.ID, jit.Open); len(g.Paths) != 1 || g.Paths[0].Addresses[0].String() != "10.30.1.77" {
			t.Errorf("paths %+v", g.Paths)
		}
	})
}

// A firewall takes minutes. A VM whose address changes meanwhile is not waited
// for: the old address may be somebody else's by now, and it is shut at once.
func TestMovedWhileBeingOpened(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		firewalls, foreign := w.Firewalls(), w.Foreign()
		w.Start()
		g := w.ApprovedFrom(time.Hour, "10.60.1.9/32", "core-1")
		w.Pass(time.Minute)
		w.Want(g.ID, jit.Opening)
		if err := w.Azure.SetAddress(azuresim.DemoHubGroup+"/providers/Microsoft.Network/networkInterfaces/core-1-nic", "ipconfig1", "10.50.1.77"); err != nil {
			t.Fatal(err)
		}
		w.Pass(time.Minute)
		if g = w.Want(g.ID, jit.Closing); g.Decision.Ending != jit.Failed || !strings.Contains(g.Decision.Reason, "changed while it was being opened") {
			t.Errorf("%+v", g.Decision)
		}
		if w.Ours() != 0 {
			t.Error("the security group still lets the holder to the old address")
		}
		w.Pass(11 * time.Minute)
		w.Want(g.ID, jit.Closed)
		if w.Firewalls() != firewalls {
			t.Error("the firewalls are not as before")
		}
		w.CheckPromises(foreign)
	})
}
