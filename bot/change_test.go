package bot_test

import (
	"strings"
	"testing"

	"jitbot/bot/slacksim"
	"jitbot/jit"
)

// A line that cannot be read has a button that opens the form with what could be read of
// it, and with the focus on what is wrong.
func TestALineThatCannotBeReadIsChanged(t *testing.T) {
	o := setUp(t, slacksim.Options{NoRateLimits: true})
	o.service.offer, o.service.vms = wide(), machines(3)
	o.open()
	const rest = " ssh from 203.0.113.9 for the fix"
	for line, focus := range map[string]string{
		"request web-1 5m3h" + rest: "usual", "web-1 5m3h" + rest: "usual", "request web-1 until 17:00" + rest: "usual",
		"request web-1 22 2h from nowhere for the fix": "source", "request web-1 70000 2h for the fix": "ports",
	} {
		o.sim.Reload(adaID)
		said := o.must(o.sim.Slash(o.ctx, adaID, approvals, "/jit", line))
		var m slacksim.Message
		o.until("there is a button", func(s *slacksim.Snapshot) bool {
			for _, m = range s.Ephemerals(adaID) {
				if strings.Contains(string(m.Blocks), "Change") {
					return true
				}
			}
			return false
		})
		o.must(o.sim.Click(o.ctx, adaID, m.Channel, m.TS, "Change"))
		v := o.form(adaID)
		if got := focused(v); got != focus {
			t.Errorf("%s: begins at %q, not %q (answered with %q)", line, got, focus, said.Text)
		}
		if vm, why := initial(v, "vm"), initial(v, "reason"); vm != "rg/web-1" || why != "the fix" {
			t.Errorf("%s: begins with %q and %q", line, vm, why)
		}
	}
	o.sim.Reload(adaID)
	o.service.last = jit.Request{}
	o.must(o.sim.Slash(o.ctx, adaID, approvals, "/jit", "request web-1 ssh from me for the fix"))
	mine := o.shown(adaID, "what from me is")
	o.must(o.sim.Click(o.ctx, adaID, mine.Channel, mine.TS, "Change"))
	if v := o.form(adaID); focused(v) != "source" || initial(v, "reason") != "the fix" {
		t.Errorf("begins at %q with %q", focused(v), initial(v, "reason"))
	}
	o.sim.Reload(adaID)
	m := o.said(adaID, "request web-1 5m3h"+rest)
	o.sim.Reload(adaID)
	o.must(o.sim.Click(o.ctx, adaID, m.Channel, m.TS, "Change"))
	o.reads(o.form(adaID).AllText(), "5m3h is no duration")
	if n := o.service.noted("ask"); n != 0 {
		t.Errorf("%d requests were made", n)
	}
}
