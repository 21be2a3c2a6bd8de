package bot_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"jitbot/bot/slacksim"
	"jitbot/jit"
)

// A passing fault has a button that tries the same again; one that lasts has none, and
// says who mends it.
func TestFaultsOfReadsMayBeTriedAgain(t *testing.T) {
	o := setUp(t, slacksim.Options{NoRateLimits: true})
	o.service.vms = machines(1)
	o.open()
	o.service.failWith(fmt.Errorf("reading: %w", jit.ErrBusy))
	for _, line := range []string{"list", "vms", "scan", "explain web-1"} {
		o.sim.Reload(graceID)
		o.must(o.sim.Slash(o.ctx, graceID, approvals, "/jit", line))
		m := o.shown(graceID, "is busy, which passes")
		o.must(o.sim.Click(o.ctx, graceID, m.Channel, m.TS, "Try again"))
		o.until("both are answered", func(s *slacksim.Snapshot) bool { return len(s.Ephemerals(graceID)) == 2 })
		if n := o.service.noted(strings.Fields(line)[0]); n != 2 {
			t.Errorf("%s was read %d times: %q", line, n, o.service.calls)
		}
	}
	o.sim.Reload(graceID)
	o.service.failWith(fmt.Errorf("reading: %w", jit.ErrForbidden))
	o.must(o.sim.Slash(o.ctx, graceID, approvals, "/jit", "list"))
	if m := o.shown(graceID, "Tell an admin"); strings.Contains(string(m.Blocks), "Try again") {
		t.Errorf("what lasts may be tried again: %s", m.Blocks)
	}
}

// The reason of a denial is kept when it meets a fault.
func TestTheReasonOfADenialIsKept(t *testing.T) {
	o := setUp(t, slacksim.Options{NoRateLimits: true})
	_, card := o.pending()
	o.open()
	o.service.failWith(errors.New("reset"))
	o.must(o.sim.Click(o.ctx, graceID, card.Channel, card.Message, "deny"))
	v := o.form(graceID)
	o.must(o.sim.Submit(o.ctx, graceID, v.ID, slacksim.Values{"reason": "not during the sale"}))
	o.direct(graceID, 1)
	m := o.sim.DMs(graceID)[0]
	o.must(o.sim.Click(o.ctx, graceID, m.Channel, m.TS, "Try again"))
	v = o.form(graceID)
	if got := initial(v, "reason"); got != "not during the sale" {
		t.Errorf("the form begins with %q", got)
	}
}
