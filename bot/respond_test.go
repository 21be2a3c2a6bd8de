package bot_test

import (
	"testing"
	"time"

	"jitbot/bot/slacksim"
)

func TestAnswersThroughTrouble(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.open()
	for _, f := range []slacksim.Fault{{Status: 503}, {RetryAfter: time.Second}, {Drop: true}} {
		o.sim.FailNext("respond", 1, f)
		o.reads(o.jit(adaID, "list"), "You have no live grants")
	}
	o.sim.FailNext("respond", 1, slacksim.Fault{Status: 404})
	o.must(o.sim.Slash(o.ctx, adaID, approvals, "/jit", "request web-1 for x"))
	o.until("the answer is a direct message", func(s *slacksim.Snapshot) bool { return len(s.DMs(adaID)) == 1 })
	o.reads(o.sim.DMs(adaID)[0].Text, "waits for approval")
}
