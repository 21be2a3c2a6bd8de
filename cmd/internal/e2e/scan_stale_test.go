package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"jitbot/jit/azure/azuresim"
)

// unlisted breaks the list of virtual machines.
func unlisted() azuresim.Fault {
	broken := azuresim.Broken(http.StatusServiceUnavailable)
	broken.Match = func(r *http.Request) bool {
		return r.Method == http.MethodGet && strings.HasSuffix(strings.ToLower(r.URL.Path), "/providers/microsoft.compute/virtualmachines")
	}
	return broken
}

// How all VMs stand is not told of an older list of them: neither by a scan nor
// by a digest, which is made when they can be listed again.
func TestNoScanOfAnOldList(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.weekly(5 * time.Minute)
		w.Pass(2 * time.Minute)
		if _, _, err := w.Service.Scan(t.Context(), carol); err != nil {
			t.Fatal(err)
		}
		broken := w.Azure.AddFault(unlisted())
		w.Pass(2 * time.Minute)
		if findings, _, err := w.Service.Scan(t.Context(), carol); err == nil {
			t.Errorf("%d findings of a list that is old", len(findings))
		}
		w.Pass(5 * time.Minute)
		w.toldDigests("while nothing is listed", 0)
		broken.Remove()
		w.Pass(2 * time.Minute)
		w.toldDigests("when all is listed", 1)
	})
}
