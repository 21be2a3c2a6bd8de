package program_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"jitbot/bot/slacksim"
	"jitbot/cmd/internal/alert"
	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// grantRole gives the role that the program prints, and nothing else, to an
// application; from now on Azure asks for rights.
func (s *site) grantRole(principal string, args ...string) {
	s.t.Helper()
	out, errs, code := s.verb(append([]string{"role"}, args...)...)
	if code != 0 {
		s.t.Fatalf("jitbot role: exit %d, %s", code, errs)
	}
	var role struct{ Actions, AssignableScopes []string }
	if err := json.Unmarshal([]byte(out), &role); err != nil {
		s.t.Fatalf("%v in %s", err, out)
	}
	if diff := cmp.Diff([]string{azuresim.DemoSubscriptionScope}, role.AssignableScopes); diff != "" {
		s.t.Errorf("scopes (-want +got):\n%s", diff)
	}
	id := azuresim.RoleJITBot // the demo assigns it to the bot
	if principal != azuresim.DefaultPrincipalID {
		id = "c0000000-0000-4000-8000-0000000000b7"
		s.azure.Assign(azuresim.RoleAssignment{Scope: azuresim.DemoSubscriptionScope, Role: id, Principal: principal, PrincipalType: "ServicePrincipal"})
	}
	s.azure.PutRoleDefinition(azuresim.RoleDefinition{
		ID: id, Name: "printed " + principal, Custom: true, Actions: role.Actions, AssignableScopes: role.AssignableScopes,
	})
	s.azure.Configure(func(c *azuresim.Settings) { c.EnforceRBAC = true })
}

// TestProgramLife is one grant through the real program, with no more rights
// in Azure than it asks for.
func TestProgramLife(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.grantRole(azuresim.DefaultPrincipalID)
	before := s.foreign()
	p := s.start("run")
	id := s.request("4s")
	s.approve()
	s.awaitTold("is open until")
	if rules := s.rules(); len(rules) != 2 {
		t.Errorf("open was said with the rules %q", rules)
	}
	s.awaitTold("is closed")
	if rules := s.rules(); len(rules) > 0 {
		t.Errorf("closed was said with the rules %q", rules)
	}
	s.awaitClosed()
	if out := p.stop(); out != "jitbot has stopped. No grant is live.\n" {
		t.Errorf("it printed %q", out)
	}
	want := []jit.EventKind{jit.EventAsked, jit.EventWaiting, jit.EventApproved, jit.EventOpening, jit.EventOpened, jit.EventClosing, jit.EventClosed}
	if diff := cmp.Diff(want, s.settled(id)); diff != "" {
		t.Errorf("the record (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, s.foreign()); diff != "" {
		t.Errorf("other people's rules (-before +after):\n%s", diff)
	}
	if info, err := os.Stat(s.store()); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the store is %v, %v", info.Mode(), err)
	}
	options := s.slack.Options()
	for _, secret := range []string{options.BotToken, options.AppToken, azuresim.DefaultClientSecret} {
		if strings.Contains(p.err.String()+p.out.String(), secret) {
			t.Errorf("the log shows the secret %s", secret)
		}
	}
}

// TestProgramFarewell stops the program while a grant is open: it says what is
// open and how to close it, and a second one on the same store is refused.
func TestProgramFarewell(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.start("run")
	id := s.request("1h")
	s.approve()
	s.awaitTold("is open until")

	_, errs, code := s.verb("run")
	if code != 1 || !strings.Contains(errs, "in use by another jitbot") {
		t.Errorf("a second process: exit %d, %s", code, errs)
	}
	s.azure.DeleteVM(azuresim.DemoBare) // it has no network security group, which is a fault
	if out, errs, code := s.verb("check"); code != 0 || !strings.Contains(out, "in use by a jitbot that runs") {
		t.Errorf("check beside a running bot: exit %d, %s%s", code, out, errs)
	}

	out := p.stop()
	for _, want := range []string{string(id) + " open: web-1, port 22", "1 grant is live", "jitbot sweep --config " + s.file, "until 20"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in:\n%s", want, out)
		}
	}
	rules := s.rules()
	if len(rules) != 2 {
		t.Fatalf("the rules are %q", rules)
	}
	for _, rule := range rules {
		if !strings.Contains(strings.ToLower(out), strings.ToLower("az network nsg rule delete --ids "+rule+"\n")) {
			t.Errorf("no line for %s in:\n%s", rule, out)
		}
	}
	if out, errs, code := s.verb("sweep"); code != 0 || strings.Count(out, "kept") != 3 || len(s.rules()) != 2 {
		t.Errorf("a sweep before the end: exit %d\n%s%s", code, out, errs)
	}
}

// TestProgramHealth asks the running program how it is.
func TestProgramHealth(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.start("run", "--log", "json")
	address := p.address()
	s.request("1h")
	if body, code := get(t, address+"/healthz"); code != http.StatusOK {
		t.Errorf("/healthz: %d %s", code, body)
	}
	body, code := get(t, address+"/readyz")
	if code != http.StatusOK || !strings.Contains(body, `"connected": true`) || !strings.Contains(body, `"stuck": []`) {
		t.Errorf("/readyz: %d %s", code, body)
	}
	s.slack.Down(true)
	s.awaitSlack("no socket", func(n *slacksim.Snapshot) bool { return n.Sockets == 0 })
	for { // the program notices a little later; each question is an event of its own
		if body, code = get(t, address+"/readyz"); code == http.StatusServiceUnavailable || s.ctx.Err() != nil {
			break
		}
	}
	if !strings.Contains(body, `"connected": false`) {
		t.Errorf("/readyz without Slack: %d %s", code, body)
	}
	measured(t, address, `jitbot_grants\{state="pending"\} 1`, `jitbot_grants\{state="closed"\} 0`, `jitbot_stuck_grants 0`,
		`jitbot_slack_requests_total\{code="200",method="chat.postMessage"\} [1-9]`, `jitbot_outbox_pending\{kind="card"\} `,
		`jitbot_outbox_dropped_total 0`, `jitbot_outbox_oldest_seconds `,
		`jitbot_arm_requests_total\{code="200",method="GET"\} [1-9]`, `jitbot_approved_to_open_seconds_count 0`,
		`jitbot_close_lateness_seconds_count 0`, `jitbot_build_info\{go_version="go1[^"]*",version="[^"]+"\} 1`,
		`jitbot_subscription_up\{subscription="[0-9a-f-]{36}"\} 1`, `jitbot_slack_connected 0`, `go_goroutines [1-9]`)
	for line := range strings.Lines(p.err.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("a line of the log is no JSON: %s", line)
		}
	}
}

