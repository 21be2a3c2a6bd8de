package slacksim_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"jitbot/bot/slacksim"
)

func text(s string) slack.MsgOption { return slack.MsgOptionText(s, false) }

func TestMessages(t *testing.T) {
	r := newRig(t, slacksim.Options{NoRateLimits: true})
	private := r.sim.AddChannel(slacksim.Channel{Name: "secret", Private: true, Members: []string{slacksim.DemoEngineerID}})
	archived := r.sim.AddChannel(slacksim.Channel{Name: "old", Archived: true, Members: []string{r.sim.Options().BotUserID}})
	post := func(channel string, opts ...slack.MsgOption) (string, string, error) {
		return r.api.PostMessageContext(r.ctx, channel, opts...)
	}
	for channel, want := range map[string]string{"C0NONE": "channel_not_found", private.ID: "channel_not_found", archived.ID: "is_archived"} {
		_, _, err := post(channel, text("x"))
		wantErr(t, err, want)
	}
	_, _, err := post(slacksim.DemoChannelID, text(""))
	wantErr(t, err, "no_text")
	ch, ts, err := post(slacksim.DemoChannelID, text("root"), slack.MsgOptionMetadata(slack.SlackMetadata{
		EventType: "grant", EventPayload: map[string]any{"id": "g-1", "n": 12345678901234567},
	}))
	must(t, err)
	_, _, err = post(ch, text("reply"), slack.MsgOptionTS(ts))
	must(t, err)
	if th := r.sim.Thread(ch, ts); len(th) != 2 || th[1].Text != "reply" || !strings.Contains(string(th[0].Metadata), "12345678901234567") {
		t.Fatalf("thread %+v", th)
	}
	if n := len(r.sim.Messages(ch)); n != 1 {
		t.Fatalf("%d top-level messages", n)
	}
	dm, dmTS, err := post(slacksim.DemoEngineerID, text("hello"))
	must(t, err)
	if dm != r.sim.DM(slacksim.DemoEngineerID) || len(r.sim.DMs(slacksim.DemoEngineerID)) != 1 {
		t.Fatalf("direct message in %s", dm)
	}
	// An update keeps blocks that are not given, and finds only the bot's messages.
	_, _, _, err = r.api.UpdateMessageContext(r.ctx, dm, dmTS, slack.MsgOptionBlocks(section("b")), text("one"))
	must(t, err)
	_, _, _, err = r.api.UpdateMessageContext(r.ctx, dm, dmTS, text("two"))
	must(t, err)
	if m := r.sim.DMs(slacksim.DemoEngineerID)[0]; m.Text != "two" || m.Blocks == nil {
		t.Fatalf("updated %+v", m)
	}
	_, _, _, err = r.api.UpdateMessageContext(r.ctx, dm, "1.2", text("x"))
	wantErr(t, err, "message_not_found")
	said, err := r.sim.Say(r.ctx, slacksim.DemoApproverID, ch, "mine")
	must(t, err)
	_, _, _, err = r.api.UpdateMessageContext(r.ctx, ch, said.Message.TS, text("x"))
	wantErr(t, err, "cant_update_message")
	_, err = r.api.PostEphemeralContext(r.ctx, ch, slacksim.DemoGuestID, text("x"))
	wantErr(t, err, "user_not_in_channel")
	eph, err := r.api.PostEphemeralContext(r.ctx, ch, slacksim.DemoApproverID, text("psst"))
	must(t, err)
	_, _, _, err = r.api.UpdateMessageContext(r.ctx, ch, eph, text("x"))
	wantErr(t, err, "message_not_found")
	if e := r.sim.Ephemerals(slacksim.DemoApproverID); len(e) != 1 || len(r.sim.Ephemerals(slacksim.DemoEngineerID)) != 0 {
		t.Fatalf("ephemerals %+v", e)
	}
	r.sim.Reload(slacksim.DemoApproverID)
	if len(r.sim.Ephemerals(slacksim.DemoApproverID)) != 0 {
		t.Fatal("an ephemeral message survived a reload")
	}
	link, err := r.api.GetPermalinkContext(r.ctx, &slack.PermalinkParameters{Channel: ch, Ts: ts})
	must(t, err)
	if want := "https://contoso.slack.com/archives/" + ch + "/p" + strings.ReplaceAll(ts, ".", ""); link != want {
		t.Fatalf("permalink %s, want %s", link, want)
	}
	_, _, err = r.api.DeleteMessageContext(r.ctx, ch, ts)
	must(t, err)
	_, _, err = post(ch, text(strings.Repeat("é", 40010)))
	must(t, err)
	all := r.sim.Messages(ch)
	if n := len([]rune(all[len(all)-1].Text)); n != 40000 {
		t.Fatalf("text was cut to %d", n)
	}
}

