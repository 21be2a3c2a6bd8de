package bot_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"jitbot/bot/slacksim"
	"jitbot/jit"
)

func TestClicksAreAnswered(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.open()
	g, card := o.pending()
	always := func(string) bool { return true }
	o.must(o.sim.Click(o.ctx, graceID, card.Channel, card.Message, "Approve 1 h"))
	o.reads(o.ephemeral(graceID, always), "You approved SSH to `web-1` in `rg` for <@U0ADA> (`g-7k2qd`); it is being opened.")
	// The loser reads who was first, and when.
	o.must(o.sim.Click(o.ctx, linusID, card.Channel, card.Message, "approve"))
	o.reads(o.ephemeral(linusID, always), "`g-7k2qd` was already approved by <@U0GRACE> at <!date^")
	// An id that is none of ours means nothing.
	bad := "g-7k2qd; drop"
	o.must(o.sim.ClickRaw(o.ctx, linusID, card.Channel, card.Message, "approve", slacksim.Raw{Value: &bad}))
	if n := o.service.noted("approve"); n != 2 {
		t.Errorf("%d approvals were tried, not 2", n)
	}
	o.reads(o.jit(graceID, "revoke "+string(g.ID)+" for fun"), "You revoked SSH to `web-1` in `rg` for <@U0ADA> (`g-7k2qd`)")
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

// However slowly the rights are read, and however many wait for them, everybody who
// clicked is told within three seconds, once, and not after the answer.
func TestSlowAnswersAreNoted(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.conf.PerPerson = 1000
	o.service.hold, o.service.holding = make(chan struct{}), make(chan struct{}, 100)
	o.open()
	_, card := o.pending()
	const clicks = 12 // more than are worked on at once
	began := time.Now()
	for range clicks {
		o.must(o.sim.Click(o.ctx, graceID, card.Channel, card.Message, "Approve 1 h"))
	}
	noted := func(s *slacksim.Snapshot) (n int) {
		for _, m := range s.Ephemerals(graceID) {
			if strings.Contains(m.Text, "You pressed `approve` for `g-7k2qd`, and I took note of it.") {
				n++
			}
		}
		return n
	}
	o.until("all are noted", func(s *slacksim.Snapshot) bool { return noted(s) == clicks })
	if took := time.Since(began); took < noteAtFirst || took > 10*time.Second {
		t.Errorf("they were noted after %s", took)
	}
	close(o.service.hold)
	o.until("all are answered", func(s *slacksim.Snapshot) bool { return len(s.Ephemerals(graceID)) == 2*clicks })
	o.sim.Reload(graceID)
	o.must(o.sim.Click(o.ctx, graceID, card.Channel, card.Message, "approve"))
	o.reads(o.ephemeral(graceID, func(string) bool { return true }), "was already approved")
}

const noteAtFirst = time.Second // what is quick is not noted

// Somebody who has a machine explained can ask Azure what is in effect there.
func TestAzureIsAskedFromAnExplanation(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.service.dry.VM = jit.VM{Name: "web-1", Group: "rg", Interfaces: []jit.Interface{{ID: "/nic"}}}
	o.open()
	o.must(o.sim.Slash(o.ctx, adaID, approvals, "/jit", "explain web-1"))
	var m slacksim.Message
	o.until("it is explained", func(s *slacksim.Snapshot) bool {
		said := s.Ephemerals(adaID)
		if len(said) > 0 {
			m = said[len(said)-1]
		}
		return strings.Contains(m.Text, "dry run")
	})
	o.must(o.sim.Click(o.ctx, adaID, m.Channel, m.TS, "Ask Azure"))
	o.reads(o.ephemeral(adaID, func(text string) bool { return strings.Contains(text, "own answer") }), "about `web-1` in `rg`: what is in effect of `web-nsg` is what jitbot read")
}
