package bot_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"jitbot/bot"
	"jitbot/bot/slacksim"
	"jitbot/jit"
	"jitbot/jit/access"
	"jitbot/jit/admission"
	"jitbot/jit/outbox"
	"jitbot/store/bolt"
)

func TestCommandsAreAnswered(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.open()
	o.reads(o.jit(adaID, "list"), "You have no live grants")
	for text, want := range map[string]string{
		"help":                        "/jit request",
		"lst":                         "did you mean /jit list?",
		"extend g-7k2qd 1h":           "cannot extend access yet",
		"done g-2222a":                "There is no grant `g-2222a`.",
		"request forbidden ssh for x": "You lack `Microsoft.Compute/virtualMachines/read` at `forbidden`.",
		"request web-1 ssh 1h from 203.0.113.7 for the <@U0GRACE> fix": "waits for approval: port 22 (SSH) of `web-1` in `rg` from `203.0.113.7` (one address) for 1h",
	} {
		o.reads(o.jit(adaID, text), want)
	}
	if n := o.service.noted("ask"); n != 2 {
		t.Errorf("%d requests were made, not 2", n)
	}
	o.finished()
	o.service.fail = errors.New("the disk is full")
	o.reads(o.jit(adaID, "list"), "Something broke on my side.")
	o.reads(o.jit(adaID, "request web-1 for x"), "Something broke on my side.")
	if !strings.Contains(o.logs.String(), "the disk is full") {
		t.Error("the fault was not logged")
	}
}

func TestGuestsAndOtherWorkspacesGetNothing(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.open()
	general := slacksim.DemoGeneralID
	for _, text := range []string{"list all", "request web-1 for x", "revoke g-7k2qd"} {
		o.must(o.sim.Slash(o.ctx, gusID, general, "/jit", text))
		o.reads(o.ephemeral(gusID, func(s string) bool { return s != "Checking…" }), "Guests cannot use jitbot")
	}
	r := o.must(o.sim.SlashRaw(o.ctx, adaID, approvals, "/jit", "request web-1 for x", slacksim.Raw{TeamID: "T0OTHER"}))
	o.reads(r.Text, "another workspace")
	_, card := o.pending()
	o.must(o.sim.ClickRaw(o.ctx, graceID, card.Channel, card.Message, "approve", slacksim.Raw{TeamID: "T0OTHER"}))
	o.reads(o.ephemeral(graceID, func(string) bool { return true }), "another workspace")
	if calls := o.service.noted(""); calls != 0 {
		t.Errorf("the service was asked: %q", o.service.calls)
	}
}

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

func TestOneDeliveryHasOneEffect(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.open()
	_, card := o.pending()
	r := o.must(o.sim.Click(o.ctx, graceID, card.Channel, card.Message, "approve"))
	o.must(o.sim.Repeat(o.ctx, r.EnvelopeID))
	r = o.must(o.sim.Slash(o.ctx, adaID, approvals, "/jit", "request web-1 for x"))
	again := o.must(o.sim.Repeat(o.ctx, r.EnvelopeID))
	if again.Payload != nil {
		t.Errorf("the repeat was answered with %s", again.Payload)
	}
	o.ephemeral(adaID, func(s string) bool { return s != "Checking…" })
	o.ephemeral(graceID, func(string) bool { return true })
	if a, q := o.service.noted("approve"), o.service.noted("ask"); a != 1 || q != 1 {
		t.Errorf("%d approvals and %d requests, not one of each", a, q)
	}
	// Two clicks at one instant are two deliveries: the service sees both.
	g, card := o.pending()
	o.must(o.sim.ClickRaw(o.ctx, graceID, card.Channel, card.Message, "approve", slacksim.Raw{Double: true}))
	o.reads(o.ephemeral(graceID, func(s string) bool { return strings.Contains(s, "already") }), string(g.ID))
}

