package bot_test

import (
	"strings"
	"testing"
	"time"

	"jitbot/bot/slacksim"
	"jitbot/jit"
)

// The history is shown page by page, to whoever asks, and its button means nothing else.
func TestHistoryInSlack(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	for n := range 45 {
		o.service.history = append(o.service.history, jit.Event{
			Seq: uint64(n + 1), At: time.Date(2026, 11, 1, 9, n, 0, 0, time.UTC), Kind: jit.EventApproved, Grant: "g-7k2qd",
			Actor: jit.Person{ID: graceID}, Subject: jit.Person{ID: adaID}, VMs: []string{"/vm/web-1"}, Text: "<!channel> *now*",
		})
	}
	o.open()
	o.must(o.sim.Slash(o.ctx, graceID, approvals, "/jit", "history web-1 30"))
	m := o.shown(graceID, "newest first")
	o.reads(m.Text, "`web-1` in the last 30 days", "<@"+graceID+"> approved `g-7k2qd` of <@"+adaID+"> on `web-1`", "45:9f86d081")
	if strings.Contains(m.Text, "<!channel>") || strings.Count(m.Text, "approved") != 20 {
		t.Errorf("%d lines: %s", strings.Count(m.Text, "approved"), m.Text)
	}
	for _, before := range []string{"26", "6"} {
		o.must(o.sim.Click(o.ctx, graceID, m.Channel, m.TS, "Earlier"))
		m = o.shown(graceID, "09:"+map[string]string{"26": "24", "6": "04"}[before])
		if o.service.noted("history "+graceID+` "web-1"   `+before) != 1 {
			t.Errorf("calls: %q", o.service.calls)
		}
	}
	if strings.Count(m.Text, "approved") != 5 {
		t.Errorf("the last page: %s", m.Text)
	}
	o.reads(o.jit(graceID, "history <@"+adaID+">"), "<@"+adaID+"> in the last 7 days")
	o.reads(o.jit(graceID, "history g-7k2qd"), "`g-7k2qd`, newest first")
	o.reads(o.jit(graceID, "history web-1 g-7k2qd"), "Name one VM, one grant or one person")
	o.reads(o.jit(graceID, "history web-1 0"), "`0` days cannot be shown")
	o.must(o.sim.Slash(o.ctx, gusID, slacksim.DemoGeneralID, "/jit", "history"))
	o.reads(o.ephemeral(gusID, answers), "Guests cannot use jitbot")
}
