package slacksim_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"jitbot/bot/slacksim"
)

// dial opens a bare socket, for what an SDK hides.
func (r *rig) dial(t *testing.T) *websocket.Conn {
	t.Helper()
	_, url, err := r.api.StartSocketModeContext(r.ctx)
	must(t, err)
	c, _, err := websocket.DefaultDialer.DialContext(r.ctx, url, nil) //nolint:bodyclose // documented: the handshake's needs no closing
	must(t, err)
	t.Cleanup(func() { _ = c.Close() })
	_, resp, err := websocket.DefaultDialer.DialContext(r.ctx, url, nil) //nolint:bodyclose // documented: the handshake's needs no closing
	if err == nil || resp == nil || resp.StatusCode != http.StatusForbidden {
		t.Fatalf("a ticket worked twice: %v", err)
	}
	return c
}

func frame(t *testing.T, c *websocket.Conn) map[string]any {
	t.Helper()
	var f map[string]any
	must(t, c.SetReadDeadline(time.Now().Add(5*time.Second)))
	must(t, c.ReadJSON(&f))
	return f
}

func TestTooManySockets(t *testing.T) {
	r := newRig(t, slacksim.Options{})
	for i := range 10 {
		if f := frame(t, r.dial(t)); f["type"] != "hello" || fmt.Sprint(f["num_connections"]) != fmt.Sprint(i+1) {
			t.Fatalf("socket %d: %v", i, f)
		}
	}
	c := r.dial(t)
	if f := frame(t, c); f["type"] != "disconnect" || f["reason"] != "too_many_websockets" {
		t.Fatalf("eleventh: %v", f)
	}
	if _, _, err := c.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
		t.Fatalf("eleventh was not closed: %v", err)
	}
}

func TestAckOnAnotherSocket(t *testing.T) {
	r := newRig(t, slacksim.Options{AckTimeout: 2 * time.Second})
	a := r.dial(t)
	frame(t, a)
	got := make(chan error, 1)
	go func() {
		reply, err := r.sim.Slash(r.ctx, slacksim.DemoEngineerID, slacksim.DemoGeneralID, "/jit", "x")
		if err == nil && reply.Text != "late but good" {
			err = errors.New("text " + reply.Text)
		}
		got <- err
	}()
	env := frame(t, a)
	b := r.dial(t)
	frame(t, b)
	big := map[string]any{"envelope_id": env["envelope_id"], "payload": map[string]any{"text": strings.Repeat("x", 20<<10)}}
	must(t, b.WriteJSON(big))
	must(t, b.WriteMessage(websocket.TextMessage, []byte("nonsense")))
	must(t, b.WriteJSON(map[string]any{"envelope_id": env["envelope_id"], "payload": map[string]any{"text": "late but good"}}))
	must(t, <-got)
	if e := r.sim.Envelopes()[0]; !e.Oversized || e.Acked.IsZero() {
		t.Fatalf("envelope %+v", e)
	}
}

func TestTimeouts(t *testing.T) {
	r := newRig(t, slacksim.Options{AckTimeout: 60 * time.Millisecond, RetryDelays: []time.Duration{0, 20 * time.Millisecond}})
	ada := slacksim.DemoEngineerID
	if _, err := r.sim.Slash(r.ctx, ada, slacksim.DemoGeneralID, "/jit", "x"); !errors.Is(err, slacksim.ErrDispatchFailed) {
		t.Fatalf("without a socket: %v", err)
	}
	var attempts []socketmode.Request
	done := make(chan struct{})
	r.bot(t, func(c *socketmode.Client, e socketmode.Event) {
		if e.Type != socketmode.EventTypeEventsAPI {
			return
		}
		if attempts = append(attempts, *e.Request); len(attempts) == 3 {
			ack(t, c, e)
			close(done)
		}
	})
	reply, err := r.sim.Slash(r.ctx, ada, slacksim.DemoGeneralID, "/jit", "x")
	if !errors.Is(err, slacksim.ErrTimeout) || !strings.Contains(reply.Text, "operation_timeout") {
		t.Fatalf("slash: %v %q", err, reply.Text)
	}
	if _, err := r.sim.OpenHome(r.ctx, ada); !errors.Is(err, slacksim.ErrTimeout) {
		t.Fatalf("event: %v", err)
	}
	<-done
	ids := map[string]bool{}
	for i, a := range attempts {
		var p struct {
			ID string `json:"event_id"`
		}
		must(t, json.Unmarshal(a.Payload, &p))
		ids[p.ID] = true
		if a.RetryAttempt != i || (i > 0 && a.RetryReason != "timeout") || (i > 0 && a.EnvelopeID == attempts[0].EnvelopeID) {
			t.Errorf("attempt %d: %+v", i, a)
		}
	}
	if len(ids) != 1 {
		t.Fatalf("event ids %v", ids)
	}
	_, ts, err := r.api.PostMessageContext(r.ctx, slacksim.DemoChannelID, text("card"),
		slack.MsgOptionBlocks(slack.NewActionBlock("a", button("go", "Go", ""))))
	must(t, err)
	if _, err := r.sim.Click(r.ctx, ada, slacksim.DemoChannelID, ts, "go"); !errors.Is(err, slacksim.ErrTimeout) {
		t.Fatalf("click: %v", err)
	}
	if tr := r.sim.Snapshot().Troubles; len(tr) != 1 || tr[0].TS != ts {
		t.Fatalf("troubles %+v", tr)
	}
}

