package bot_test

import (
	"testing"

	"jitbot/bot"
	"jitbot/bot/slacksim"
	"jitbot/jit"
	"jitbot/jit/outbox"
)

// Less is approved by the form that the card opens; whoever asked is told, and may
// withdraw what is left.
func TestApproveWithLessInSlack(t *testing.T) {
	o := setUp(t, slacksim.Options{NoRateLimits: true})
	o.open()
	g, card := o.pending()
	o.must(o.sim.Click(o.ctx, graceID, card.Channel, card.Message, "Approve with less"))
	var form slacksim.View
	o.until("the form is filled", func(s *slacksim.Snapshot) bool {
		for _, v := range s.Views(graceID) {
			if v.Submit != "" {
				form = v
				return true
			}
		}
		return false
	})
	wide, err := o.sim.Submit(o.ctx, graceID, form.ID, slacksim.Values{"duration": "2h", "ports": "22", "source": "203.0.113.7"})
	if err != nil || wide.Errors["duration"] != "2h is more than is asked for." {
		t.Errorf("for longer: %+v, %v", wide, err)
	}
	if _, err := o.sim.Submit(o.ctx, graceID, form.ID, slacksim.Values{"duration": "30m", "ports": "22", "source": "203.0.113.7"}); err != nil {
		t.Fatal(err)
	}
	o.until("she is answered", func(s *slacksim.Snapshot) bool { return len(s.DMs(graceID)) == 1 })
	o.reads(o.sim.DMs(graceID)[0].Text, "You approved SSH to `web-1` in `rg` from `203.0.113.7` for 30 min")
	now := o.grant(g.ID)
	now.State = jit.Pending // as if one more were needed
	if _, err := o.tell(bot.NewNotifier(o.conf.API), outbox.KindDirect, now, jit.Event{Kind: jit.EventApproved, Actor: jit.Person{ID: graceID}}); err != nil {
		t.Fatal(err)
	}
	told := o.sim.DMs(adaID)
	o.reads(told[len(told)-1].Text, "Less of your request is approved by <@U0GRACE>", "Less than was asked for: SSH from `203.0.113.7` for 1 h.")
	if n := len(told[len(told)-1].Buttons()); n != 1 {
		t.Errorf("%d buttons", n)
	}
}
