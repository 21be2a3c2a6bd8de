package bot_test

import (
	"strings"
	"testing"

	"jitbot/bot"
	"jitbot/bot/slacksim"
	"jitbot/jit"
	"jitbot/jit/outbox"
)

// "I am on it" is answered, is on the card, and is given back by a second press; who is
// asked by themselves decides there, and loses the buttons afterwards.
func TestClaimAndEscalationInSlack(t *testing.T) {
	o := setUp(t, slacksim.Options{NoRateLimits: true})
	o.open()
	g, card := o.pending()
	always := func(string) bool { return true }
	o.must(o.sim.Click(o.ctx, graceID, card.Channel, card.Message, "I am on it"))
	o.reads(o.ephemeral(graceID, always), "You are on SSH to `web-1`")
	n := bot.NewNotifier(o.conf.API)
	claimed := o.grant(g.ID)
	claimed.Card = card
	if _, err := o.tell(n, outbox.KindCard, claimed, jit.Event{Kind: jit.EventClaimed}); err != nil {
		t.Fatal(err)
	}
	o.until("the card says so", func(s *slacksim.Snapshot) bool {
		for _, m := range s.Messages(card.Channel) {
			if m.TS == card.Message && strings.Contains(m.Text, "is on it until") {
				return true
			}
		}
		return false
	})
	o.must(o.sim.Click(o.ctx, graceID, card.Channel, card.Message, "I am on it"))
	o.reads(o.ephemeral(graceID, func(s string) bool { return strings.HasPrefix(s, "You gave") }), "back; it still waits")

	e := jit.Event{Kind: jit.EventEscalated, Grant: g.ID, Seq: 7}
	sent, err := n.Notify(o.ctx, outbox.Message{Kind: outbox.KindPerson, Channel: linusID, Grants: []jit.Grant{g}, Events: []jit.Event{e}})
	if err != nil || !sent.Button {
		t.Fatalf("asked by themselves: %+v, %v", sent, err)
	}
	o.must(o.sim.Click(o.ctx, linusID, sent.At.Channel, sent.At.Message, "Approve 1 h"))
	o.reads(o.ephemeral(linusID, func(s string) bool { return strings.HasPrefix(s, "You approved") }), "it is being opened")
	past := outbox.Message{
		Kind: outbox.KindButtons, Channel: sent.At.Channel, Grants: []jit.Grant{o.grant(g.ID)}, Events: []jit.Event{e},
		Shown: outbox.Shown{Direct: []outbox.Direct{{At: jit.Card{Channel: "D0OTHER", Message: "1.0"}, Event: e}, {At: sent.At, Event: e}}},
	}
	if _, err := n.Notify(o.ctx, past); err != nil {
		t.Fatal(err)
	}
	for _, m := range o.sim.DMs(linusID) {
		if m.TS == sent.At.Message && (!strings.Contains(m.Text, "You were asked to decide") || strings.Contains(m.Text, "Approve")) {
			t.Errorf("afterwards it says %q", m.Text)
		}
	}
}
