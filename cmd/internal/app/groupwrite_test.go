package app_test

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
				w.client = w.azure(func(c *azure.Config) { c.GroupWrites = true })
				foreign := w.foreign()
				w.start()
				source := func(i int) string { return fmt.Sprintf("203.0.113.%d", i) }
				var grants []jit.Grant
				for i := range 6 {
					grants = append(grants, w.allowed(time.Hour, source(i)+"/32", "web-2"))
				}
				w.pass(20 * time.Second)
				broken := w.sim.AddFault(wholeGroups(fault))
				for _, g := range grants {
					w.want(g.ID, jit.Open)
					if _, err := w.service.Done(t.Context(), ada, g.ID); err != nil {
						t.Fatal(err)
					}
				}
				w.pass(10 * time.Second)
				w.stop()
				w.start()
				w.pass(30 * time.Second)
				for i, g := range grants {
					open, _ := w.sim.Reachable(azuresim.DemoWeb2, netip.MustParseAddr(source(i)), 22, "Tcp")
					if state := w.grant(g.ID).State; open && state == jit.Closed {
						t.Errorf("%s is %s, and its door is open", g.ID, state)
					}
				}
				broken.Remove()
				w.pass(10 * time.Minute)
				for _, g := range grants {
					w.want(g.ID, jit.Closed)
				}
				w.promises(foreign)
			})
		})
	}
}
