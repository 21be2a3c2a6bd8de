package bot_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"jitbot/bot"
	"jitbot/bot/slacksim"
	"jitbot/jit"
	"jitbot/jit/outbox"
)

// More time is asked for by the button and by the command, and decided by the buttons of
// that extension and no other.
func TestExtendIsAnswered(t *testing.T) {
	o := setUp(t, slacksim.Options{NoRateLimits: true})
	o.open()
	g, _ := o.pending()
	g.State, g.Clock.Opened, g.Clock.Deadline = jit.Open, time.Now(), time.Now().Add(time.Hour)
	g.Clock.Until, g.ExtendTerms = g.Clock.Deadline.Add(time.Minute), jit.ExtendTerms{Times: 2, Total: 6 * time.Hour}
	o.service.put(g)
	shown := func() jit.Card {
		card, err := o.tell(bot.NewNotifier(o.conf.API), outbox.KindCard, o.grant(g.ID), jit.Event{Kind: jit.EventExtending})
		if err != nil {
			t.Fatal(err)
		}
		return card
	}
	always := func(string) bool { return true }

	card := shown()
	o.must(o.sim.Click(o.ctx, adaID, card.Channel, card.Message, "Extend by 1 h"))
	o.reads(o.ephemeral(adaID, always), "You asked for 1 h more of SSH to `web-1` in `rg` (`g-7k2qd`). 1 approval needed")
	if n := o.service.noted("extend U0ADA g-7k2qd 1h0m0s"); n != 1 {
		t.Errorf("calls: %q", o.service.calls)
	}
	first := shown()
	o.must(o.sim.Click(o.ctx, graceID, first.Channel, first.Message, "Deny more time"))
	o.reads(o.ephemeral(graceID, always), "You denied more time of SSH to `web-1`")
	o.reads(o.jit(adaID, "extend g-7k2qd by 90 min"), "You asked for 1 h 30 min more")
	o.must(o.sim.Click(o.ctx, linusID, first.Channel, first.Message, "Approve 1 h more"))
	o.reads(o.ephemeral(linusID, always), "That extension of `g-7k2qd` was decided already, or is over")
	second := shown()
	o.must(o.sim.Click(o.ctx, graceID, second.Channel, second.Message, "Approve 1 h 30 min more"))
	o.reads(o.ephemeral(graceID, func(s string) bool { return strings.HasPrefix(s, "You approved") }), "its rules are being rewritten")
	if now := o.grant(g.ID); !now.Extension.Underway() || now.Extension.By != 90*time.Minute {
		t.Errorf("it is %+v", now.Extension)
	}
}

func (s *fakeService) Extend(ctx context.Context, by jit.UserID, id jit.ID, d time.Duration) (jit.Grant, error) {
	if err := s.effect(ctx, by, "extend %s %s %s", by, id, d); err != nil {
		return jit.Grant{}, err
	}
	return s.change(id, func(g jit.Grant) (jit.Grant, jit.Event, error) {
		return g.Extend(d, jit.ExtendTerms{Times: 2, Total: 6 * time.Hour}, 1, nil, time.Now())
	})
}

func (s *fakeService) ApproveExtension(ctx context.Context, by jit.UserID, id jit.ID, number int) (jit.Grant, error) {
	if err := s.effect(ctx, by, "approve extension %s %s %d", by, id, number); err != nil {
		return jit.Grant{}, err
	}
	return s.change(id, func(g jit.Grant) (jit.Grant, jit.Event, error) {
		return g.ApproveExtension(number, jit.Person{ID: by}, 1, nil, time.Now())
	})
}

func (s *fakeService) DenyExtension(ctx context.Context, by jit.UserID, id jit.ID, number int, reason string) (jit.Grant, error) {
	if err := s.effect(ctx, by, "deny extension %s %s %d %s", by, id, number, reason); err != nil {
		return jit.Grant{}, err
	}
	return s.change(id, func(g jit.Grant) (jit.Grant, jit.Event, error) {
		return g.DenyExtension(number, jit.Person{ID: by}, reason, time.Now())
	})
}

// A typed yes or no decides the extension that waits, and a no may have a reason.
func TestTypedDecisionOfAnExtension(t *testing.T) {
	for line, want := range map[string]struct {
		says, noted string
		underway    bool
	}{
		"approve g-7k2qd":            {"You approved more time", "approve extension U0GRACE g-7k2qd 1", true},
		"deny g-7k2qd not on Friday": {"You denied more time", "deny extension U0GRACE g-7k2qd 1 not on Friday", false},
	} {
		t.Run(line, func(t *testing.T) {
			o := setUp(t, slacksim.Options{NoRateLimits: true})
			o.open()
			g, _ := o.pending()
			g.State, g.Clock.Opened, g.Clock.Deadline = jit.Open, time.Now(), time.Now().Add(time.Hour)
			g, _, err := g.Extend(time.Hour, jit.ExtendTerms{Times: 2, Total: 6 * time.Hour}, 1, []string{graceID}, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			o.service.put(g)
			o.reads(o.jit(graceID, line), want.says)
			if now := o.grant(g.ID); now.Extension.Underway() != want.underway || now.State != jit.Open || o.service.noted(want.noted) != 1 {
				t.Errorf("it is %+v, calls %q", now.Extension, o.service.calls)
			}
		})
	}
}
