package bot_test

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"jitbot/bot/slacksim"
	"jitbot/jit"
	"jitbot/jit/guardpath"
)

// Moving is answered with what holds until the rules were read back, and is carried out once.
func TestMoveIsAnswered(t *testing.T) {
	o := setUp(t, slacksim.Options{NoRateLimits: true})
	o.open()
	g, _ := o.pending()
	g.State, g.Clock.Opened, g.Clock.Deadline = jit.Open, time.Now(), time.Now().Add(time.Hour)
	g.Request.Sources = []netip.Prefix{netip.MustParsePrefix("203.0.113.7/32")}
	o.service.put(g)
	o.reads(o.jit(adaID, "move g-7k2qd 198.51.100.9"), "is being moved to `198.51.100.9`. Until its rules were read back `203.0.113.7` may still get in, and `198.51.100.9` not yet")
	if n := o.service.noted("move U0ADA g-7k2qd 198.51.100.9/32"); n != 1 {
		t.Errorf("calls: %q", o.service.calls)
	}
	o.reads(o.jit(adaID, "move g-7k2qd 198.51.100.10"), "is being moved already")
	o.reads(o.jit(adaID, "move g-7k2qd"), "Write after the grant the address")
	o.reads(o.jit(adaID, "move 198.51.100.9"), "names no grant")
	o.reads(o.jit(adaID, "move g-7k2qd 198.51.100.900"), "198.51.100.900")
	if n := o.service.noted("move"); n != 2 {
		t.Errorf("calls: %q", o.service.calls)
	}
}

func (s *fakeService) Move(ctx context.Context, by jit.UserID, id jit.ID, to netip.Prefix) (jit.Grant, error) {
	if err := s.effect(ctx, by, "move %s %s %s", by, id, to); err != nil {
		return jit.Grant{}, err
	}
	return s.change(id, func(g jit.Grant) (jit.Grant, jit.Event, error) {
		return g.MoveTo(guardpath.Origin{Sources: []netip.Prefix{to}}, time.Now().Add(time.Minute), time.Now())
	})
}
