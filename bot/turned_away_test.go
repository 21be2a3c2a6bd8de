package bot_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/bot/slacksim"
	"jitbot/jit"
)

const tooMuch = "more than anybody may do in a minute"

const asking = "request web-1 ssh 1h from 203.0.113.7 for x"

// exhaust has somebody do as much as anybody may in a minute.
func (o *setup) exhaust(user string) {
	o.t.Helper()
	o.eventually("it is too much", func() bool {
		return strings.Contains(o.must(o.sim.Slash(o.ctx, user, approvals, "/jit", "help")).Text, tooMuch)
	})
}

// restart ends a bot and begins another, which nothing reaches by sockets of the first.
func (o *setup) restart(stop func()) {
	o.t.Helper()
	stop()
	o.until("its sockets are gone", func(s *slacksim.Snapshot) bool { return s.Sockets == 0 })
	o.open()
}

// What was told to be too much is not done when Slack delivers it again, not after a
// restart either.
func TestWhatWasTooMuchIsNeverDone(t *testing.T) {
	for name, send := range map[string]func(o *setup, card jit.Card) slacksim.Reply{
		"a command": func(o *setup, _ jit.Card) slacksim.Reply {
			r := o.must(o.sim.Slash(o.ctx, graceID, approvals, "/jit", asking))
			o.reads(r.Text, tooMuch)
			return r
		},
		"a click": func(o *setup, card jit.Card) slacksim.Reply {
			r := o.must(o.sim.Click(o.ctx, graceID, card.Channel, card.Message, "approve"))
			o.ephemeral(graceID, func(s string) bool { return strings.Contains(s, tooMuch) })
			return r
		},
		"a form": func(o *setup, _ jit.Card) slacksim.Reply {
			r := o.must(o.sim.Submit(o.ctx, graceID, o.sim.Views(graceID)[0].ID, fields()))
			if !strings.Contains(string(r.Payload), tooMuch) {
				o.t.Errorf("answered with %s", r.Payload)
			}
			return r
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, slacksim.Options{NoRateLimits: true}, func(o *setup) {
				o.service.vms = machines(3)
				o.conf.PerPerson = 3
				_, stop := o.open()
				g, card := o.pending()
				o.types(graceID, "request web-1")
				o.form(graceID)
				o.exhaust(graceID)
				r := send(o, card)
				o.restart(stop)
				o.must(o.sim.Repeat(o.ctx, r.EnvelopeID))
				time.Sleep(time.Minute)
				o.finished()
				if n := o.service.noted("ask") + o.service.noted("approve"); n > 0 || o.grant(g.ID).State != jit.Pending {
					t.Errorf("it was done: %q", o.service.calls)
				}
			})
		})
	}
}

// What was told to be too much of what waits is not done either when it comes again
// after a restart.
func TestWhatHadNoPlaceIsNeverDone(t *testing.T) {
	inBubble(t, slacksim.Options{NoRateLimits: true}, func(o *setup) {
		o.conf.PerPerson = 1000
		o.conf.Service = slowFor{Service: o.service, who: adaID}
		_, stop := o.open()
		var refused slacksim.Reply
		for refused.Text == "" {
			refused = o.must(o.sim.Slash(o.ctx, adaID, approvals, "/jit", asking))
		}
		o.reads(refused.Text, "Too much of yours is waiting")
		o.conf.Service = o.service
		o.restart(stop)
		time.Sleep(time.Minute)
		o.finished()
		before := o.service.noted("ask")
		o.must(o.sim.Repeat(o.ctx, refused.EnvelopeID))
		time.Sleep(time.Minute)
		o.finished()
		if n := o.service.noted("ask"); n != before || before == 0 {
			t.Errorf("%d were asked for, then %d", before, n)
		}
	})
}

// While it cannot be stored that something is never done, it is not said that it is not.
func TestWhatIsTooMuchIsNotKnownWithoutADisk(t *testing.T) {
	inBubble(t, slacksim.Options{NoRateLimits: true}, func(o *setup) {
		o.conf.PerPerson = 3
		o.conf.Inbox = &disk{Inbox: o.inbox, accept: []fate{{after: 5 * time.Second}}}
		o.open()
		o.exhaust(graceID)
		r := o.must(o.sim.Slash(o.ctx, graceID, approvals, "/jit", asking))
		o.reads(r.Text, "I cannot tell yet")
		if r.Took > 2500*time.Millisecond {
			t.Errorf("acknowledged after %s", r.Took)
		}
		o.reads(o.ephemeral(graceID, func(s string) bool { return strings.Contains(s, tooMuch) }), "Nothing was changed")
		o.finished()
		if n := o.service.noted("ask"); n > 0 {
			t.Error("it was done")
		}
	})
}

// Whose repeat is too much is not told that nothing was changed by what was taken, nor
// is it counted.
func TestARepeatOfWhatWasTakenIsNotTooMuch(t *testing.T) {
	for name, restarted := range map[string]bool{"at once": false, "after a restart": true} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, slacksim.Options{NoRateLimits: true}, func(o *setup) {
				o.conf.PerPerson = 3
				_, stop := o.open()
				_, card := o.pending()
				all := []slacksim.Reply{
					o.must(o.sim.Slash(o.ctx, graceID, approvals, "/jit", asking)),
					o.must(o.sim.Click(o.ctx, graceID, card.Channel, card.Message, "approve")),
				}
				o.finished()
				if restarted {
					o.restart(stop)
				}
				o.exhaust(graceID)
				o.sim.Reload(graceID)
				for _, r := range all {
					if again := o.must(o.sim.Repeat(o.ctx, r.EnvelopeID)); again.Payload != nil {
						t.Errorf("answered with %s", again.Payload)
					}
				}
				time.Sleep(time.Minute)
				if slices.ContainsFunc(o.sim.Ephemerals(graceID), func(m slacksim.Message) bool { return strings.Contains(m.Text, tooMuch) }) {
					t.Errorf("told: %+v", o.sim.Ephemerals(graceID))
				}
			})
		})
	}
}
