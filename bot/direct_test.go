package bot_test

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"jitbot/bot/slacksim"
	"jitbot/jit"
)

// said writes to the bot and returns what it answers.
func (o *setup) said(user, text string) slacksim.Message {
	o.t.Helper()
	before := len(o.fromBot(o.sim.Snapshot(), user))
	o.must(o.sim.Say(o.ctx, user, o.sim.DM(user), text))
	var m slacksim.Message
	o.until("the bot answers "+text, func(s *slacksim.Snapshot) bool {
		all := o.fromBot(s, user)
		if len(all) > before {
			m = all[len(all)-1]
		}
		return len(all) > before && answers(m.Text)
	})
	return m
}

func (o *setup) fromBot(s *slacksim.Snapshot, user string) (all []slacksim.Message) {
	for _, m := range s.DMs(user) {
		if m.User == o.sim.Options().BotUserID {
			all = append(all, m)
		}
	}
	return all
}

func TestADirectMessageIsACommand(t *testing.T) {
	o := setUp(t, slacksim.Options{NoRateLimits: true})
	o.service.vms = machines(3)
	o.open()
	for _, c := range [][2]string{
		{"list", "You have no live grants"},
		{"/jit list", "You have no live grants"},
		{"jit list", "You have no live grants"},
		{"<@U0JITBOT> list", "You have no live grants"},
		{"LIST", "You have no live grants"},
		{"help", "/jit request"},
		{"help scan", "Unhealthy"},
		{"lst", "did you mean /jit list?"},
		{"remove", "/jit help done tells how"},
		{"done g-2222a", "There is no grant `g-2222a`."},
		{"request web-1 5m3h for x", "`5m3h` is no duration"},
		{"request forbidden ssh from 203.0.113.7 for x", "You lack"},
		{"request web-1 ssh 1h from 203.0.113.7 for R&D", "waits for approval"},
		{"web-1 ssh 1h from 203.0.113.7 for the fix", "waits for approval"},
		{"/jit web-1 ssh 2 hours from 203.0.113.7 for the fix", "for 2 h"},
		{"good morning", "`/jit help` lists what else there is"},
		{"could you let me in", "did you mean /jit request?"},
		{"web-99 ssh", "`/jit help` lists what else there is"},
	} {
		o.reads(o.said(adaID, c[0]).Text, c[1])
	}
	o.finished()
	if n := o.service.noted("ask"); n != 4 {
		t.Errorf("%d requests were made, not 4", n)
	}
}

// A direct message brings nothing that opens a form, so there is a button that opens
// it with what was typed.
func TestAnIncompleteDirectMessageGetsTheFormsButton(t *testing.T) {
	o := setUp(t, slacksim.Options{NoRateLimits: true})
	o.service.offer, o.service.vms = wide(), machines(3)
	o.open()
	for _, line := range []string{"request web-1 8005 45m from 203.0.113.9", "web-1 8005 45 minutes from 203.0.113.9"} {
		m := o.said(adaID, line)
		o.must(o.sim.Click(o.ctx, adaID, m.Channel, m.TS, "Request access"))
		v := o.form(adaID)
		for action, want := range map[string]string{
			"vm": "rg/web-1", "ports": "8005/*", "source": "203.0.113.9", "duration": "45m", "reason": "",
		} {
			if got := initial(v, action); got != want {
				t.Errorf("%s: %s begins with %q, not %q", line, action, got, want)
			}
		}
		o.sim.Reload(adaID)
	}
	for _, line := range []string{"/jit", "request", "good morning"} {
		m := o.said(adaID, line)
		o.must(o.sim.Click(o.ctx, adaID, m.Channel, m.TS, "Request access"))
		o.form(adaID)
		o.sim.Reload(adaID)
	}
	m := o.said(graceID, "protect web-1 22,1433")
	o.must(o.sim.Click(o.ctx, graceID, m.Channel, m.TS, "Protect"))
	o.reads(o.form(graceID).AllText(), "web-1 in rg")
	if n := o.service.noted("ask"); n != 0 {
		t.Errorf("%d requests were made", n)
	}
}

// What is no new message of a person is not answered: edits, deletions, what bots and
// Slack itself say, and least of all what the bot says.
func TestOnlyPeoplesOwnMessagesAreAnswered(t *testing.T) {
	o := setUp(t, slacksim.Options{NoRateLimits: true})
	o.open()
	dm := o.sim.DM(adaID)
	said := o.must(o.sim.Say(o.ctx, adaID, dm, "help")).Message
	o.direct(adaID, 2)
	o.must(o.sim.Edit(o.ctx, adaID, dm, said.TS, "list"))
	for _, event := range []map[string]any{
		{"user": adaID, "text": "list", "bot_id": "B0OTHER"},
		{"user": o.sim.Options().BotUserID, "text": "list"},
		{"user": "USLACKBOT", "text": "list"},
		{"user": adaID, "text": "list", "subtype": "message_deleted"},
		{"user": adaID, "text": "list", "subtype": "bot_message"},
		{"user": adaID, "text": "list", "subtype": "channel_join"},
		{"user": adaID, "text": "list", "channel_type": "channel"},
		{"user": adaID, "text": "list", "channel_type": "mpim"},
		{"text": "list"},
	} {
		all := map[string]any{"type": "message", "channel": dm, "channel_type": "im", "ts": "1700000000.000100"}
		maps.Copy(all, event)
		o.must(o.sim.Event(o.ctx, all))
	}
	o.reads(o.said(adaID, "list").Text, "You have no live grants")
	if n := len(o.fromBot(o.sim.Snapshot(), adaID)); n != 2 {
		t.Errorf("%d answers, not 2: %+v", n, o.sim.DMs(adaID))
	}
	if n := o.service.noted("list"); n != 1 {
		t.Errorf("%d lists were made, not 1", n)
	}
}

