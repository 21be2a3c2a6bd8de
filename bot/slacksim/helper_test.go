package slacksim_test

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"jitbot/bot/slacksim"
)

// rig is a workspace, a server and the real Slack client.
type rig struct {
	sim *slacksim.Sim
	srv *httptest.Server
	api *slack.Client
	ctx context.Context //nolint:containedctx // the test's, with a limit; a handler of a test has no other way to it
}

func newRig(t *testing.T, opt slacksim.Options) *rig {
	t.Helper()
	return rigOn(t, opt, httptest.NewServer)
}

func rigOn(t *testing.T, opt slacksim.Options, serve func(http.Handler) *httptest.Server) *rig {
	t.Helper()
	sim := slacksim.New(opt)
	slacksim.SeedDemo(sim)
	srv := serve(sim)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	sim.SetURL(srv.URL)
	// Handlers may still be at work when the test's own context ends.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 20*time.Second)
	t.Cleanup(func() {
		cancel()
		sim.Close()
		srv.Close()
	})
	o := sim.Options()
	api := slack.New(o.BotToken, slack.OptionAPIURL(srv.URL+"/api/"), slack.OptionAppLevelToken(o.AppToken),
		slack.OptionHTTPClient(srv.Client()))
	return &rig{sim: sim, srv: srv, api: api, ctx: ctx}
}

// bot is a socketmode client whose events go to handle; it stops with the test.
func (r *rig) bot(t *testing.T, handle func(c *socketmode.Client, e socketmode.Event)) *socketmode.Client {
	t.Helper()
	var opts []socketmode.Option
	if r.srv.TLS != nil {
		trust := r.srv.Client().Transport.(*http.Transport).TLSClientConfig
		opts = append(opts, socketmode.OptionDialer(&websocket.Dialer{TLSClientConfig: trust}))
	}
	c := socketmode.New(r.api, opts...)
	ctx, cancel := context.WithCancel(r.ctx)
	var wg sync.WaitGroup
	done := make(chan struct{})
	wg.Go(func() {
		for {
			select {
			case e := <-c.Events:
				handle(c, e)
			case <-done:
				return
			}
		}
	})
	wg.Go(func() {
		defer close(done)
		_ = c.RunContext(ctx)
	})
	t.Cleanup(func() {
		cancel()
		wg.Wait()
	})
	r.await(t, "a socket", func(n *slacksim.Snapshot) bool { return n.Sockets > 0 })
	return c
}

func (r *rig) await(t *testing.T, what string, cond func(*slacksim.Snapshot) bool) {
	t.Helper()
	if err := r.sim.Wait(r.ctx, cond); err != nil {
		t.Fatalf("waiting for %s: %v", what, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil || err.Error() != text {
		t.Fatalf("error is %v, want %s", err, text)
	}
}

func button(id, text, value string) *slack.ButtonBlockElement {
	return slack.NewButtonBlockElement(id, value, slack.NewTextBlockObject(slack.PlainTextType, text, false, false))
}

func section(text string) *slack.SectionBlock {
	return slack.NewSectionBlock(slack.NewTextBlockObject(slack.MarkdownType, text, false, false), nil, nil)
}

// ack is for handlers, which run outside of the test's goroutine.
func ack(t *testing.T, c *socketmode.Client, e socketmode.Event, payload ...any) {
	if err := c.Ack(*e.Request, payload...); err != nil {
		t.Errorf("ack: %v", err)
	}
}
