package bot_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"jitbot/bot"
	"jitbot/bot/slacksim"
)

func TestSocketsComeBack(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	b, stop := o.open()
	o.eventually("the bot knows that it is connected", func() bool {
		ok, since, _ := b.Connected()
		return ok && !since.IsZero()
	})
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
		`{"type":7,"envelope_id":"e-6","payload":{}}`,
		`{"type":null,"envelope_id":"e-7","payload":{}}`,
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

// A token ends the bot on Slack's own word, said several times.
func TestATokenOfNoUseEndsTheBot(t *testing.T) {
	for name, revoke := range map[string]func(*slacksim.Sim){
		"SLACK_BOT_TOKEN":   func(s *slacksim.Sim) { s.SetBotToken("token_revoked") },
		"SLACK_APP_TOKEN":   func(s *slacksim.Sim) { s.SetAppToken("token_revoked") },
		"connections:write": func(s *slacksim.Sim) { s.SetAppScopes() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := setUp(t, slacksim.Options{})
			revoke(o.sim)
			b, err := bot.New(o.conf)
			if err != nil {
				t.Fatal(err)
			}
			if err = b.Run(o.ctx); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("the bot ended with %v", err)
			}
			if calls := o.sim.CountCalls("auth.test") + o.sim.CountCalls("apps.connections.open"); calls < 5 {
				t.Errorf("the bot gave up after %d calls", calls)
			}
		})
	}
}

// Whatever Slack, or a proxy before it, answers to a reconnect: the bot comes back
// once it is let in, and while something is live it does not even end on a refusal.
func TestTheBotIsNeverDeaf(t *testing.T) {
	for name, fail := range map[string]func(*slacksim.Sim){
		"not found": func(s *slacksim.Sim) {
			s.FailNext("apps.connections.open", 3, slacksim.Fault{Status: http.StatusNotFound})
		},
		"no JSON":      func(s *slacksim.Sim) { s.FailNext("apps.connections.open", 3, slacksim.Fault{BadJSON: true}) },
		"invalid auth": func(s *slacksim.Sim) { s.FailNext("apps.connections.open", 6, slacksim.Fault{Error: "invalid_auth"}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := setUp(t, slacksim.Options{})
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			o.ctx, o.conf.Live = ctx, func(context.Context) bool { return true }
			o.open()
			fail(o.sim)
			o.sim.DropSockets()
			o.until("the sockets are gone", func(s *slacksim.Snapshot) bool { return s.Sockets == 0 })
			o.until("a socket is back", func(s *slacksim.Snapshot) bool { return s.Sockets > 0 })
			o.reads(o.jit(adaID, "list"), "You have no live grants")
		})
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

// A store that does not answer whether something is live holds up no command, while
// Slack refuses the app token on the other socket.
func TestARefusedTokenHoldsUpNoCommand(t *testing.T) {
	inBubble(t, slacksim.Options{NoRateLimits: true}, func(o *setup) {
		asked := make(chan struct{}, 100)
		o.conf.Live = func(ctx context.Context) bool {
			asked <- struct{}{}
			<-ctx.Done()
			return true
		}
		o.open()
		o.sim.FailNext("apps.connections.open", 1<<30, slacksim.Fault{Error: "missing_scope"})
		o.must(o.sim.Slash(o.ctx, adaID, approvals, "/jit", "help"))
		all := o.sim.Envelopes()
		o.sim.DropSocket(all[len(all)-1].Socket)
		<-asked
		for range 20 {
			if r := o.must(o.sim.Slash(o.ctx, adaID, approvals, "/jit", "help")); r.Took > 100*time.Millisecond {
				t.Errorf("acknowledged after %s", r.Took)
			}
			time.Sleep(10 * time.Second)
		}
		o.sim.ClearFaults()
	})
}
