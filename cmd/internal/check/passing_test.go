package check_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"jitbot/bot"
	"jitbot/bot/slacksim"
	"jitbot/cmd/internal/check"
	"jitbot/jit/azure/azuresim"
	"jitbot/store/bolt"
)

// What passes by itself is told as passing: nobody reinstalls an app, or changes a
// token, a channel or a list of people, because Slack was busy.
func TestPassingFaultsAreToldAsPassing(t *testing.T) {
	for name, fault := range map[string]slacksim.Fault{
		"throttled": {RetryAfter: 20 * time.Second}, "broken": {Status: http.StatusInternalServerError}, "down": {Status: http.StatusServiceUnavailable},
		"behind a proxy that fails": {Status: http.StatusBadGateway}, "no JSON": {BadJSON: true}, "cut off": {Drop: true}, "in trouble": {Error: "internal_error"},
	} {
		for _, method := range []string{"auth.test", "apps.connections.open", "bots.info", "conversations.info", "users.info", "usergroups.users.list"} {
			synctest.Test(t, func(t *testing.T) {
				p := newPremises(t)
				p.slack.FailNext(method, 100, fault)
				var faults []string
				for _, line := range p.check() {
					if strings.HasPrefix(line, "FAULT") {
						faults = append(faults, line)
					}
				}
				if len(faults) == 0 {
					t.Errorf("%s, %s: no fault", name, method)
				}
				for _, line := range faults {
					passing := strings.Contains(line, "that may pass by itself, so try again in a minute")
					for _, wrong := range []string{"reinstall", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "mend ", "invite", "counts as nobody", "name somebody"} {
						if !passing || strings.Contains(line, wrong) {
							t.Errorf("%s, %s is told as lasting (%s): %s", name, method, wrong, line)
							break
						}
					}
				}
			})
		}
	}
}

// However many there are to look at and however slow each answer is: what answers is
// waited for. What says nothing is given up, and told as passing.
func TestCheckTakesAsLongAsThereIsToLookAt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPremises(t)
		p.crowd(600)
		p.fault(azuresim.Fault{Latency: 8 * time.Second})
		p.slack.Latency("*", 700*time.Millisecond)
		began := time.Now()
		text := strings.Join(p.check(), "\n")
		if strings.Contains(text, "FAULT") {
			t.Errorf("after %s it says\n%s", time.Since(began), text)
		}
		if took := time.Since(began); took < 30*time.Second {
			t.Errorf("it took %s only, so nothing was shown", took)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		p := newPremises(t)
		p.slack.Latency("*", time.Hour)
		p.fault(azuresim.Fault{Latency: 7 * time.Second})
		began := time.Now()
		lines := p.check()
		text := strings.Join(lines, "\n")
		if took := time.Since(began); took > 2*time.Minute || !strings.Contains(text, "ok     azure machines") {
			t.Errorf("it took %s and says\n%s", took, text)
		}
		for _, line := range lines {
			if strings.HasPrefix(line, "FAULT") && !strings.Contains(line, "try again in a minute") {
				t.Errorf("told as lasting: %s", line)
			}
		}
	})
}

// Tokens of two apps, and another jitbot on the same app: every line was fine, and no
// command, or half of the clicks, ever came.
func TestCheckTellsWrongInstallations(t *testing.T) {
	t.Run("two apps", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p := newPremisesOf(t, slacksim.Options{SocketAppID: "A0OTHER"})
			text := strings.Join(p.check(), "\n")
			if !strings.Contains(text, "FAULT  slack app      the tokens are of two apps: SLACK_BOT_TOKEN of A0JITBOT and SLACK_APP_TOKEN of A0OTHER") {
				t.Errorf("it says\n%s", text)
			}
		})
	})
	t.Run("another jitbot", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p := newPremises(t)
			ctx, leave := context.WithCancel(t.Context())
			var running sync.WaitGroup
			running.Go(func() { connected(ctx, t, p) })
			synctest.Wait()
			text := strings.Join(p.check(), "\n")
			if !strings.Contains(text, "FAULT  slack socket   2 more than") {
				t.Errorf("it says\n%s", text)
			}
			s, err := bolt.Open(ctx, p.o.Config.Store, bolt.Options{})
			if err != nil {
				t.Fatal(err)
			}
			sockets := p.slack.CountCalls("link")
			if text = strings.Join(p.check(), "\n"); strings.Contains(text, "FAULT") || !strings.Contains(text, "the jitbot that runs tells in /readyz") {
				t.Errorf("beside a jitbot that runs it says\n%s", text)
			}
			if p.slack.CountCalls("link") != sockets {
				t.Error("a socket was opened that takes from the jitbot that runs")
			}
			p.must(s.Close())
			leave()
			running.Wait()
		})
	})
}

// connected is another jitbot on the app.
func connected(ctx context.Context, t *testing.T, p *premises) {
	api := bot.NewClient(bot.Account{BotToken: p.o.Tokens.Bot, AppToken: p.o.Tokens.App, URL: p.o.Config.SlackURL, HTTP: p.o.HTTP})
	network, _ := p.o.HTTP.Transport.(*http.Transport)
	dialer := websocket.Dialer{NetDialContext: network.DialContext}
	for range 2 {
		_, address, err := api.StartSocketModeContext(ctx)
		if err != nil {
			t.Error(err)
			return
		}
		conn, answer, err := dialer.DialContext(ctx, address, nil)
		if err != nil {
			t.Error(err)
			return
		}
		_ = answer.Body.Close()
		var reading sync.WaitGroup
		reading.Go(func() {
			for {
				if _, _, err := conn.ReadMessage(); err != nil {
					return
				}
			}
		})
		defer reading.Wait()
		defer conn.Close()
	}
	<-ctx.Done()
}

// Who may read health and metrics is said.
func TestCheckSaysWhoMayRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPremises(t)
		p.o.Config.Listen = "0.0.0.0:9090"
		found := check.Run(t.Context(), p.o, errors.New("no tokens"))
		if !slices.ContainsFunc(found, func(f check.Finding) bool {
			return f.What == "listen" && f.Err == nil && strings.Contains(f.Note, "whoever reaches this machine at 0.0.0.0:9090 may read /readyz and /metrics")
		}) {
			t.Errorf("it says %v", found)
		}
	})
}
