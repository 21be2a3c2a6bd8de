package slacksim_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"jitbot/bot/slacksim"
)

// post sends a form to the Web API and returns the decoded answer.
func (r *rig) post(t *testing.T, method string, args url.Values) map[string]any {
	t.Helper()
	if args.Get("token") == "" {
		args.Set("token", r.sim.Options().BotToken)
	}
	req, err := http.NewRequestWithContext(r.ctx, http.MethodPost, r.srv.URL+"/api/"+method, strings.NewReader(args.Encode()))
	must(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := r.srv.Client().Do(req)
	must(t, err)
	defer func() { _ = resp.Body.Close() }()
	var out map[string]any
	must(t, json.NewDecoder(resp.Body).Decode(&out))
	return out
}

func plain(n int) string {
	return fmt.Sprintf(`{"type":"plain_text","text":%q}`, strings.Repeat("é", n))
}

func repeat(n int, f func(i int) string) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = f(i)
	}
	return "[" + strings.Join(parts, ",") + "]"
}

func divider(int) string { return `{"type":"divider"}` }

func choice(i int) string {
	return fmt.Sprintf(`{"text":{"type":"plain_text","text":"o%d"},"value":"v%d"}`, i, i)
}

func actions(elements string) string { return `[{"type":"actions","elements":[` + elements + `]}]` }

