package page_test

import (
	"bytes"
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"jitbot/bot/slacksim"
	"jitbot/cmd/jitdemo/page"
	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/guardpath"
	"jitbot/jit/protection"
)

// rig is the page over both simulators, with a scripted bot in place of the real one.
type rig struct {
	slack *slacksim.Sim
	azure *azuresim.Sim
	api   *slack.Client
	srv   *httptest.Server // the page
	ctx   context.Context  //nolint:containedctx // it lives as long as its test

	mu          sync.Mutex
	ahead       time.Duration
	running     bool
	grant       *jit.Grant
	protections []protection.Protection
}

func newRig(t *testing.T, change func(*page.Options)) *rig {
	t.Helper()
	r := &rig{azure: azuresim.New(azuresim.Options{}), running: true}
	azuresim.SeedDemo(r.azure)
	r.slack = slacksim.New(slacksim.Options{AckTimeout: time.Second})
	slacksim.SeedDemo(r.slack)
	wire := httptest.NewServer(r.slack)
	r.slack.SetURL(wire.URL)
	o := r.slack.Options()
	r.api = slack.New(o.BotToken, slack.OptionAPIURL(wire.URL+"/api/"), slack.OptionAppLevelToken(o.AppToken))
	opt := page.Options{
		Slack: r.slack, Azure: r.azure, Now: r.now, Skip: r.skip, Running: r.isRunning,
		Kill:  func() error { r.setRunning(false); return nil },
		Start: func() error { r.setRunning(true); return nil },
		Grants: func(context.Context) ([]jit.Grant, error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			if r.grant == nil {
				return nil, nil
			}
			return []jit.Grant{*r.grant}, nil
		},
		Protections: func(context.Context) ([]protection.Protection, error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			return r.protections, nil
		},
		Shortcuts: []page.Shortcut{{Callback: "ask", Name: "Request access"}},
	}
	if change != nil {
		change(&opt)
	}
	r.srv = httptest.NewServer(page.New(opt))
	for _, s := range []*httptest.Server{wire, r.srv} {
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
	}
	var cancel context.CancelFunc
	r.ctx, cancel = context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(func() {
		cancel()
		r.slack.Close()
		r.srv.CloseClientConnections()
		r.srv.Close()
		wire.Close()
	})
	return r
}

func (r *rig) now() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Now().Add(r.ahead)
}

func (r *rig) isRunning() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.running
}

func (r *rig) setRunning(on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running = on
}

// ourRule is what the scripted bot writes, named as jitbot names it.
const ourRule = "jitbot-demo-g-7k2qd-web-1-ada1d042-tcp"

// write writes our rule into a guard.
func (r *rig) write(t *testing.T, guard string) {
	err := r.azure.PutRule(guard, azuresim.Rule{
		Name: ourRule, Priority: 100, Access: "Allow", Direction: "Inbound", Protocol: "Tcp",
		SourceAddressPrefix: "203.0.113.7/32", SourcePortRange: "*", DestinationAddressPrefix: "10.10.1.4/32", DestinationPortRange: "22",
		Description: "jitbot g-7k2qd U0ADA until " + r.now().Add(31*time.Minute).UTC().Format(time.RFC3339),
	})
	if err != nil {
		t.Errorf("writing the rule: %v", err)
	}
}

// open writes the rules and begins the countdown.
func (r *rig) open(t *testing.T) {
	now := r.now()
	var paths []guardpath.Path
	for _, guard := range []string{azuresim.DemoWebSubnetNSG, azuresim.DemoWebNICNSG} {
		r.write(t, guard)
		paths = append(paths, guardpath.Path{Guard: guard, VM: azuresim.DemoWeb1, Addresses: []netip.Addr{netip.MustParseAddr("10.10.1.4")}})
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.grant = &jit.Grant{
		ID: "g-7k2qd", State: jit.Open,
		Request: jit.Request{
			By: jit.Person{ID: slacksim.DemoEngineerID}, Targets: []jit.Target{{VM: azuresim.DemoWeb1, Name: "web-1", Group: "prod-web"}},
			Ports: []jit.Ports{{Protocol: jit.TCP, From: 22, To: 22}}, Sources: []netip.Prefix{netip.MustParsePrefix("203.0.113.7/32")},
		},
		Paths: paths, Clock: jit.Clock{Opened: now, Deadline: now.Add(30 * time.Minute)},
	}
}

// skip moves the clock and closes what is due.
func (r *rig) skip(d time.Duration) {
	r.mu.Lock()
	r.ahead += d
	due := r.grant != nil && !time.Now().Add(r.ahead).Before(r.grant.Clock.Deadline)
	if due {
		r.grant = nil
	}
	r.mu.Unlock()
	if !due {
		return
	}
	for _, guard := range []string{azuresim.DemoWebSubnetNSG, azuresim.DemoWebNICNSG} {
		_ = r.azure.DeleteRule(guard, ourRule)
	}
	// Posted within the skip: its time is the one after it.
	_, _, _ = r.api.PostMessageContext(r.ctx, slacksim.DemoEngineerID, slack.MsgOptionText("Access `g-7k2qd` is over: its rule is gone, read back just now.", false))
}

// post sends an order as the page would, changed by change.
func (r *rig) post(t *testing.T, name, body string, change func(*http.Request)) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(r.ctx, http.MethodPost, r.srv.URL+"/do/"+name, bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Origin", r.srv.URL)
	if change != nil {
		change(req)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}
