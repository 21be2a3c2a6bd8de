package bot_test

import (
	"errors"
	"strings"
	"testing"

	"jitbot/bot/slacksim"
)

func TestDenyAsksWhy(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.open()
	_, card := o.pending()
	form := func() slacksim.View {
		o.must(o.sim.Click(o.ctx, graceID, card.Channel, card.Message, "Deny"))
		o.until("the form is open", func(s *slacksim.Snapshot) bool { return len(s.Views(graceID)) == 1 })
		return o.sim.Views(graceID)[0]
	}
	v := form()
	r := o.must(o.sim.Submit(o.ctx, graceID, v.ID, slacksim.Values{"reason": " \u200b "}))
	o.reads(r.Errors["reason"], "Say why; the requester reads it.")
	r = o.must(o.sim.SubmitRaw(o.ctx, graceID, v.ID, slacksim.Values{"reason": "x"}, slacksim.Raw{Edit: func(p map[string]any) {
		p["view"].(map[string]any)["private_metadata"] = "g-7k2qd<!channel>"
	}}))
	o.reads(r.Errors["reason"], "names no grant")
	r = o.must(o.sim.SubmitRaw(o.ctx, graceID, v.ID, slacksim.Values{"reason": "x"}, slacksim.Raw{TeamID: "T0OTHER"}))
	o.reads(r.Errors["reason"], "another workspace")
	if n := o.service.noted("deny"); n != 0 {
		t.Fatalf("%d denials before a reason", n)
	}
	o.inbox.failWith(errors.New("the disk is full"))
	r = o.must(o.sim.Submit(o.ctx, graceID, v.ID, slacksim.Values{"reason": "not today"}))
	o.reads(r.Errors["reason"], "Something broke on my side.")
	o.inbox.failWith(nil)
	r = o.must(o.sim.Submit(o.ctx, graceID, v.ID, slacksim.Values{"reason": "not today"}))
	if len(r.Errors) > 0 || r.View != nil {
		t.Fatalf("the form stayed: %v", r.Errors)
	}
	direct := func(want string) {
		o.until("a direct message says "+want, func(s *slacksim.Snapshot) bool {
			for _, m := range s.DMs(graceID) {
				if strings.Contains(m.Text, want) {
					return true
				}
			}
			return false
		})
	}
	direct("You denied SSH to `web-1` in `rg` for <@U0ADA> (`g-7k2qd`); they are told.")
	if n := o.service.noted("deny U0GRACE g-7k2qd not today"); n != 1 {
		t.Errorf("calls: %q", o.service.calls)
	}
	o.must(o.sim.Submit(o.ctx, graceID, form().ID, slacksim.Values{"reason": "once more"}))
	direct("was already denied by <@U0GRACE>")

	o.sim.FailNext("views.open", 1, slacksim.Fault{Error: "expired_trigger_id"})
	o.must(o.sim.Click(o.ctx, graceID, card.Channel, card.Message, "Deny"))
	o.reads(o.ephemeral(graceID, func(string) bool { return true }), "Press Deny again.")
}

// A form has closed by the time its answer is late: the note is a direct message.
func TestASlowDenialIsNoted(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.service.hold = make(chan struct{})
	o.open()
	_, card := o.pending()
	o.must(o.sim.Click(o.ctx, graceID, card.Channel, card.Message, "Deny"))
	o.until("the form is open", func(s *slacksim.Snapshot) bool { return len(s.Views(graceID)) == 1 })
	o.must(o.sim.Submit(o.ctx, graceID, o.sim.Views(graceID)[0].ID, slacksim.Values{"reason": "not today"}))
	o.reads(o.direct(graceID, 1), "You sent a form, and I took note of it.")
	close(o.service.hold)
	o.reads(o.direct(graceID, 2), "You denied SSH to `web-1`")
}