func TestMessageLimits(t *testing.T) {
	r := newRig(t, slacksim.Options{NoRateLimits: true})
	btn := func(rest string) string {
		return actions(`{"type":"button","action_id":"a","text":` + plain(3) + rest + `}`)
	}
	long := func(n int) string { return strings.Repeat("x", n) }
	menu := func(options string) string {
		return actions(`{"type":"static_select","action_id":"a","options":` + options + `}`)
	}
	for _, c := range []struct{ name, blocks, want string }{
		{"50 blocks", repeat(50, divider), ""},
		{"51 blocks", repeat(51, divider), "no more than 50 items allowed [json-pointer:/blocks]"},
		{"section 3000", `[{"type":"section","text":` + plain(3000) + `}]`, ""},
		{
			"section 3001", `[{"type":"section","text":` + plain(3001) + `}]`,
			"must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
		},
		{"section empty", `[{"type":"section","text":` + plain(0) + `}]`, "must be more than 0 characters [json-pointer:/blocks/0/text/text]"},
		{"section without text", `[{"type":"section"}]`, "missing required field: text [json-pointer:/blocks/0]"},
		{"10 fields", `[{"type":"section","fields":` + repeat(10, func(int) string { return plain(1300) }) + `}]`, ""},
		{
			"11 fields", `[{"type":"section","fields":` + repeat(11, func(int) string { return plain(1) }) + `}]`,
			"no more than 10 items allowed [json-pointer:/blocks/0/fields]",
		},
		{
			"field 2001", `[{"type":"section","fields":[` + plain(2001) + `]}]`,
			"must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]",
		},
		{"header 151", `[{"type":"header","text":` + plain(151) + `}]`, "must be less than 151 characters [json-pointer:/blocks/0/text/text]"},
		{
			"header mrkdwn", `[{"type":"header","text":{"type":"mrkdwn","text":"x"}}]`,
			"unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]",
		},
		{
			"context 11", `[{"type":"context","elements":` + repeat(11, func(int) string { return plain(1) }) + `}]`,
			"no more than 10 items allowed [json-pointer:/blocks/0/elements]",
		},
		{"actions 26", actions(strings.Trim(repeat(26, func(i int) string {
			return fmt.Sprintf(`{"type":"button","action_id":"a%d","text":%s}`, i, plain(1))
		}), "[]")), "no more than 25 items allowed [json-pointer:/blocks/0/elements]"},
		{
			"button text 76", actions(`{"type":"button","action_id":"a","text":` + plain(76) + `}`),
			"must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
		},
		{"button value 2000", btn(`,"value":"` + long(2000) + `"`), ""},
		{
			"button value 2001", btn(`,"value":"` + long(2001) + `"`),
			"must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]",
		},
		{
			"button url 3001", btn(`,"url":"https://` + long(2993) + `"`),
			"must be less than 3001 characters [json-pointer:/blocks/0/elements/0/url]",
		},
		{"button style", btn(`,"style":"default"`), "must be one of: primary, danger [json-pointer:/blocks/0/elements/0/style]"},
		{
			"action_id 256", actions(`{"type":"button","action_id":"` + long(256) + `","text":` + plain(1) + `}`),
			"must be less than 256 characters [json-pointer:/blocks/0/elements/0/action_id]",
		},
		{
			"block_id 256", `[{"type":"divider","block_id":"` + long(256) + `"}]`,
			"must be less than 256 characters [json-pointer:/blocks/0/block_id]",
		},
		{"block_id twice", `[{"type":"divider","block_id":"b"},{"type":"divider","block_id":"b"}]`, "`block_id` must be unique"},
		{"confirm title 101", btn(`,"confirm":{"title":` + plain(101) + `,"text":` + plain(1) + `,"confirm":` + plain(1) + `,"deny":` + plain(1) +
			`}`), "must be less than 101 characters [json-pointer:/blocks/0/elements/0/confirm/title/text]"},
		{"confirm deny 31", btn(`,"confirm":{"title":` + plain(1) + `,"text":` + plain(1) + `,"confirm":` + plain(1) + `,"deny":` + plain(31) +
			`}`), "must be less than 31 characters [json-pointer:/blocks/0/elements/0/confirm/deny/text]"},
		{"100 options", menu(repeat(100, choice)), ""},
		{"101 options", menu(repeat(101, choice)), "no more than 100 items allowed [json-pointer:/blocks/0/elements/0/options]"},
		{"no options", menu("[]"), "no fewer than 1 items allowed [json-pointer:/blocks/0/elements/0/options]"},
		{
			"option text 76", menu(`[{"text":` + plain(76) + `,"value":"v"}]`),
			"must be less than 76 characters [json-pointer:/blocks/0/elements/0/options/0/text/text]",
		},
		{
			"option value 76", menu(`[{"text":` + plain(1) + `,"value":"` + long(76) + `"}]`),
			"must be less than 76 characters [json-pointer:/blocks/0/elements/0/options/0/value]",
		},
		{
			"initial null", actions(`{"type":"static_select","options":` + repeat(1, choice) + `,"initial_option":null}`),
			"must provide an object [json-pointer:/blocks/0/elements/0/initial_option]",
		},
		{
			"initial foreign", actions(`{"type":"static_select","options":` + repeat(1, choice) + `,"initial_option":` + choice(7) + `}`),
			"must be one of the options",
		},
		{"overflow 6", actions(`{"type":"overflow","options":` + repeat(6, choice) + `}`), "no more than 5 items allowed"},
		{"radio 11", actions(`{"type":"radio_buttons","options":` + repeat(11, choice) + `}`), "no more than 10 items allowed"},
		{
			"input in actions", actions(`{"type":"plain_text_input"}`),
			"unsupported type: plain_text_input [json-pointer:/blocks/0/elements/0/type]",
		},
		{
			"unknown property of a block", `[{"type":"section","text":` + plain(1) + `,"color":"red"}]`,
			"invalid additional property: color [json-pointer:/blocks/0]",
		},
		{"unknown property of a button", btn(`,"emoji":true`), "invalid additional property: emoji [json-pointer:/blocks/0/elements/0]"},
		{
			"emoji in mrkdwn", `[{"type":"section","text":{"type":"mrkdwn","text":"x","emoji":true}}]`,
			"invalid additional property: emoji [json-pointer:/blocks/0/text]",
		},
		{"alert", `[{"type":"alert"}]`, "unsupported type: alert [json-pointer:/blocks/0/type]"},
		{
			"label 2001", `[{"type":"input","label":` + plain(2001) + `,"element":{"type":"plain_text_input"}}]`,
			"must be less than 2001 characters [json-pointer:/blocks/0/label/text]",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := r.post(t, "chat.postMessage", url.Values{"channel": {slacksim.DemoChannelID}, "text": {"x"}, "blocks": {c.blocks}})
			if c.want == "" {
				if got["ok"] != true {
					t.Fatalf("refused: %v", got)
				}
				return
			}
			meta, _ := json.Marshal(got["response_metadata"])
			if got["error"] != "invalid_blocks" || !strings.Contains(string(meta), c.want) {
				t.Fatalf("%v %s, want %s", got["error"], meta, c.want)
			}
		})
	}
	got := r.post(t, "chat.postMessage", url.Values{"channel": {slacksim.DemoChannelID}, "blocks": {`{"type":"divider"}`}})
	if got["error"] != "invalid_blocks_format" {
		t.Fatalf("blocks that are no array: %v", got)
	}
}

