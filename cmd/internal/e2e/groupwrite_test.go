package e2e_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure"
	"jitbot/jit/azure/azuresim"
)

// wholeGroups fails the writes of whole network security groups, or has them
// hang.
func wholeGroups(f azuresim.Fault) azuresim.Fault {
	f.Match = func(r *http.Request) bool {
		return r.Method == http.MethodPut && !strings.Contains(r.URL.Path, "/securityRules/")
	}
	return f
}

// A write of a whole group shows at once what it will do. Closed is said only
// once it has done it: not when it fails, not while it hangs, and not by a
// jitbot that was started meanwhile.
func TestClosedByAWriteOfTheWhole(t *testing.T) {
	for name, fault := range map[string]azuresim.Fault{"failed": azuresim.OperationFails(), "hanging": {OperationTime: 5 * time.Minute}} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.Client = w.Connect(func(c *azure.Config) { c.GroupWrites = true })
				foreign := w.Foreign()
				w.Start()
				source := func(i int) string { return fmt.Sprintf("203.0.113.%d", i) }
				var grants []jit.Grant
				for i := range 6 {
					grants = append(grants, w.ApprovedFrom(time.Hour, source(i)+"/32", "web-2"))
				}
				w.Pass(20 * time.Second)
				broken := w.Azure.AddFault(wholeGroups(fault))
				for _, g := range grants {
					w.Want(g.ID, jit.Open)
					if _, err := w.Service.Done(t.Context(), ada, g.ID); err != nil {
						t.Fatal(err)
					}
				}
				w.Pass(10 * time.Second)
				w.Stop()
				w.Start()
				w.Pass(30 * time.Second)
				for i, g := range grants {
					open, _ := w.Azure.Reachable(azuresim.DemoWeb2, netip.MustParseAddr(source(i)), 22, "Tcp")
					if state := w.Grant(g.ID).State; open && state == jit.Closed {
						t.Errorf("%s is %s, and its access is open", g.ID, state)
					}
				}
				broken.Remove()
				w.Pass(10 * time.Minute)
				for _, g := range grants {
					w.Want(g.ID, jit.Closed)
				}
				w.CheckPromises(foreign)
			})
		})
	}
}
