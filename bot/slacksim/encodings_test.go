package slacksim_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"jitbot/bot/slacksim"
)

// TestEncodings: JSON and forms, the token in the header or a field, and what is
// not read.
func TestEncodings(t *testing.T) {
	r := newRig(t, slacksim.Options{})
	o := r.sim.Options()
	send := func(method, kind, token, body string) map[string]any {
		t.Helper()
		req, err := http.NewRequestWithContext(r.ctx, http.MethodPost, r.srv.URL+"/api/"+method, strings.NewReader(body))
		must(t, err)
		req.Header.Set("Content-Type", kind)
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		resp, err := r.srv.Client().Do(req)
		must(t, err)
		defer func() { _ = resp.Body.Close() }()
		var out map[string]any
		must(t, json.NewDecoder(resp.Body).Decode(&out))
		return out
	}
	const form, js, utf8 = "application/x-www-form-urlencoded", "application/json", "application/json; charset=utf-8"
	body := `{"channel":"` + slacksim.DemoChannelID + `","text":"x","blocks":[{"type":"divider"}]}`
	for _, c := range []struct{ method, kind, token, body, want string }{
		{"chat.postMessage", utf8, o.BotToken, body, ""},
		{"chat.postMessage", js, o.BotToken, body, ""},
		{"chat.postMessage", js, "", `{"token":"` + o.BotToken + `"}`, "not_authed"},
		{"chat.postMessage", js, o.BotToken, "{", "invalid_json"},
		{"chat.postMessage", js, o.BotToken, "[]", "json_not_object"},
		{"users.info", js, o.BotToken, `{"user":"` + slacksim.DemoEngineerID + `"}`, "invalid_arguments"},
		{"users.info", form, o.BotToken, "user=" + slacksim.DemoEngineerID, ""},
		{"users.info", form, "", "token=" + o.BotToken + "&user=" + slacksim.DemoEngineerID, ""},
		{"apps.connections.open", form, "", "token=" + o.AppToken, "not_authed"},
		{"apps.connections.open", form, o.BotToken, "", "not_allowed_token_type"},
		{"apps.connections.open", js, o.AppToken, "", ""},
	} {
		got := send(c.method, c.kind, c.token, c.body)
		code, _ := got["error"].(string)
		if code != c.want {
			t.Errorf("%s %s %s: %v, want %q", c.method, c.kind, c.body, got, c.want)
		}
		if (got["warning"] == "missing_charset") != (c.kind == js && c.want == "") {
			t.Errorf("%s %s: warning %v", c.method, c.kind, got["warning"])
		}
	}
}
