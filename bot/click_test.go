package bot_test

import (
	"maps"
	"strings"
	"testing"

	"jitbot/bot/slacksim"
	"jitbot/jit"
)

func TestClicksAreAnswered(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.open()
	g, card := o.pending()
	always := func(string) bool { return true }
	o.must(o.sim.Click(o.ctx, graceID, card.Channel, card.Message, "Approve 1h"))
	o.reads(o.ephemeral(graceID, always), "You approved `g-7k2qd`; it is being opened.")
	// The loser reads who was first, and when.
	o.must(o.sim.Click(o.ctx, linusID, card.Channel, card.Message, "approve"))
	o.reads(o.ephemeral(linusID, always), "`g-7k2qd` was already approved by <@U0GRACE> at <!date^")
	// An id that is none of ours means nothing.
	bad := "g-7k2qd; drop"
	o.must(o.sim.ClickRaw(o.ctx, linusID, card.Channel, card.Message, "approve", slacksim.Raw{Value: &bad}))
	if n := o.service.noted("approve"); n != 2 {
		t.Errorf("%d approvals were tried, not 2", n)
	}
	o.reads(o.jit(graceID, "revoke "+string(g.ID)+" for fun"), "You revoked `g-7k2qd` of <@U0ADA>")
	if n := o.service.noted("revoked U0GRACE g-7k2qd fun"); n != 1 {
		t.Errorf("calls: %q", o.service.calls)
	}
}

// Buttons whose value, workspace or message was altered do nothing.
func TestForgedClicks(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.conf.PerPerson = 1000
	o.open()
	_, card := o.pending()
	for _, value := range []string{"", "g-00000", "g-7k2q", "G-7K2QD", "g-7k2qd\x00", "<!channel>", strings.Repeat("g-7k2qd", 1000)} {
		o.must(o.sim.ClickRaw(o.ctx, graceID, card.Channel, card.Message, "approve", slacksim.Raw{Value: &value}))
	}
	for _, action := range []string{"", "approve ", "aprove", "protect", strings.Repeat("approve", 100)} {
		o.must(o.sim.ClickRaw(o.ctx, graceID, card.Channel, card.Message, "approve", slacksim.Raw{Edit: func(p map[string]any) {
			p["actions"].([]any)[0].(map[string]any)["action_id"] = action
		}}))
	}
	o.must(
		o.sim.ClickRaw(o.ctx, graceID, card.Channel, card.Message, "approve",
			slacksim.Raw{Edit: func(p map[string]any) { delete(p, "actions") }}),
	)
	o.must(
		o.sim.ClickRaw(o.ctx, graceID, card.Channel, card.Message, "approve",
			slacksim.Raw{Edit: func(p map[string]any) { p["actions"] = []any{} }}),
	)
	other := "g-2222a"
	o.must(o.sim.ClickRaw(o.ctx, graceID, card.Channel, card.Message, "approve", slacksim.Raw{Value: &other}))
	o.reads(o.ephemeral(graceID, func(string) bool { return true }), "There is no grant")
	if calls := o.service.noted("approve"); calls != 1 {
		t.Errorf("calls: %q", o.service.calls)
	}
	for id, g := range maps.All(o.service.grants) {
		if g.State != jit.Pending {
			t.Errorf("%s is %s", id, g.State)
		}
	}
}