func TestDenyAsksWhy(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.open()
	_, card := o.pending()
	form := func() slacksim.View {
		o.must(o.sim.Click(o.ctx, graceID, card.Channel, card.Message, "Deny"))
		o.until("the form is open", func(s *slacksim.Snapshot) bool { return len(s.Views(graceID)) == 1 })
		return o.sim.Views(graceID)[0]
	}
	v := form()
	r := o.must(o.sim.Submit(o.ctx, graceID, v.ID, slacksim.Values{"reason": " \u200b "}))
	o.reads(r.Errors["reason"], "Say why; the requester reads it.")
	r = o.must(o.sim.SubmitRaw(o.ctx, graceID, v.ID, slacksim.Values{"reason": "x"}, slacksim.Raw{Edit: func(p map[string]any) {
		p["view"].(map[string]any)["private_metadata"] = "g-7k2qd<!channel>"
	}}))
	o.reads(r.Errors["reason"], "names no grant")
	r = o.must(o.sim.SubmitRaw(o.ctx, graceID, v.ID, slacksim.Values{"reason": "x"}, slacksim.Raw{TeamID: "T0OTHER"}))
	o.reads(r.Errors["reason"], "another workspace")
	if n := o.service.noted("deny"); n != 0 {
		t.Fatalf("%d denials before a reason", n)
	}
	o.inbox.fail = errors.New("the disk is full")
	r = o.must(o.sim.Submit(o.ctx, graceID, v.ID, slacksim.Values{"reason": "not today"}))
	o.reads(r.Errors["reason"], "Something broke on my side.")
	o.inbox.fail = nil
	r = o.must(o.sim.Submit(o.ctx, graceID, v.ID, slacksim.Values{"reason": "not today"}))
	if len(r.Errors) > 0 || r.View != nil {
		t.Fatalf("the form stayed: %v", r.Errors)
	}
	direct := func(want string) {
		o.until("a direct message says "+want, func(s *slacksim.Snapshot) bool {
			for _, m := range s.DMs(graceID) {
				if strings.Contains(m.Text, want) {
					return true
				}
			}
			return false
		})
	}
	direct("You denied `g-7k2qd`; <@U0ADA> is told.")
	if n := o.service.noted("deny U0GRACE g-7k2qd not today"); n != 1 {
		t.Errorf("calls: %q", o.service.calls)
	}
	o.must(o.sim.Submit(o.ctx, graceID, form().ID, slacksim.Values{"reason": "once more"}))
	direct("was already denied by <@U0GRACE>")

	o.sim.FailNext("views.open", 1, slacksim.Fault{Error: "expired_trigger_id"})
	o.must(o.sim.Click(o.ctx, graceID, card.Channel, card.Message, "Deny"))
	o.reads(o.ephemeral(graceID, func(string) bool { return true }), "Press Deny again.")
}

func TestWhatWasAcceptedSurvivesARestart(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	_, stop := o.open()
	o.service.hold = make(chan struct{})
	o.must(o.sim.Slash(o.ctx, adaID, approvals, "/jit", "request web-1 for x"))
	<-o.service.holding
	stop()
	if n := o.inbox.waiting(); n != 1 {
		t.Fatalf("%d deliveries wait, not 1", n)
	}
	o.service.mu.Lock()
	o.service.hold = nil
	o.service.mu.Unlock()
	o.open()
	o.reads(o.ephemeral(adaID, func(s string) bool { return s != "Checking…" }), "waits for approval")
	if n := len(o.service.grants); n != 1 {
		t.Errorf("%d grants, not 1", n)
	}
	o.finished()
}

