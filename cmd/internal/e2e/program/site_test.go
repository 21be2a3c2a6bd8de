package program_test

import (
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"jitbot/bot/slacksim"
	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// site is a workspace and a cloud, both simulated and served over TLS, and a
// folder with a configuration: all that the real program needs.
type site struct {
	t     testing.TB
	ctx   context.Context //nolint:containedctx // the test's, as long as the site
	slack *slacksim.Sim
	azure *azuresim.Sim
	file  string
	env   []string
	// where both are served
	armURL, slackURL string

	mu     sync.Mutex
	trap   *trap
	served chan struct{} // closed and renewed after each request to Azure
}

// trap catches one request to Azure: served or not, it is never answered.
type trap struct {
	method string
	effect bool
	spring func()
}

const (
	allowance     = 3 * time.Minute // for a whole test on a busy machine
	approveButton = "approve"       // its action
)

func newSite(t testing.TB) *site { return newSiteWith(t, slacksim.Options{}) }

// newSiteWith is newSite with another workspace.
func newSiteWith(t testing.TB, workspace slacksim.Options) *site {
	t.Helper()
	// With a cold cache this compiles the Azure SDK, which is no part of what the
	// allowance is for.
	if _, err := built.program(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), allowance)
	t.Cleanup(cancel)
	s := &site{t: t, ctx: ctx, served: make(chan struct{}), file: filepath.Join(t.TempDir(), "jitbot.yaml")}
	s.azure = azuresim.New(azuresim.Options{})
	azuresim.SeedDemo(s.azure)
	s.slack = slacksim.New(workspace)
	slacksim.SeedDemo(s.slack)
	arm, slack := serveTLS(t, http.HandlerFunc(s.serveAzure)), serveTLS(t, s.slack)
	t.Cleanup(s.slack.Close)
	s.azure.SetURL(arm.URL)
	s.slack.SetURL(slack.URL)
	authority := filepath.Join(filepath.Dir(s.file), "ca.pem")
	s.write(authority, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: arm.Certificate().Raw})))
	options := s.slack.Options()
	s.env = append(os.Environ(), "SSL_CERT_FILE="+authority, "SSL_CERT_DIR=/nonexistent", "NO_PROXY=*",
		"SLACK_BOT_TOKEN="+options.BotToken, "SLACK_APP_TOKEN="+options.AppToken,
		"AZURE_TENANT_ID="+azuresim.DefaultTenantID, "AZURE_CLIENT_ID="+azuresim.DefaultClientID, "AZURE_CLIENT_SECRET="+azuresim.DefaultClientSecret)
	s.armURL, s.slackURL = arm.URL, slack.URL
	s.write(s.file, s.configuration(arm.URL, slack.URL))
	return s
}

func serveTLS(t testing.TB, h http.Handler) *httptest.Server {
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // killed clients
	server.StartTLS()
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server
}

func (s *site) configuration(arm, slack string) string {
	return fmt.Sprintf(`installation: prod
slack:
  api_url: %s/api/
  channel: %s
azure:
  subscriptions: [%s]
  cloud: custom
  custom:
    authority_host: %s/
    resource_manager: {endpoint: %[4]s, audience: %[5]s}
    graph: {endpoint: %[4]s, audience: %[6]s}
  poll: 100ms
  open_within: {nsg: 10s}
store: %[7]s
listen: 127.0.0.1:0
users:
  %[8]s: %[9]s
  %[10]s: %[11]s
  %[12]s: %[13]s
admins: [%[12]s]
approvals:
  - match: {}
    approvers: [%[14]s]
    required: 1
policies:
  - match: {}
    ports:
      - {port: 22, sources: ["*"], shortest: 1s, longest: 3h}
`, slack, slacksim.DemoChannelID, azuresim.DemoSubscription, arm, azuresim.DefaultAudience, azuresim.DefaultGraph, s.store(),
		slacksim.DemoEngineerID, azuresim.DemoAdaUPN, slacksim.DemoApproverID, azuresim.DemoGraceMail,
		slacksim.DemoApprover2ID, azuresim.DemoAlanMail, slacksim.DemoApproversID)
}

func (s *site) store() string { return filepath.Join(filepath.Dir(s.file), "jitbot.db") }

