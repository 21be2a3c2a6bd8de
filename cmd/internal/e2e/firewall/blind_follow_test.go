package firewall_test

import (
	"net/http"
	"regexp"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// Where the firewalls cannot be read, an access behind one does not follow to who has
// the address now.
func TestUnreadFirewallsLetNobodyElseBeReached(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		w.QuickFirewalls()
		w.Start()
		g := w.ApprovedFrom(2*time.Hour, "203.0.113.7/32", "app-1")
		w.Pass(4 * time.Minute)
		w.Want(g.ID, jit.Open)
		lists := azuresim.Forbidden()
		lists.Method, lists.Pattern = http.MethodGet, regexp.MustCompile(`(?i)/azureFirewalls$`)
		w.Azure.AddFault(lists)
		w.Pass(time.Minute)
		vm, _ := w.Azure.Machine(azuresim.DemoApp)
		vm.ID, vm.VMID = vm.ID+"-other", ""
		nic, _ := w.Azure.NIC(vm.NICs[0])
		if err := w.Azure.SetAddress(nic.ID, nic.IPs[0].Name, "10.40.1.99"); err != nil {
			t.Fatal(err)
		}
		nic.ID, nic.GUID = nic.ID+"-other", ""
		w.Azure.PutNIC(nic)
		vm.NICs = []string{nic.ID}
		w.Azure.PutVM(vm)
		w.Pass(30 * time.Minute)
		if w.Connects(vm.ID, "203.0.113.7", 22) {
			t.Errorf("who has the address of app-1 now is reached by its holder; the grant is %s", w.Grant(g.ID).State)
		}
	})
}