func TestDirectory(t *testing.T) {
	r := newRig(t, slacksim.Options{BotScopes: append(slacksim.DefaultScopes(), "im:write")}) // jitbot opens none
	stranger := r.sim.AddUser(slacksim.User{Name: "eve", TeamID: "T0OTHER", Stranger: true, Email: "eve@fabrikam.example"})
	gone := r.sim.AddUser(slacksim.User{Name: "old", Deleted: true, Email: "old@contoso.example"})
	u, err := r.api.GetUserInfoContext(r.ctx, stranger.ID)
	must(t, err)
	if !u.IsStranger || u.TeamID != "T0OTHER" {
		t.Fatalf("stranger %+v", u)
	}
	u, err = r.api.GetUserInfoContext(r.ctx, slacksim.DemoGuestID)
	must(t, err)
	if !u.IsRestricted || u.IsUltraRestricted {
		t.Fatalf("guest %+v", u)
	}
	u, err = r.api.GetUserByEmailContext(r.ctx, "ADA@contoso.example")
	must(t, err)
	if u.ID != slacksim.DemoEngineerID {
		t.Fatalf("found %s", u.ID)
	}
	_, err = r.api.GetUserByEmailContext(r.ctx, gone.Email)
	wantErr(t, err, "users_not_found")
	_, err = r.api.GetUserInfoContext(r.ctx, "U0NOBODY")
	wantErr(t, err, "user_not_found")
	members, err := r.api.GetUserGroupMembersContext(r.ctx, slacksim.DemoApproversID)
	must(t, err)
	if len(members) != 2 {
		t.Fatalf("members %v", members)
	}
	r.sim.UpdateGroup(slacksim.DemoApproversID, func(g *slacksim.Group) { g.Disabled = true })
	_, err = r.api.GetUserGroupMembersContext(r.ctx, slacksim.DemoApproversID)
	wantErr(t, err, "no_such_subteam")
	c, _, _, err := r.api.OpenConversationContext(r.ctx, &slack.OpenConversationParameters{Users: []string{slacksim.DemoApproverID}})
	must(t, err)
	if c.ID != r.sim.DM(slacksim.DemoApproverID) {
		t.Fatalf("opened %s", c.ID)
	}
	_, _, _, err = r.api.OpenConversationContext(r.ctx, &slack.OpenConversationParameters{Users: []string{gone.ID}})
	wantErr(t, err, "user_disabled")
	info, err := r.api.GetConversationInfoContext(r.ctx, &slack.GetConversationInfoInput{ChannelID: slacksim.DemoChannelID})
	must(t, err)
	if !info.IsMember || info.Name != "jit-approvals" {
		t.Fatalf("channel %+v", info)
	}
	page, next, err := r.api.GetUsersInConversationContext(r.ctx,
		&slack.GetUsersInConversationParameters{ChannelID: slacksim.DemoChannelID, Limit: 2})
	must(t, err)
	rest, end, err := r.api.GetUsersInConversationContext(r.ctx,
		&slack.GetUsersInConversationParameters{ChannelID: slacksim.DemoChannelID, Limit: 9, Cursor: next})
	must(t, err)
	if len(page) != 2 || len(rest) != 3 || end != "" {
		t.Fatalf("pages %v %v %q", page, rest, end)
	}
}

func TestFaults(t *testing.T) {
	r := newRig(t, slacksim.Options{})
	post := func() error {
		_, _, err := r.api.PostMessageContext(r.ctx, slacksim.DemoChannelID, text("x"))
		return err
	}
	r.sim.FailNext("chat.postMessage", 1, slacksim.Fault{RetryAfter: 7 * time.Second})
	var limited *slack.RateLimitedError
	if err := post(); !errors.As(err, &limited) || limited.RetryAfter != 7*time.Second {
		t.Fatalf("429: %v", err)
	}
	r.sim.FailNext("chat.postMessage", 1, slacksim.Fault{Status: http.StatusBadGateway})
	var status slack.StatusCodeError
	if err := post(); !errors.As(err, &status) || status.Code != http.StatusBadGateway {
		t.Fatalf("502: %v", err)
	}
	r.sim.FailNext("*", 1, slacksim.Fault{BadJSON: true})
	if err := post(); err == nil {
		t.Fatal("bad JSON was taken")
	}
	r.sim.FailNext("chat.postMessage", 1, slacksim.Fault{Drop: true})
	if err := post(); err == nil || len(r.sim.Messages(slacksim.DemoChannelID)) != 0 {
		t.Fatalf("dropped: %v", err)
	}
	r.sim.FailNext("chat.postMessage", 1, slacksim.Fault{Lost: true})
	if err := post(); err == nil || len(r.sim.Messages(slacksim.DemoChannelID)) != 1 {
		t.Fatalf("lost: %v, %d messages", err, len(r.sim.Messages(slacksim.DemoChannelID)))
	}
	r.sim.FailNext("chat.update", 1, slacksim.Fault{Error: "edit_window_closed"})
	_, _, _, err := r.api.UpdateMessageContext(r.ctx, slacksim.DemoChannelID, "1.2", text("x"))
	wantErr(t, err, "edit_window_closed")
	r.sim.Down(true)
	if err := post(); !errors.As(err, &status) || status.Code != http.StatusServiceUnavailable {
		t.Fatalf("down: %v", err)
	}
	r.sim.Down(false)
	must(t, post())
	r.sim.RateLimits(true) // as if nothing was posted before
	r.sim.SetRate("chat.postMessage", 60, 1)
	must(t, post())
	if err := post(); !errors.As(err, &limited) || limited.RetryAfter != time.Second {
		t.Fatalf("rate: %v", err)
	}
	if n := r.sim.CountCalls("chat.postMessage"); n != 9 {
		t.Fatalf("%d calls logged", n)
	}
	last := r.sim.Calls()[len(r.sim.Calls())-1]
	if last.Status != 429 || last.Args["token"] != nil || last.Scopes[0] != "chat:write" {
		t.Fatalf("log %+v", last)
	}
	got := r.post(t, "chat.postMessage", url.Values{"channel": {slacksim.DemoEngineerID}, "metadata": {`{"x":1}`}, "text": {"x"}})
	if got["error"] != "invalid_metadata_format" {
		t.Fatalf("metadata: %v", got)
	}
}
