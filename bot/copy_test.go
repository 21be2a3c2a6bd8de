package bot_test

import (
	"context"
	"strings"
	"testing"

	"jitbot/bot"
	"jitbot/bot/slacksim"
	"jitbot/jit"
)

// A click on a copy of a card does what it says, and the copy says from then on
// where the card is. A click on the card leaves it.
func TestAClickOnACopyIsMended(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	_, copied := o.pending()
	g, card := o.pending()
	g.Card = card
	n := bot.NewNotifier(o.conf.API)
	clicks := make(chan jit.Card, 2)
	o.conf.Clicked = func(ctx context.Context, id jit.ID, at jit.Card) error {
		if id != g.ID {
			t.Errorf("a click for %s", id)
		}
		defer func() { clicks <- at }()
		return n.Mend(ctx, g, at)
	}
	o.open()
	o.must(o.sim.Click(o.ctx, graceID, copied.Channel, copied.Message, "approve"))
	o.reads(o.ephemeral(graceID, func(string) bool { return true }), "You approved SSH to `web-1`")
	o.until("the copy says so", func(s *slacksim.Snapshot) bool {
		m, _ := s.Message(copied.Channel, copied.Message)
		return len(m.Buttons()) == 0 && strings.Contains(m.Text, "the card is here")
	})
	<-clicks
	o.must(o.sim.Click(o.ctx, graceID, card.Channel, card.Message, "approve"))
	if at := <-clicks; at != card {
		t.Errorf("the click was at %v", at)
	}
	if m, _ := o.sim.Snapshot().Message(card.Channel, card.Message); len(m.Buttons()) != 4 {
		t.Errorf("the card is %s", m.Text)
	}
}
