package app_test

import (
	"net/http"
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
		w.start()
		w.pass(time.Minute)
		broken := azuresim.Broken(http.StatusServiceUnavailable)
		broken.Match = func(r *http.Request) bool {
			return r.Method == http.MethodGet && strings.HasSuffix(strings.ToLower(r.URL.Path), "/providers/microsoft.compute/virtualmachines")
		}
		w.sim.AddFault(broken)
		if err := w.sim.SetAddress(azuresim.DemoDevGroup+"/providers/Microsoft.Network/networkInterfaces/dev-2-nic", "ipconfig1", "10.30.1.77"); err != nil {
			t.Fatal(err)
		}
		g := w.open(time.Hour, "dev-2")
		w.pass(2 * time.Minute)
		if g = w.want(g.ID, jit.Open); len(g.Paths) != 1 || g.Paths[0].Addresses[0].String() != "10.30.1.77" {
			t.Errorf("paths %+v", g.Paths)
		}
	})
}
