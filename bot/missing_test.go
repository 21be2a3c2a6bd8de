package bot_test

import (
	"strings"
	"testing"

	"jitbot/bot/slacksim"
	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/lookup"
)

// Whoever is refused for the lack of Azure actions gets to see which, by a typed line as
// by the form, and nobody else does.
func TestATypedLineShowsTheMissingActions(t *testing.T) {
	o := setUp(t, slacksim.Options{NoRateLimits: true})
	o.open()
	const line = "request no-role ssh 1h from 203.0.113.7 for x"
	o.types(adaID, line)
	m := o.shown(adaID, "no role of yours allows it")
	o.must(o.sim.Click(o.ctx, adaID, m.Channel, m.TS, "Show the missing actions"))
	o.reads(o.shown(adaID, "lacks the Azure action").Text, "`Microsoft.Compute/virtualMachines/read`")
	if all := o.sim.Snapshot().Ephemerals(graceID); len(all) != 0 {
		t.Errorf("somebody else reads %s", all[0].Text)
	}

	m = o.said(adaID, line)
	before := len(o.sim.DMs(adaID))
	o.must(o.sim.Click(o.ctx, adaID, m.Channel, m.TS, "Show the missing actions"))
	o.eventually("it is answered there", func() bool {
		all := o.sim.DMs(adaID)
		return len(all) > before || len(o.sim.Snapshot().Ephemerals(adaID)) > 1
	})
}

// A dry run names them at once.
func TestExplainNamesTheMissingActions(t *testing.T) {
	o := setUp(t, slacksim.Options{NoRateLimits: true})
	o.service.dry = lookup.Explanation{
		VM: jit.VM{ID: "/vm/web-1", Name: "web-1", Group: "rg"}, Who: jit.Person{Name: "ada@contoso.example"},
		Refusal: jit.Refuse(jit.ErrRights, "%s lacks the Azure action %s at %s.", "ada", jit.Whole("Microsoft.Compute/virtualMachines/read"), "web-1"),
	}
	o.open()
	said := o.jit(adaID, "explain web-1")
	o.reads(said, "can't ask for `web-1` in `rg` yet: no role", "lacks the Azure action `Microsoft.Compute/virtualMachines/read`")
	if strings.Count(said, view.Code("Microsoft.Compute/virtualMachines/read")) != 1 {
		t.Errorf("said more than once: %s", said)
	}
}