// What waited for more than half an hour is not done any more, and whoever sent
// it is told.
func TestWhatIsTooOldIsNotCarriedOut(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	_, stop := o.open()
	g, _ := o.pending()
	o.service.hold = make(chan struct{})
	o.must(o.sim.Slash(o.ctx, adaID, approvals, "/jit", "request web-1 for <!channel>"))
	<-o.service.holding
	stop()
	o.service.hold = nil
	for _, d := range []string{
		`{"kind":"interactive","payload":{"type":"block_actions","user":{"id":"` + graceID + `"},"actions":[{"action_id":"approve","value":"g-7k2qd"}]}}`,
		`{"kind":"interactive","payload":{"type":"view_submission","user":{"id":"` + linusID + `"},"view":{"callback_id":"deny","private_metadata":"g-7k2qd"}}}`,
		`{"kind":"interactive","payload":[1]}`, `{"kind":"slash_commands","payload":[1]}`, `{"kind":"interactive","payload":{}}`, `[1]`,
	} {
		if _, err := o.inbox.Accept(o.ctx, d, []byte(d), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	o.conf.Now = func() time.Time { return time.Now().Add(31 * time.Minute) }
	o.open()
	o.finished()
	for user, want := range map[string]string{adaID: "You typed `/jit request web-1 for @channel` at", graceID: "pressed `approve` for `g-7k2qd`", linusID: "sent a form"} {
		m := o.sim.DMs(user)
		if len(m) != 1 || !strings.Contains(m[0].Text, want) || !strings.Contains(m[0].Text, "too old to be carried out") {
			t.Errorf("%s reads %+v", user, m)
		}
	}
	o.service.mu.Lock()
	defer o.service.mu.Unlock()
	if len(o.service.grants) != 1 || o.service.grants[g.ID].State != jit.Pending {
		t.Errorf("the grants are %+v", o.service.grants)
	}
}

func TestAnswersThroughTrouble(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.open()
	for _, f := range []slacksim.Fault{{Status: 503}, {RetryAfter: time.Second}, {Drop: true}} {
		o.sim.FailNext("respond", 1, f)
		o.reads(o.jit(adaID, "list"), "You have no live grants")
	}
	o.sim.FailNext("respond", 1, slacksim.Fault{Status: 404})
	o.must(o.sim.Slash(o.ctx, adaID, approvals, "/jit", "request web-1 for x"))
	o.until("the answer is a direct message", func(s *slacksim.Snapshot) bool { return len(s.DMs(adaID)) == 1 })
	o.reads(o.sim.DMs(adaID)[0].Text, "waits for approval")
}

func TestAFullDiskIsSaid(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.open()
	_, card := o.pending()
	o.inbox.fail = errors.New("the disk is full")
	o.reads(o.jit(adaID, "request web-1 for x"), "Something broke on my side.")
	o.must(o.sim.Click(o.ctx, graceID, card.Channel, card.Message, "approve"))
	o.reads(o.ephemeral(graceID, func(string) bool { return true }), "Something broke on my side.")
	if n := o.service.noted(""); n != 0 {
		t.Errorf("calls: %q", o.service.calls)
	}
}

func TestNobodyMayAskTooMuch(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.conf.PerPerson = 3
	o.open()
	_, card := o.pending()
	for range 3 {
		o.reads(o.jit(graceID, "help"), "/jit request")
	}
	o.reads(o.jit(graceID, "help"), "more than anybody may do in a minute")
	o.must(o.sim.Click(o.ctx, graceID, card.Channel, card.Message, "approve"))
	o.reads(o.ephemeral(graceID, func(string) bool { return true }), "more than anybody may do")
	o.reads(o.jit(adaID, "help"), "/jit request")
	if n := o.service.noted("approve"); n != 0 {
		t.Error("the click was carried out")
	}
}

func TestSocketsComeBack(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	b, stop := o.open()
	if ok, since, _ := b.Connected(); !ok || since.IsZero() {
		t.Error("the bot does not know that it is connected")
	}
	o.sim.DropSockets()
	o.eventually("the sockets are back", func() bool {
		return o.sim.CountCalls("apps.connections.open") == 4 && o.sim.Snapshot().Sockets == 2
	})
	o.reads(o.jit(adaID, "list"), "You have no live grants")
	stop()
	if ok, _, _ := b.Connected(); ok {
		t.Error("the bot thinks that it is connected after its end")
	}
}

func TestUnknownEnvelopesAreAcked(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.open()
	for _, frame := range []string{
		`{"type":"hologram","envelope_id":"e-1","payload":{}}`,
		`{"type":"events_api","envelope_id":"e-2","payload":{"type":"event_callback","event":{"type":"never_heard_of"}}}`,
		`{"type":"slash_commands","envelope_id":"e-3","payload":[1]}`,
		`{"type":"interactive","envelope_id":"e-4","payload":{"type":"message_action","team":{"id":"T0CONTOSO"}}}`,
		`{"type":"interactive","envelope_id":"e-5","payload":"text"}`,
	} {
		o.must(o.sim.Deliver(o.ctx, []byte(frame)))
	}
	for _, frame := range []string{`{"type":"hologram"}`, `[]`, `{`} {
		if _, err := o.sim.Deliver(o.ctx, []byte(frame)); err != nil {
			t.Fatal(err)
		}
	}
	o.reads(o.jit(adaID, "list"), "You have no live grants")
}

func TestATokenOfNoUseEndsTheBot(t *testing.T) {
	for name, break_ := range map[string]func(*slacksim.Sim){
		"SLACK_BOT_TOKEN":   func(s *slacksim.Sim) { s.SetBotToken("token_revoked") },
		"SLACK_APP_TOKEN":   func(s *slacksim.Sim) { s.SetAppToken("token_revoked") },
		"connections:write": func(s *slacksim.Sim) { s.SetAppScopes() },
	} {
		o := setUp(t, slacksim.Options{})
		break_(o.sim)
		b, err := bot.New(o.conf)
		if err != nil {
			t.Fatal(err)
		}
		if err = b.Run(o.ctx); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: the bot ended with %v", name, err)
		}
	}
}

func TestReconnectingKeepsAPace(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.sim.HelloThenDisconnect(true)
	b, err := bot.New(o.conf)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(o.ctx)
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	began := time.Now()
	o.eventually("a fifth socket is asked for", func() bool { return o.sim.CountCalls("apps.connections.open") >= 5 })
	if took := time.Since(began); took < time.Second {
		t.Errorf("five sockets were asked for in %s", took)
	}
	o.sim.HelloThenDisconnect(false)
	o.until("the sockets are up", func(s *slacksim.Snapshot) bool { return s.Sockets == 2 })
}

func TestABotNeedsItsParts(t *testing.T) {
	if _, err := bot.New(bot.Config{}); err == nil {
		t.Error("a bot of nothing was made")
	}
	// What the parts are made of elsewhere fits.
	var (
		_ outbox.Notifier  = (*bot.Notifier)(nil)
		_ admission.People = (*bot.People)(nil)
		_ bot.Service      = (*access.Service)(nil)
		_ bot.Inbox        = (*bolt.Store)(nil)
	)
}
