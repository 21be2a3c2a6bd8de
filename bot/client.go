package bot

import (
	"fmt"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/slack-go/slack"
	"golang.org/x/time/rate"
)

// Account is how Slack is reached.
type Account struct {
	BotToken string       // xoxb-…
	AppToken string       // xapp-…
	URL      string       // of the Web API; Slack's own when empty
	HTTP     *http.Client // nil is one with a time limit
	// Observe, when not nil, is told of each exchange with the Web API: its method
	// and the status of the answer, 0 for none.
	Observe func(method string, code int)
}

// NewClient makes the client that everything in this package speaks through.
// Slack's own debug mode is never on: it logs payloads and shortens the life
// of every connection.
func NewClient(a Account) *slack.Client {
	client := http.Client{Timeout: 30 * time.Second}
	if a.HTTP != nil {
		client = *a.HTTP
	}
	if client.Transport == nil {
		client.Transport = http.DefaultTransport
	}
	// A socket that Slack ends right after its hello is reopened at once by
	// the library; only the pace of asking for new ones stops that.
	client.Transport = &pacer{next: client.Transport, observe: a.Observe, limit: rate.NewLimiter(rate.Every(2*time.Second), 4)}
	options := []slack.Option{slack.OptionAppLevelToken(a.AppToken), slack.OptionHTTPClient(&client)}
	if a.URL != "" {
		options = append(options, slack.OptionAPIURL(strings.TrimRight(a.URL, "/")+"/"))
	}
	return slack.New(a.BotToken, options...)
}

// pacer keeps apps.connections.open slow, and tells of every call.
type pacer struct {
	next    http.RoundTripper
	observe func(method string, code int)
	limit   *rate.Limiter
}

// RoundTrip implements http.RoundTripper.
func (p *pacer) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/apps.connections.open") {
		if err := p.limit.Wait(r.Context()); err != nil {
			return nil, fmt.Errorf("waiting to open a socket: %w", err)
		}
	}
	resp, err := p.next.RoundTrip(r)
	if p.observe != nil {
		code := 0
		if err == nil {
			code = resp.StatusCode
		}
		p.observe(path.Base(r.URL.Path), code)
	}
	return resp, err
}
