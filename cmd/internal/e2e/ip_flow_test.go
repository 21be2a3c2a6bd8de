package e2e_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/lookup"
)

// asksAzure is what Azure says before a VM, to whom.
func (w *world) asksAzure(by jit.UserID, vm string) lookup.Testimony {
	w.T.Helper()
	var got lookup.Testimony
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		got, err = w.Service.Witness(w.T.Context(), by, vm)
	}()
	w.Pass(time.Minute)
	<-done
	if err != nil {
		w.T.Fatal(err)
	}
	return got
}

// IP flow verify is asked about the address of an open grant, else about the one used
// last, and not at all where there is none; what Azure says is told with its time.
func TestIPFlowVerify(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		w.Protect("web-1")
		if got := w.asksAzure(ada, "web-1"); got.Flow != nil {
			t.Errorf("no address is known, and it says %+v", got.Flow)
		}
		g := w.Open(time.Hour, "web-1")
		from := g.Request.Sources[0].Addr()
		got := w.asksAzure(ada, "web-1").Flow
		if got == nil || got.From != from || !got.Allow || !strings.Contains(got.Rule, string(g.ID)) || got.At.IsZero() || got.Missing != "" {
			t.Errorf("while it is open: %+v", got)
		}
		if got := w.asksAzure(carol, "web-1").Flow; got == nil || got.From != from || !got.Allow {
			t.Errorf("to an admin: %+v", got)
		}
		if got := w.asksAzure(grace, "web-1").Flow; got != nil {
			t.Errorf("to somebody else, who used none: %+v", got)
		}
		w.Pass(time.Until(g.Clock.Deadline) + 30*time.Second)
		w.Want(g.ID, jit.Closed)
		if got = w.asksAzure(ada, "web-1").Flow; got == nil || got.From != from || got.Allow || !strings.HasPrefix(got.Rule, "securityRules/") {
			t.Errorf("after it: %+v", got)
		}
		// An admin rule decides before the groups, and is seen.
		network := azuresim.DemoWebGroup + "/providers/Microsoft.Network/virtualNetworks/prod-vnet"
		w.Azure.SetAdminRules(network, azuresim.AdminRule{
			Name: "monitoring", Access: "AlwaysAllow", Priority: 10, Sources: []string{"*"}, Ports: []string{"22"},
		})
		if got = w.asksAzure(ada, "web-1").Flow; got == nil || !got.Allow || !strings.Contains(got.Rule, "monitoring") {
			t.Errorf("under an AlwaysAllow: %+v", got)
		}
	})
}

// Without a Network Watcher in the region, or a right for it, the rest is answered and
// that is said.
func TestNoIPFlowVerify(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*world)
		want   string
	}{
		"no watcher": {func(w *world) { w.Azure.DeleteNetworkWatcher(azuresim.DemoWatcher) }, "there is no Network Watcher in " + azuresim.DemoLocation},
		"another region": {func(w *world) {
			w.Azure.PutNetworkWatcher(azuresim.NetworkWatcher{ID: azuresim.DemoWatcher, Location: "eastus"})
		}, "there is no Network Watcher"},
		"no right to see":  {func(w *world) { w.forbid("/networkWatchers") }, "networkWatchers/read"},
		"no right to ask":  {func(w *world) { w.forbid("/ipFlowVerify") }, "networkWatchers/ipFlowVerify/action"},
		"it does not work": {func(w *world) { f := azuresim.Broken(500); f.Path = "/ipFlowVerify"; w.Azure.AddFault(f) }, "Azure gave no answer"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.Start()
				w.Open(time.Hour, "web-1")
				c.change(w)
				got := w.asksAzure(ada, "web-1")
				if got.Flow == nil || !strings.Contains(got.Flow.Missing, c.want) || !slices.Contains(got.Groups, "web-nic-nsg") {
					t.Errorf("%+v of %v", got.Flow, got.Groups)
				}
			})
		})
	}
}

func (w *world) forbid(path string) {
	f := azuresim.Forbidden()
	f.Path = path
	w.Azure.AddFault(f)
}
