package bot_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/bot"
	"jitbot/bot/slacksim"
	"jitbot/jit"
	"jitbot/jit/outbox"
)

// Whatever somebody types, no message of ours notifies anybody by it: not in answers, and
// not on the card and in the notices of what was asked for.
func TestNothingTypedNotifiesAnybody(t *testing.T) {
	for _, escapes := range []bool{true, false} {
		inBubble(t, slacksim.Options{
			NoRateLimits: true, Commands: []slacksim.Command{{Name: "/jit", ShouldEscape: escapes}},
		}, func(o *setup) {
			o.conf.PerPerson = 1000
			o.sim.AddGroup(slacksim.Group{ID: "S0SALES", Handle: "sales", Name: "Sales"})
			o.open()
			const nasty = "<!channel> @channel <!here|here> @here <!everyone> <@U0LINUS> @linus <!subteam^S0SALES> " +
				"<!subteam^S0SALES|@sales> @sales <http://evil.example|x> <#C0APPROVALS> `<!channel>` *<!here>*"
			for _, line := range []string{
				"request web-1 ssh 1h from 203.0.113.7 for ", "request ", "request web-1 ", "", "list ", "vms ", "scan ", "explain ", "history ",
				"deny g-7k2qd ", "revoke g-7k2qd ", "done ", "extend g-7k2qd ", "protect ", "unprotect ", "help ", "request web-1 from ",
			} {
				o.must(o.sim.Slash(o.ctx, adaID, approvals, "/jit", line+nasty))
				for word := range strings.FieldsSeq(nasty) {
					o.must(o.sim.Slash(o.ctx, adaID, approvals, "/jit", line+word))
				}
				o.must(o.sim.Say(o.ctx, adaID, o.sim.DM(adaID), line+nasty))
			}
			time.Sleep(time.Minute)
			n := bot.NewNotifier(o.conf.API)
			o.service.mu.Lock()
			grants := slices.Collect(maps.Values(o.service.grants))
			o.service.mu.Unlock()
			for _, g := range grants {
				for _, kind := range []outbox.Kind{outbox.KindCard, outbox.KindThread, outbox.KindDirect} {
					_, err := o.tell(n, kind, g, jit.Event{Kind: jit.EventDenied, Actor: g.Request.By, Text: g.Request.Reason, Subject: g.Request.By})
					if err != nil && kind == outbox.KindCard {
						o.t.Fatal(err)
					}
				}
			}
			o.checkPings(nasty)
		})
	}
}

// checkPings wants nobody to be notified of a message but the requester and the approvers,
// as the configuration names them: an answer to one person notifies nobody else.
func (o *setup) checkPings(typed string) {
	o.t.Helper()
	s, seen := o.sim.Snapshot(), 0
	all := slices.Concat(s.Ephemerals(adaID), o.sim.Messages(approvals), o.sim.DMs(adaID), o.sim.DMs(linusID))
	for _, m := range all {
		if m.User == adaID {
			continue
		}
		seen++
		for _, who := range m.Pings() {
			answer := m.To == adaID || m.Channel == o.sim.DM(adaID)
			if named := who == adaID || who == slacksim.DemoApproversID || answer && who == linusID; !named || strings.Contains(m.Text, typed) {
				o.t.Errorf("%s is notified by %s", who, m.Text)
			}
		}
	}
	if seen < 100 {
		o.t.Errorf("only %d messages were looked at", seen)
	}
}