// TestProgramStuck: a removal that Azure forbids is told and shown, by the webhook too,
// and goes on as soon as it may.
func TestProgramStuck(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alerts := make(chan alert.Alert, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var a alert.Alert
		if err := json.NewDecoder(r.Body).Decode(&a); err == nil && r.URL.RawQuery == "code=1" {
			alerts <- a
		}
	}))
	defer hook.Close()
	s.env = append(s.env, "JITBOT_WEBHOOK_SECRET=a secret of many letters")
	s.write(s.file, s.configuration(s.armURL, s.slackURL)+"alerts: {webhook: '"+hook.URL+"/hook?code=1'}\n")
	p := s.start("run")
	address := p.address()
	id := s.request("2s")
	s.approve()
	s.awaitTold("is open until")
	fault := s.azure.AddFault(azuresim.Fault{Method: http.MethodDelete, Status: http.StatusForbidden, Code: "AuthorizationFailed", Message: "no"})
	s.awaitTold("could not be removed yet")
	body, code := get(t, address+"/readyz")
	if code != http.StatusOK || !strings.Contains(body, `"grant": "`+string(id)+`"`) || !strings.Contains(body, "turned into a deny") {
		t.Errorf("/readyz: %d %s", code, body)
	}
	measured(t, address, `jitbot_stuck_grants 1`, `jitbot_grants\{state="closing"\} 1`, `jitbot_arm_requests_total\{code="403",method="DELETE"\} [1-9]`)
	stuck := told(t, alerts)
	if stuck.Event != alert.Stuck || stuck.Grant != string(id) || len(stuck.Commands) == 0 || !strings.HasPrefix(stuck.Commands[0], "az network nsg rule delete --ids /") {
		t.Errorf("the webhook is told %+v", stuck)
	}
	fault.Remove()
	s.awaitClosed()
	if over := told(t, alerts); over.Event != alert.Over || over.ID != stuck.ID {
		t.Errorf("the webhook is told %+v", over)
	}
	measured(t, address, `jitbot_stuck_grants 0`, `jitbot_approved_to_open_seconds_count 1`, `jitbot_close_lateness_seconds_count 1`)
	p.stop()
	s.settled(id)
}

// told is the next that the webhook is told.
func told(t *testing.T, alerts <-chan alert.Alert) alert.Alert {
	t.Helper()
	select {
	case a := <-alerts:
		return a
	case <-time.After(allowance):
		t.Fatal("the webhook is told nothing")
		return alert.Alert{}
	}
}

// TestProgramStoreReplaced: a store that is taken away under the program ends
// it with a sentence.
func TestProgramStoreReplaced(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.start("run")
	s.awaitSlack("a socket", func(n *slacksim.Snapshot) bool { return n.Sockets > 0 })
	if err := os.Rename(s.store(), s.store()+".old"); err != nil {
		t.Fatal(err)
	}
	if code := p.code(); code != 1 || !strings.Contains(p.err.String(), "was replaced or removed") {
		t.Errorf("exit %d, %s", code, p.err.String())
	}
}

// measured wants lines in the metrics.
func measured(t *testing.T, address string, want ...string) {
	t.Helper()
	body, _ := get(t, address+"/metrics")
	for _, line := range want {
		if !regexp.MustCompile(`(?m)^` + line).MatchString(body) {
			t.Errorf("%s is missing in the metrics", line)
		}
	}
}

func get(t testing.TB, url string) (string, int) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body), answer.StatusCode
}

// TestProgramWithoutSlack: when Slack refuses the tokens for good, the program
// ends with a sentence, but not before it has closed what is open.
func TestProgramWithoutSlack(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.start("run")
	s.request("3s")
	s.approve()
	s.awaitTold("is open until")
	p.kill()
	s.slack.SetBotToken("invalid_auth")
	s.slack.SetAppToken("invalid_auth")
	p = s.start("run")
	s.awaitAzure("no rule of ours", func() bool { return len(s.rules()) == 0 })
	if code := p.code(); code != 1 || !strings.Contains(p.err.String(), "SLACK_BOT_TOKEN") {
		t.Errorf("exit %d, %s", code, p.err.String())
	}
	if p.out.String() != "jitbot has stopped. No grant is live.\n" {
		t.Errorf("it printed %q", p.out.String())
	}
}

// TestProgramSlackDown: Slack being down delays neither start nor closing.
func TestProgramSlackDown(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.start("run")
	id := s.request("3s")
	s.approve()
	s.awaitTold("is open until")
	p.kill()
	s.slack.Down(true)
	p = s.start("run")
	s.awaitAzure("no rule of ours", func() bool { return len(s.rules()) == 0 })
	s.slack.Down(false)
	s.awaitClosed()
	p.stop()
	s.settled(id)
}