func (s *site) write(path, text string) {
	s.t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// serveAzure tells after each request that the cloud may have changed.
func (s *site) serveAzure(w http.ResponseWriter, r *http.Request) {
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		close(s.served)
		s.served = make(chan struct{})
	}()
	s.mu.Lock()
	trap := s.trap
	if trap != nil && (r.Method != trap.method || !strings.Contains(strings.ToLower(r.URL.Path), "/securityrules/")) {
		trap = nil
	}
	if trap != nil {
		s.trap = nil
	}
	s.mu.Unlock()
	if trap == nil {
		s.azure.ServeHTTP(w, r)
		return
	}
	if trap.effect {
		s.azure.ServeHTTP(httptest.NewRecorder(), r)
	}
	trap.spring()
	panic(http.ErrAbortHandler)
}

func (s *site) setTrap(t *trap) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trap = t
}

// awaitAzure waits until the cloud is as wanted.
func (s *site) awaitAzure(what string, cond func() bool) {
	s.t.Helper()
	for {
		s.mu.Lock()
		served := s.served
		s.mu.Unlock()
		if cond() {
			return
		}
		select {
		case <-served:
		case <-s.ctx.Done():
			s.t.Fatalf("waiting for %s in Azure: %v", what, s.ctx.Err())
		}
	}
}

// awaitSlack waits until the workspace is as wanted.
func (s *site) awaitSlack(what string, cond func(*slacksim.Snapshot) bool) {
	s.t.Helper()
	if err := s.slack.Wait(s.ctx, cond); err != nil {
		s.t.Fatalf("waiting for %s in Slack: %v; direct messages: %q", what, err, s.told())
	}
}

// told are the texts of the engineer's direct messages.
func (s *site) told() []string {
	var out []string
	for _, m := range s.slack.DMs(slacksim.DemoEngineerID) {
		out = append(out, m.Text)
	}
	return out
}

func (s *site) awaitTold(words string) {
	s.t.Helper()
	s.awaitSlack("the words "+words, func(n *slacksim.Snapshot) bool {
		for _, m := range n.DMs(slacksim.DemoEngineerID) {
			if strings.Contains(m.Text, words) {
				return true
			}
		}
		return false
	})
}

// awaitClosed waits until everybody was told of the end: the engineer, the card
// and its thread.
func (s *site) awaitClosed() {
	s.t.Helper()
	s.awaitTold("is closed")
	s.awaitSlack("the card's and the thread's last form", func(n *slacksim.Snapshot) bool {
		card := n.Messages(slacksim.DemoChannelID)[0]
		thread := n.Thread(card.Channel, card.TS)
		return len(card.Buttons()) == 0 && strings.Contains(thread[len(thread)-1].Text, "Closed.")
	})
}

// rules are the names of our allow rules, each with its group.
func (s *site) rules() []string {
	var out []string
	for _, guard := range s.azure.NSGs() {
		for _, r := range s.azure.Rules(guard) {
			if strings.HasPrefix(r.Name, "jitbot-") {
				out = append(out, guard+"/securityRules/"+r.Name)
			}
		}
	}
	return out
}

// foreign is everybody else's rules, to be compared.
func (s *site) foreign() string {
	var b strings.Builder
	for _, guard := range s.azure.NSGs() {
		b.WriteString(guard + "\n" + s.azure.DumpRules(guard, func(name string) bool { return strings.HasPrefix(name, "jitbot-") }))
	}
	return b.String()
}

// request asks for web-1, which has a guard on its interface and one on its
// subnet, and waits for the card. It returns the grant.
func (s *site) request(duration string) jit.ID {
	s.t.Helper()
	s.awaitSlack("a socket", func(n *slacksim.Snapshot) bool { return n.Sockets > 0 })
	line := "request web-1 22 " + duration + " from 203.0.113.7 for reading the logs"
	if _, err := s.slack.Slash(s.ctx, slacksim.DemoEngineerID, slacksim.DemoChannelID, "/jit", line); err != nil {
		s.t.Fatal(err)
	}
	var id jit.ID
	s.awaitSlack("the card", func(n *slacksim.Snapshot) bool {
		for _, m := range n.Messages(slacksim.DemoChannelID) {
			if b, ok := m.Button(approveButton); ok {
				id = jit.ID(b.Value)
				return true
			}
		}
		return false
	})
	return id
}

// approve clicks on the only card.
func (s *site) approve() {
	s.t.Helper()
	card := s.slack.Messages(slacksim.DemoChannelID)[0]
	// The program may die of it, so that nobody answers.
	if _, err := s.slack.Click(s.ctx, slacksim.DemoApproverID, card.Channel, card.TS, approveButton); err != nil {
		s.t.Logf("the click: %v", err)
	}
}
