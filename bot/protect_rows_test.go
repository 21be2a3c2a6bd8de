package bot_test

import (
	"strings"
	"testing"

	"jitbot/bot/slacksim"
	"jitbot/jit"
	"jitbot/jit/access"
)

// Ports are added to the form and taken away, what was typed stays, and what the
// protection does to others is said before it is sent.
func TestPortsComeAndGoInTheProtectForm(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.service.offer, o.service.vms = simple(), machines(1)
	o.service.effects = []access.ProtectEffect{{
		VM: o.service.vms[0], Inside: true, Overruled: []access.RuleRef{{Rule: "allow-ssh", Group: "web-nsg"}},
		Kept: []access.RuleRef{{Rule: "first", Group: "web-nsg"}},
	}}
	o.service.results = []access.VMResult{{VM: o.service.vms[0]}}
	o.open()
	o.types(graceID, "protect web-1")
	v := o.form(graceID)
	o.reads(v.AllText(), "overrules `allow-ssh` in `web-nsg`", "stays open* by `first`", "Bastion, peered networks and load balancer probes lose")
	o.must(o.sim.Fill(o.ctx, graceID, v.ID, slacksim.Values{"longest-1": "47m"}))
	o.must(o.sim.ClickView(o.ctx, graceID, v.ID, "add_port"))
	v = o.formWith(graceID, `"port-2"`)
	if !strings.Contains(string(v.State), `"47m"`) {
		t.Errorf("what was typed is gone: %s", v.State)
	}
	o.must(o.sim.Fill(o.ctx, graceID, v.ID, slacksim.Values{"port-2": "1433", "from-2": "10.0.0.0/24"}))
	o.must(o.sim.ClickView(o.ctx, graceID, v.ID, "row-1/remove_port"))
	o.until("the first port is gone", func(s *slacksim.Snapshot) bool {
		all := s.Views(graceID)
		return len(all) == 1 && !strings.Contains(string(all[0].Blocks), `"port-1"`)
	})
	if r := o.must(o.sim.Submit(o.ctx, graceID, v.ID, nil)); r.View != nil || len(r.Errors) > 0 {
		t.Fatalf("the form stayed: %v", r.Errors)
	}
	o.finished()
	o.service.mu.Lock()
	defer o.service.mu.Unlock()
	if got := o.service.protected; len(got) != 1 || got[0].Ports != (jit.Ports{From: 1433, To: 1433, Protocol: jit.TCP}) || got[0].Any {
		t.Errorf("protected %+v", got)
	}
}
