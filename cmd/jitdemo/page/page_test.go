package page_test

import (
	"net/http"
	"strings"
	"testing"

	"jitbot/bot/slacksim"
	"jitbot/jit/azure/azuresim"
)

func TestFilesAndPolicy(t *testing.T) {
	r := newRig(t, nil)
	for _, file := range []string{"/", "/page.css", "/page.js", "/setup", "/nothing"} {
		req, err := http.NewRequestWithContext(r.ctx, http.MethodGet, r.srv.URL+file, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if want := map[bool]int{true: 404, false: 200}[file == "/nothing"]; resp.StatusCode != want {
			t.Errorf("%s: status %d, want %d", file, resp.StatusCode, want)
		}
		policy := resp.Header.Get("Content-Security-Policy")
		want := "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
		if policy != want || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: headers %v", file, resp.Header)
		}
	}
}

func TestOnlyThisPageMayAct(t *testing.T) {
	r := newRig(t, nil)
	_, port, _ := strings.Cut(strings.TrimPrefix(r.srv.URL, "http://"), ":")
	for name, c := range map[string]struct {
		change func(*http.Request)
		want   int
	}{
		"as the page":              {func(*http.Request) {}, 200},
		"with a charset":           {func(q *http.Request) { q.Header.Set("Content-Type", "application/json; charset=utf-8") }, 200},
		"from another site":        {func(q *http.Request) { q.Header.Set("Origin", "https://evil.example") }, 403},
		"from another port":        {func(q *http.Request) { q.Header.Set("Origin", "http://127.0.0.1:1") }, 403},
		"from a sandbox":           {func(q *http.Request) { q.Header.Set("Origin", "null") }, 403},
		"without an origin":        {func(q *http.Request) { q.Header.Del("Origin") }, 403},
		"as a form":                {func(q *http.Request) { q.Header.Set("Content-Type", "text/plain") }, 403},
		"cross-site by its header": {func(q *http.Request) { q.Header.Set("Sec-Fetch-Site", "cross-site") }, 403},
		"under a bound name": {func(q *http.Request) {
			q.Host = "evil.example"
			q.Header.Set("Origin", "http://evil.example")
		}, 403},
		"under localhost": {func(q *http.Request) {
			q.Host = "localhost:80"
			q.Header.Set("Origin", "http://localhost:80")
		}, 200},
		"under another name of it": {func(q *http.Request) { q.Host = "localhost:" + port }, 403},
	} {
		if got, text := r.post(t, "slack", `{"on":false}`, c.change); got != c.want {
			t.Errorf("%s: status %d, want %d: %s", name, got, c.want, text)
		}
	}
	req, err := http.NewRequestWithContext(r.ctx, http.MethodGet, r.srv.URL+"/setup", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "evil.example"
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("reading under a bound name: status %d, want 403", resp.StatusCode)
	}
}

func TestBadOrders(t *testing.T) {
	r := newRig(t, nil)
	for _, c := range []struct {
		name, body string
		status     int
		text       string
	}{
		{"slash", `{`, 400, "cannot be read"},
		{"slash", `{"nonsense":1}`, 400, "unknown field"},
		{"fill", `{"value":{"a":1}}`, 400, "a string, a list of strings or null"},
		{"slash", `{"text":"` + strings.Repeat("x", 300<<10) + `"}`, 400, "too large"},
		{"dance", `{}`, 405, "Not Allowed"},
		{"slash", `{"as":"U0ADA","channel":"C0APPROVALS","text":"/dance"}`, 200, "/dance is not a valid command"},
		{"say", `{"as":"U0ADA","channel":"C0NOWHERE","text":"hi"}`, 200, "not in the workspace"},
		{"say", `{"as":"U0GUS","channel":"C0APPROVALS","text":"hi"}`, 200, "not possible for this person"},
		{"click", `{"as":"U0ADA","channel":"C0APPROVALS","ts":"1.2","block":"b","action":"a"}`, 200, "not in the workspace"},
		{"submit", `{"as":"U0ADA","view":"V0"}`, 200, "not in the workspace"},
		{"skip", `{"seconds":-5}`, 200, "cannot do that"},
		{"skip", `{"seconds":999999999}`, 200, "cannot do that"},
		{"deadline", `{}`, 200, "no deadline ahead"},
		{"deadline", `{"vm":"web-1"}`, 200, "no deadline ahead"},
	} {
		if status, text := r.post(t, c.name, c.body, nil); status != c.status || !strings.Contains(text, c.text) {
			t.Errorf("%s %.60s: %d %s; want %d and %q", c.name, c.body, status, text, c.status, c.text)
		}
	}
}

func TestSayIsEscaped(t *testing.T) {
	r := newRig(t, nil)
	r.post(t, "say", `{"as":"U0ADA","channel":"C0GENERAL","text":"@grace <b> & @nobody"}`, nil)
	all := r.slack.Messages(slacksim.DemoGeneralID)
	if len(all) != 1 || all[0].Text != "<@U0GRACE> &lt;b&gt; &amp; @nobody" {
		t.Errorf("posted %+v", all)
	}
}

func TestSlackFailures(t *testing.T) {
	r := newRig(t, nil)
	_, text := r.post(t, "slash", `{"as":"U0ADA","channel":"C0APPROVALS","text":"/jit help"}`, nil)
	if !strings.Contains(text, "dispatch_failed") {
		t.Errorf("nobody listens: %s", text)
	}
	r.runScript(t)
	_, text = r.post(t, "slash", `{"as":"U0ADA","channel":"C0APPROVALS","text":"/jit silent"}`, nil)
	if !strings.Contains(text, "operation_timeout") || strings.Contains(text, "failure") {
		t.Errorf("a silent bot: %s", text)
	}
}

func TestKnobs(t *testing.T) {
	r := newRig(t, nil)
	r.post(t, "slack", `{"on":true}`, nil)
	if err := r.api.SetUserPresenceContext(r.ctx, "auto"); err == nil {
		t.Error("Slack is down and answers")
	}
	r.post(t, "slack", `{"on":false}`, nil)
	throttled := func() bool {
		resp, err := azuresim.Transport{Handler: r.azure}.RoundTrip(httpGet(t, r, "https://management.azure.com/subscriptions/"+azuresim.DemoSubscription+"?api-version=2022-12-01"))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return resp.StatusCode == http.StatusTooManyRequests
	}
	for _, on := range []bool{true, true, false, false} {
		r.post(t, "azure", map[bool]string{true: `{"on":true}`, false: `{"on":false}`}[on], nil)
		if throttled() != on {
			t.Errorf("throttled is %v, want %v", !on, on)
		}
	}
	r.post(t, "kill", `{}`, nil)
	if r.isRunning() {
		t.Error("the bot runs after kill")
	}
	r.post(t, "start", `{}`, nil)
	if !r.isRunning() {
		t.Error("the bot does not run after start")
	}
}

func httpGet(t *testing.T, r *rig, url string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(r.ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	return req
}
