package slacksim_test

import (
	"errors"
	"fmt"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slack-go/slack"

	"jitbot/bot/slacksim"
)

// Posts count for their channel and for the workspace, edits for the workspace;
// what is limited says for how long, and nothing else is.
func TestLimitsAreCountedAsSlackDoes(t *testing.T) {
	synctest.Test(t, limitsAreCounted) // no time passes, however slow the machine
}

func limitsAreCounted(t *testing.T) {
	r := newRig(t, slacksim.Options{})
	post := func(channel string) error {
		_, _, err := r.api.PostMessageContext(r.ctx, channel, text("x"))
		return err
	}
	edit := func(ts string) error {
		_, _, _, err := r.api.UpdateMessageContext(r.ctx, slacksim.DemoChannelID, ts, text("y"))
		return err
	}
	limited := func(err error) time.Duration {
		t.Helper()
		var l *slack.RateLimitedError
		if !errors.As(err, &l) {
			t.Fatalf("not limited: %v", err)
		}
		return l.RetryAfter
	}
	_, ts, err := r.api.PostMessageContext(r.ctx, slacksim.DemoChannelID, text("x"))
	must(t, err)
	must(t, post(slacksim.DemoChannelID))
	must(t, post(slacksim.DemoChannelID))
	if d := limited(post(slacksim.DemoChannelID)); d != time.Second {
		t.Errorf("the channel's pause is %s", d)
	}
	// A person is the direct message with them.
	for range 3 {
		must(t, post(slacksim.DemoEngineerID))
	}
	limited(post(r.sim.DMs(slacksim.DemoEngineerID)[0].Channel))
	for range 50 {
		must(t, edit(ts))
	}
	if d := limited(edit(ts)); d < time.Second || d > 2*time.Second {
		t.Errorf("the pause of edits is %s", d)
	}
	must(t, post(slacksim.DemoApproverID))
	r.sim.RateLimits(true)
	for i := range 300 {
		id := fmt.Sprintf("U0CROWD%d", i)
		r.sim.AddUser(slacksim.User{ID: id, Name: id})
		must(t, post(id))
	}
	limited(post(slacksim.DemoApproverID))
}

// What is refused by its length or by a cursor of somebody else's.
func TestLengthsAndCursors(t *testing.T) {
	r := newRig(t, slacksim.Options{NoRateLimits: true})
	code := func(method string, args url.Values) any {
		if args.Get("channel") == "" {
			args.Set("channel", slacksim.DemoChannelID)
		}
		return r.post(t, method, args)["error"]
	}
	section := func(n int) string {
		return repeat(n/2600, func(int) string { return `{"type":"section","text":` + plain(2600) + `}` })
	}
	_, ts, err := r.api.PostMessageContext(r.ctx, slacksim.DemoChannelID, text("x"))
	must(t, err)
	for _, c := range []struct {
		method string
		args   url.Values
		want   any
	}{
		{"chat.postMessage", url.Values{"text": {"x"}, "blocks": {section(13000)}}, nil},
		{"chat.postMessage", url.Values{"text": {"x"}, "blocks": {section(15600)}}, "msg_blocks_too_long"},
		{"chat.update", url.Values{"ts": {ts}, "text": {"x"}, "blocks": {section(15600)}}, "msg_blocks_too_long"},
		{"chat.update", url.Values{"ts": {ts}, "text": {fmt.Sprintf("%4000d", 1)}}, nil},
		{"chat.update", url.Values{"ts": {ts}, "text": {fmt.Sprintf("%4001d", 1)}}, "msg_too_long"},
		{"chat.postMessage", url.Values{"text": {fmt.Sprintf("%4001d", 1)}}, nil},
		{"conversations.members", url.Values{"cursor": {"dXNlcjpVMEc5V0ZYTlo="}}, "invalid_cursor"},
		{"conversations.members", url.Values{"cursor": {"-1"}}, "invalid_cursor"},
		{"conversations.history", url.Values{}, "missing_scope"},
	} {
		if got := code(c.method, c.args); got != c.want {
			t.Errorf("%s: %v, want %v", c.method, got, c.want)
		}
	}
}

// History is that of the channel, newest first, with metadata when asked for.
func TestHistory(t *testing.T) {
	r := newRig(t, slacksim.Options{NoRateLimits: true, BotScopes: append(slacksim.DefaultScopes(), "channels:history", "groups:history")})
	var all []string
	for i := range 3 {
		_, ts, err := r.api.PostMessageContext(r.ctx, slacksim.DemoChannelID, text(fmt.Sprint(i)),
			slack.MsgOptionMetadata(slack.SlackMetadata{EventType: "n", EventPayload: map[string]any{"i": i}}))
		must(t, err)
		all = append(all, ts)
	}
	_, _, err := r.api.PostMessageContext(r.ctx, slacksim.DemoChannelID, text("reply"), slack.MsgOptionTS(all[0]))
	must(t, err)
	get := func(p slack.GetConversationHistoryParameters) *slack.GetConversationHistoryResponse {
		t.Helper()
		p.ChannelID = slacksim.DemoChannelID
		h, err := r.api.GetConversationHistoryContext(r.ctx, &p)
		must(t, err)
		return h
	}
	h := get(slack.GetConversationHistoryParameters{Limit: 2, IncludeAllMetadata: true})
	if len(h.Messages) != 2 || !h.HasMore || h.Messages[0].Timestamp != all[2] || h.Messages[0].Metadata.EventType != "n" {
		t.Errorf("first page %+v", h)
	}
	h = get(slack.GetConversationHistoryParameters{Limit: 2, Cursor: h.ResponseMetaData.NextCursor})
	if len(h.Messages) != 1 || h.HasMore || h.Messages[0].Timestamp != all[0] || h.Messages[0].Metadata.EventType != "" {
		t.Errorf("second page %+v", h)
	}
	if h = get(slack.GetConversationHistoryParameters{Oldest: all[1]}); len(h.Messages) != 1 {
		t.Errorf("after the second: %+v", h)
	}
	_, err = r.api.GetConversationHistoryContext(r.ctx, &slack.GetConversationHistoryParameters{
		ChannelID: slacksim.DemoChannelID, Cursor: "bmV4dA==",
	})
	wantErr(t, err, "invalid_cursor")
}