func TestDisconnects(t *testing.T) {
	r := newRig(t, slacksim.Options{PingInterval: 20 * time.Millisecond, WarningGrace: 100 * time.Millisecond})
	var hellos, bad atomic.Int32
	r.bot(t, func(c *socketmode.Client, e socketmode.Event) {
		switch e.Type {
		case socketmode.EventTypeHello:
			hellos.Add(1)
		case socketmode.EventTypeErrorBadMessage:
			bad.Add(1)
			var env struct {
				ID string `json:"envelope_id"`
			}
			if json.Unmarshal(e.Data.(*socketmode.ErrorBadMessage).Message, &env) == nil && env.ID != "" {
				if err := c.Send(socketmode.Response{EnvelopeID: env.ID}); err != nil {
					t.Error(err)
				}
			}
		case socketmode.EventTypeSlashCommand:
			ack(t, c, e, map[string]any{"text": "ok"})
		default:
		}
	})
	again := func(what string, do func()) {
		t.Helper()
		var old int32
		r.await(t, "hello", func(n *slacksim.Snapshot) bool { return n.Sockets == 1 })
		for old = hellos.Load(); old == 0; old = hellos.Load() {
			time.Sleep(time.Millisecond)
		}
		do()
		deadline := time.Now().Add(10 * time.Second)
		for hellos.Load() == old {
			if time.Now().After(deadline) {
				t.Fatalf("no new hello after %s", what)
			}
			time.Sleep(time.Millisecond)
		}
		r.await(t, "one socket", func(n *slacksim.Snapshot) bool { return n.Sockets == 1 })
		_, err := r.sim.Slash(r.ctx, slacksim.DemoEngineerID, slacksim.DemoGeneralID, "/jit", what)
		must(t, err)
	}
	again("warning", func() { r.sim.Disconnect("warning") })
	again("refresh_requested", func() { r.sim.Disconnect("refresh_requested") })
	again("a broken network", r.sim.DropSockets)
	again("an outage", func() { r.sim.Down(true); r.sim.Down(false) })
	if _, err := r.sim.Deliver(r.ctx, []byte(`{"envelope_id":"e-1","type":"no_such","payload":{}}`)); err != nil || bad.Load() != 1 {
		t.Fatalf("unknown type: %v, %d bad messages", err, bad.Load())
	}
	if _, err := r.sim.Deliver(r.ctx, []byte(`{"type":`)); err != nil {
		t.Fatal(err)
	}
	for _, e := range r.sim.Envelopes() {
		if e.Type == "slash_commands" {
			reply, err := r.sim.Repeat(r.ctx, e.ID)
			must(t, err)
			if string(reply.Payload) != `{"text":"ok"}` {
				t.Fatalf("repeat %+v", reply)
			}
			break
		}
	}
}

