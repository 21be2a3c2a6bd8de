package bot_test

import (
	"testing"

	"jitbot/bot/slacksim"
)

func TestNobodyMayAskTooMuch(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.conf.PerPerson = 3
	o.open()
	_, card := o.pending()
	for range 3 {
		o.reads(o.jit(graceID, "help"), "/jit request")
	}
	o.reads(o.jit(graceID, "help"), "more than anybody may do in a minute")
	o.must(o.sim.Click(o.ctx, graceID, card.Channel, card.Message, "approve"))
	o.reads(o.ephemeral(graceID, func(string) bool { return true }), "more than anybody may do")
	o.reads(o.jit(adaID, "help"), "/jit request")
	if n := o.service.noted("approve"); n != 0 {
		t.Error("the click was carried out")
	}
}