func TestGuestsAndStrangersGetNothingByDirectMessage(t *testing.T) {
	o := setUp(t, slacksim.Options{NoRateLimits: true})
	o.sim.AddUser(slacksim.User{ID: "U0EVE", TeamID: "T0EVIL", Stranger: true})
	o.service.vms = machines(3)
	o.open()
	for _, line := range []string{
		"help", "list all", "request web-1 ssh from 203.0.113.7 for x", "web-1", "revoke g-7k2qd", "hello", "request web-1", "frob",
		"request web-1 5m3h",
	} {
		for _, user := range []string{gusID, "U0EVE"} {
			m := o.said(user, line)
			if m.Text != "Guests cannot use jitbot; ask a full member of this workspace." || strings.Contains(string(m.Blocks), "button") {
				t.Errorf("%s reads %q for %q", user, m.Text, line)
			}
		}
	}
	o.finished()
	if calls := o.service.noted(""); calls != 0 {
		t.Errorf("the service was asked: %q", o.service.calls)
	}
}

// A command in a direct message is stored before Slack is told that it came, and a
// repeat of it is the same command.
func TestADirectMessageIsNeitherLostNorDoubled(t *testing.T) {
	o := setUp(t, slacksim.Options{NoRateLimits: true, RetryDelays: []time.Duration{}})
	_, stop := o.open()
	o.inbox.failWith(errors.New("the disk is full"))
	o.reads(o.said(adaID, "request web-1 ssh 1h from 203.0.113.7 for x").Text, "Something broke on my side")
	o.inbox.failWith(nil)
	o.reads(o.said(adaID, "request web-1 ssh 1h from 203.0.113.7 for the fix").Text, "waits for approval")
	o.finished()
	envelopes := o.sim.Envelopes()
	var asked string
	for _, e := range envelopes {
		if strings.Contains(string(e.Payload), "the fix") && strings.Contains(string(e.Payload), "client_msg_id") {
			asked = e.ID
		}
	}
	o.must(o.sim.Repeat(o.ctx, asked))
	stop()
	o.until("no socket is left", func(s *slacksim.Snapshot) bool { return s.Sockets == 0 })
	o.open()
	o.must(o.sim.Repeat(o.ctx, asked)) // an event of which the first run's memory is gone
	o.reads(o.said(adaID, "list").Text, "waits for approval")
	o.finished()
	if n := o.service.noted("ask"); n != 1 {
		t.Errorf("%d requests were made, not 1", n)
	}
}

// from me is the source that was used last.
func TestFromMeIsTheSourceUsedLast(t *testing.T) {
	o := setUp(t, slacksim.Options{NoRateLimits: true})
	o.service.offer, o.service.vms = wide(), machines(3)
	o.open()
	o.reads(o.jit(adaID, "request web-1 ssh 1h from me for x"), "You have not asked from one address before")
	o.service.last = jit.Request{Sources: from("203.0.113.9/32"), Targets: []jit.Target{{VM: "/vm/web-1"}}}
	o.reads(o.jit(adaID, "request web-1 ssh 1h from me for x"), "From `203.0.113.9`")
	o.finished()
	if g := o.onlyGrant(); len(g.Request.Sources) != 1 || g.Request.Sources[0] != from("203.0.113.9/32")[0] {
		t.Errorf("asked from %v", g.Request.Sources)
	}
	o.types(adaID, "request web-1 ssh from me")
	v := o.form(adaID)
	if got := initial(v, "source"); got != "203.0.113.9" {
		t.Errorf("the form begins with %q", got)
	}
	if !strings.Contains(string(v.Blocks), `"focus_on_load":true`) {
		t.Error("the reason has not the focus")
	}
}

// A first word that is a VM's name is a request; a first word that is nothing gets one
// line.
func TestTheFirstWordMayBeAVM(t *testing.T) {
	o := setUp(t, slacksim.Options{NoRateLimits: true})
	o.service.vms = machines(3)
	o.open()
	o.reads(o.jit(adaID, "WEB-1 ssh 1h from 203.0.113.7 for x"), "waits for approval")
	o.reads(o.jit(adaID, "web-1 ssh 5m3h for x"), "`5m3h` is no duration")
	o.types(adaID, "web-2")
	if got := initial(o.form(adaID), "vm"); got != "rg/web-2" {
		t.Errorf("the form begins with %q", got)
	}
	for text, want := range map[string]string{
		"web-9 ssh for x": "There is no command `web-9`, and no VM of that name that you may see; /jit help lists the commands.",
		"req web-1":       "There is no command `req`; did you mean /jit request?",
		"ls":              "There is no command `ls`; did you mean /jit list?",
	} {
		if got := o.jit(adaID, text); got != want {
			t.Errorf("%q: %q, not %q", text, got, want)
		}
	}
	o.finished()
	if n := o.service.noted("ask"); n != 1 {
		t.Errorf("%d requests were made, not 1", n)
	}
	o.service.failWith(errors.New("Azure is away"))
	o.reads(o.jit(adaID, "web-1 ssh for x"), "cannot be seen just now")
}