func TestResponseURL(t *testing.T) {
	r := newRig(t, slacksim.Options{})
	urls := make(chan string, 8)
	payloads := make(chan slack.InteractionCallback, 8)
	r.bot(t, func(c *socketmode.Client, e socketmode.Event) {
		switch d := e.Data.(type) {
		case slack.SlashCommand:
			ack(t, c, e, map[string]any{"blocks": []any{section("pick"), slack.NewActionBlock("acts", button("go", "Go", "v").
				WithConfirm(slack.NewConfirmationBlockObject(words("Sure?"), words("Really"), words("Yes"), words("No"))))}, "text": "pick"})
			urls <- d.ResponseURL
		case slack.InteractionCallback:
			ack(t, c, e)
			payloads <- d
		}
	})
	ada := slacksim.DemoEngineerID
	reply, err := r.sim.Slash(r.ctx, ada, slacksim.DemoGeneralID, "/jit", "x")
	must(t, err)
	url := <-urls
	no, err := r.sim.ClickRaw(r.ctx, ada, slacksim.DemoGeneralID, reply.Message.TS, "Go", slacksim.Raw{Dismiss: true})
	must(t, err)
	if no.Sent || no.Confirm == nil || no.Confirm.Title != "Sure?" {
		t.Fatalf("dismissed %+v", no)
	}
	other := "forged"
	_, err = r.sim.ClickRaw(r.ctx, ada, slacksim.DemoGeneralID, reply.Message.TS, "go",
		slacksim.Raw{Value: &other, TeamID: "T0OTHER", Double: true})
	must(t, err)
	a, b := <-payloads, <-payloads
	if a.TriggerID == b.TriggerID || a.ActionCallback.BlockActions[0].ActionTs == b.ActionCallback.BlockActions[0].ActionTs {
		t.Fatal("a doubled click has one trigger or action_ts")
	}
	if a.User.TeamID != "T0OTHER" || a.ActionCallback.BlockActions[0].Value != "forged" || !a.Container.IsEphemeral ||
		a.Message.Timestamp != "" {
		t.Fatalf("payload %+v", a)
	}
	if _, err := r.sim.Click(r.ctx, slacksim.DemoApproverID, slacksim.DemoGeneralID, reply.Message.TS, "go"); err == nil ||
		!errors.Is(err, slacksim.ErrUnknown) {
		t.Fatalf("somebody else's ephemeral message: %v", err)
	}
	// Through the SDK's own option, whose answer must carry a Content-Type.
	_, _, err = r.api.PostMessageContext(r.ctx, "", slack.MsgOptionReplaceOriginal(url), text("replaced"))
	must(t, err)
	// A command's response URL knows no message that it could replace or delete.
	if e := r.sim.Ephemerals(ada); len(e) != 2 || e[0].Text != "pick" || e[1].Text != "replaced" {
		t.Fatalf("after replace: %+v", e)
	}
	must(t, slack.PostWebhookContext(r.ctx, a.ResponseURL, &slack.WebhookMessage{Text: "picked", ReplaceOriginal: true}))
	if e := r.sim.Ephemerals(ada); len(e) != 2 || e[0].Text != "picked" {
		t.Fatalf("after replace of a click: %+v", e)
	}
	hook := func(m slack.WebhookMessage) error { return slack.PostWebhookContext(r.ctx, url, &m) }
	must(t, hook(slack.WebhookMessage{Text: "all", ResponseType: "in_channel"}))
	must(t, hook(slack.WebhookMessage{DeleteOriginal: true}))
	must(t, hook(slack.WebhookMessage{Text: "mine"}))
	must(t, hook(slack.WebhookMessage{Text: "mine too"}))
	var status slack.StatusCodeError
	if err := hook(slack.WebhookMessage{Text: "sixth"}); !errors.As(err, &status) || status.Code != 404 {
		t.Fatalf("sixth use: %v", err)
	}
	if e, m := r.sim.Ephemerals(ada), r.sim.Messages(slacksim.DemoGeneralID); len(e) != 4 || len(m) != 1 || m[0].Text != "all" {
		t.Fatalf("%+v %+v", e, m)
	}
}

// TestHelloLoop: a client that reconnects at once is visible in the request log,
// and finds its way back.
func TestHelloLoop(t *testing.T) {
	r := newRig(t, slacksim.Options{})
	r.sim.HelloThenDisconnect(true)
	r.sim.Latency("apps.connections.open", 2*time.Millisecond)
	r.bot(t, func(c *socketmode.Client, e socketmode.Event) {
		if e.Type == socketmode.EventTypeSlashCommand {
			ack(t, c, e)
		}
	})
	r.await(t, "the loop", func(*slacksim.Snapshot) bool { return r.sim.CountCalls("apps.connections.open") > 5 })
	r.sim.HelloThenDisconnect(false)
	var err error
	for range 100 {
		if _, err = r.sim.Slash(r.ctx, slacksim.DemoEngineerID, slacksim.DemoGeneralID, "/jit", "x"); err == nil {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("after the loop: %v", err)
}

// TestLinkDisabled ends Socket Mode and gives it back.
func TestLinkDisabled(t *testing.T) {
	r := newRig(t, slacksim.Options{})
	c := r.dial(t)
	frame(t, c)
	r.sim.Disconnect("link_disabled")
	if f := frame(t, c); f["reason"] != "link_disabled" {
		t.Fatalf("frame %v", f)
	}
	if _, _, err := c.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
		t.Fatalf("not closed: %v", err)
	}
	if _, _, err := r.api.StartSocketModeContext(r.ctx); err == nil {
		t.Fatal("a socket while Socket Mode is off")
	}
	r.sim.EnableSocketMode()
	frame(t, r.dial(t))
}

// TestSilence: no pings while silent, pings again after.
func TestSilence(t *testing.T) {
	r := newRig(t, slacksim.Options{PingInterval: 5 * time.Millisecond})
	c := r.dial(t)
	var pings atomic.Int32
	c.SetPingHandler(func(string) error { pings.Add(1); return nil })
	go func() {
		for {
			if _, _, err := c.ReadMessage(); err != nil {
				return
			}
		}
	}()
	until := func(n int32) bool {
		for range 200 {
			if pings.Load() >= n {
				return true
			}
			time.Sleep(time.Millisecond)
		}
		return false
	}
	if !until(2) {
		t.Fatal("no pings")
	}
	r.sim.Silence(true)
	time.Sleep(10 * time.Millisecond)
	was := pings.Load()
	time.Sleep(30 * time.Millisecond)
	if pings.Load() != was {
		t.Fatal("pings while silent")
	}
	r.sim.Silence(false)
	if !until(was + 1) {
		t.Fatal("no pings after the silence")
	}
}
