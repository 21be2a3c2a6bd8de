package e2e_test

import (
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/protection"
)

// The form that protects is taken as it begins, whatever ports the policy offers, and
// keeps what the policy says of each.
func TestTheProtectFormIsTakenAsItBegins(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Config.Policies[0].Ports = []jit.PortPolicy{
			{Ports: jit.Ports{From: 22, To: 22, Protocol: jit.TCP}, Any: true, Shortest: time.Minute, Longest: 2 * time.Minute},
			{Ports: jit.Ports{From: 20, To: 25, Protocol: jit.TCP}, Sources: w.Config.Policies[0].Ports[0].Sources, Any: true, Shortest: time.Minute, Longest: time.Hour},
			{Ports: jit.Ports{From: 53, To: 53, Protocol: jit.UDP}, Any: true, Shortest: time.Minute, Longest: 9 * time.Hour},
			{Ports: jit.Ports{From: 22, To: 22, Protocol: jit.AnyProtocol}, Any: true, Shortest: time.Minute, Longest: time.Hour},
		}
		w.Start()
		f := w.front()
		f.serve()
		f.types(carol, "protect web-1")
		f.Pass(2 * time.Second)
		said := f.sim.Views(string(carol))[0].AllText()
		for _, want := range []string{"overrules `deploy-ssh` in `web-nic-nsg`", "Bastion, peered networks and load balancer probes"} {
			if !strings.Contains(said, want) {
				t.Errorf("the form does not say %q: %s", want, said)
			}
		}
		if errs := f.submits(carol, nil); len(errs) > 0 {
			t.Fatalf("the form is refused: %v", errs)
		}
		f.Pass(time.Minute)
		p, err := w.Store.Protection(t.Context(), azuresim.DemoWeb1)
		if err != nil || p.State != protection.Protected || len(p.Ports) != 5 {
			t.Fatalf("%+v, %v", p, err)
		}
		longest := map[string]time.Duration{}
		for _, pp := range p.Ports {
			longest[pp.Ports.Span()+"/"+string(pp.Ports.Protocol)] = pp.Longest
			if pp.Shortest != time.Minute {
				t.Errorf("%s has the shortest %s", pp.Ports, pp.Shortest)
			}
		}
		if longest["22/tcp"] != 2*time.Minute || longest["20-21/tcp"] != time.Hour || longest["53/udp"] != 9*time.Hour {
			t.Errorf("kept %v", longest)
		}
		if w.Reachable(azuresim.DemoWeb1, adasAddress) {
			t.Error("it is reachable")
		}
	})
}