func TestViewLimits(t *testing.T) {
	r := newRig(t, slacksim.Options{})
	view := func(rest string) string { return `{"type":"modal","title":` + plain(24) + rest + `}` }
	input := `,"blocks":[{"type":"input","block_id":"b","label":` + plain(1) + `,"element":{"type":"plain_text_input","action_id":"a"}}]`
	for _, c := range []struct{ name, view, code, want string }{
		{
			"title 25", `{"type":"modal","blocks":[],"title":` + plain(25) + `}`, "invalid_arguments",
			"must be less than 25 characters [json-pointer:/view/title/text]",
		},
		{
			"metadata 3001", view(`,"blocks":[],"private_metadata":"` + strings.Repeat("m", 3001) + `"`), "invalid_arguments",
			"must be less than 3001 characters [json-pointer:/view/private_metadata]",
		},
		{"no submit", view(input), "invalid_arguments", "must define `submit` to use an `input` block in modals"},
		{
			"submit 25", view(input + `,"submit":` + plain(25)), "invalid_arguments",
			"must be less than 25 characters [json-pointer:/view/submit/text]",
		},
		{
			"101 blocks", view(`,"blocks":` + repeat(101, divider)), "invalid_arguments",
			"no more than 100 items allowed [json-pointer:/view/blocks]",
		},
		{"home in modal", `{"type":"home","blocks":[]}`, "invalid_arguments", "unsupported type: home [json-pointer:/view/type]"},
		{
			"too large", view(`,"blocks":` + repeat(99, func(int) string { return `{"type":"section","text":` + plain(2900) + `}` })),
			"view_too_large", "",
		},
		{"bad trigger", view(`,"blocks":` + repeat(100, divider)), "invalid_trigger_id", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := r.post(t, "views.open", url.Values{"trigger_id": {"1.2.3"}, "view": {c.view}})
			meta, _ := json.Marshal(got["response_metadata"])
			text := strings.ReplaceAll(string(meta), `\u0026`, "&")
			if got["error"] != c.code || !strings.Contains(text, c.want) {
				t.Fatalf("%v %s, want %s %s", got["error"], meta, c.code, c.want)
			}
		})
	}
}

func TestTokensAndScopes(t *testing.T) {
	r := newRig(t, slacksim.Options{})
	o := r.sim.Options()
	call := func(token string) string {
		code, _ := r.post(t, "users.info", url.Values{"token": {token}, "user": {slacksim.DemoEngineerID}})["error"].(string)
		return code
	}
	for token, want := range map[string]string{
		o.BotToken: "", o.AppToken: "not_allowed_token_type", "xoxb-other": "invalid_auth",
	} {
		if got := call(token); got != want {
			t.Errorf("token %s: %q, want %q", token, got, want)
		}
	}
	r.sim.SetBotToken("token_revoked")
	_, err := r.api.AuthTestContext(r.ctx)
	wantErr(t, err, "token_revoked")
	r.sim.SetBotToken("")
	r.sim.SetScopes("chat:write")
	_, err = r.api.GetUserInfoContext(r.ctx, slacksim.DemoEngineerID)
	var se slack.SlackErrorResponse
	if !errors.As(err, &se) || se.Err != "missing_scope" || se.Needed != "users:read" || se.Provided != "chat:write" {
		t.Fatalf("missing scope: %#v", err)
	}
	_, _, err = r.api.PostMessageContext(r.ctx, slacksim.DemoGeneralID, slack.MsgOptionText("x", false))
	wantErr(t, err, "not_in_channel")
	r.sim.SetScopes("chat:write", "chat:write.public", "users:read")
	_, _, err = r.api.PostMessageContext(r.ctx, slacksim.DemoGeneralID, slack.MsgOptionText("x", false))
	must(t, err)
	u, err := r.api.GetUserInfoContext(r.ctx, slacksim.DemoEngineerID)
	must(t, err)
	if u.Profile.Email != "" || !u.IsEmailConfirmed || u.TeamID != o.TeamID {
		t.Fatalf("address without users:read.email, or wrong user: %+v", u)
	}
	if got := r.post(t, "no.such", url.Values{})["error"]; got != "unknown_method" {
		t.Fatalf("unknown method: %v", got)
	}
	r.sim.SetAppScopes()
	if _, _, err := r.api.StartSocketModeContext(r.ctx); err == nil || err.Error() != "missing_scope" {
		t.Fatalf("app token without connections:write: %v", err)
	}
}
