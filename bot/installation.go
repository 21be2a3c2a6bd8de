package bot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"jitbot/jit/clock"
)

// Greeting is what Slack says of a new connection of Socket Mode.
type Greeting struct {
	App         string // that the app token is of
	Connections int    // of the app that are open, this one too
}

// Greet opens a connection and closes it once Slack has greeted. While it is open
// Slack may give it a payload, which is then lost: do it where no other jitbot runs.
func Greet(ctx context.Context, a Account) (Greeting, error) {
	conn, err := dial(ctx, a)
	if err != nil {
		return Greeting{}, err
	}
	defer conn.Close()                                          //nolint:errcheck // there is nothing more to say
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })() // reading knows no context
	var hello socketmode.Request
	if err := conn.ReadJSON(&hello); err != nil {
		return Greeting{}, slackError("reading Slack's greeting", errors.Join(withoutURL(err), ctx.Err()))
	}
	_ = conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(time.Second))
	return Greeting{App: hello.ConnectionInfo.AppID, Connections: hello.NumConnections}, nil
}

// dial opens a connection of Socket Mode, by the same way as the Web API is reached.
func dial(ctx context.Context, a Account) (*websocket.Conn, error) {
	_, address, err := NewClient(a).StartSocketModeContext(ctx)
	if err != nil {
		return nil, slackError("opening a socket", withoutURL(err))
	}
	dialer := *websocket.DefaultDialer
	if a.HTTP != nil {
		if t, ok := a.HTTP.Transport.(*http.Transport); ok {
			dialer.NetDialContext, dialer.Proxy, dialer.TLSClientConfig = t.DialContext, t.Proxy, t.TLSClientConfig
		}
	}
	conn, answer, err := dialer.DialContext(ctx, address, nil)
	if err != nil {
		return nil, slackError("connecting the socket", withoutURL(err))
	}
	_ = answer.Body.Close()
	return conn, nil
}

// AppOf is the app that a bot of auth.test belongs to.
func AppOf(ctx context.Context, api *slack.Client, botID string) (string, error) {
	info, err := api.GetBotInfoContext(ctx, slack.GetBotInfoParameters{Bot: botID})
	if err != nil {
		return "", slackError("asking Slack for the app of the bot token", withoutURL(err))
	}
	return info.AppID, nil
}

// TwoApps says that the tokens are of different apps, so that nothing that is typed
// ever comes.
func TwoApps(botApp, socketApp string) error {
	return fmt.Errorf("the tokens are of two apps: SLACK_BOT_TOKEN of %s and SLACK_APP_TOKEN of %s,"+
		" so no command, click or form comes; take both from the same app's page", botApp, socketApp)
}

// AnotherBot says that others are connected to the app and take a share of what is
// typed and clicked.
func AnotherBot(others int) error {
	return fmt.Errorf("%d more than jitbot's own connections are open to this app, so another jitbot takes a share of commands and clicks,"+
		" and answers that there is no such grant; stop it, or give it an app of its own", others)
}

// installation is what is known of how the app is installed.
type installation struct {
	mu       sync.Mutex
	app      string    // of the bot token; empty while not known
	socket   string    // of the app token
	others   int       // connections beyond our own, by the newest greeting
	since    time.Time // of the first greeting that told of some
	heard    time.Time // of the newest
	looking  bool      // a socket is to be opened anew, to hear again
	channels []error   // what is wrong with where cards go
}

const (
	// Slack counts a connection that broke off until it notices, so others are
	// believed in when a later greeting tells of them too.
	othersAfter = time.Minute
	lookAgain   = 2 * time.Minute
	lookRarely  = 10 * time.Minute
	inspectEach = time.Hour
)

// Faults are what is wrong with how the app is installed, for somebody to mend.
func (b *Bot) Faults() []string {
	n := &b.installation
	n.mu.Lock()
	defer n.mu.Unlock()
	var out []string
	for _, err := range slices.Concat([]error{n.fault()}, n.channels) {
		if err != nil {
			out = append(out, err.Error())
		}
	}
	return out
}

// fault is what keeps people's commands away. mu is held.
func (n *installation) fault() error {
	switch {
	case n.app != "" && n.socket != "" && n.app != n.socket:
		return TwoApps(n.app, n.socket)
	case n.others > 0 && n.heard.Sub(n.since) >= othersAfter:
		return AnotherBot(n.others)
	}
	return nil
}

// greeted takes Slack's greeting of a socket. Where more connections are open than
// ours, the socket is opened anew a little later, to hear whether they still are.
func (b *Bot) greeted(ctx context.Context, s *socket, hello *socketmode.Request) {
	if hello == nil {
		return
	}
	n := &b.installation
	n.mu.Lock()
	defer n.mu.Unlock()
	n.socket = hello.ConnectionInfo.AppID
	others := max(0, hello.NumConnections-socketCount)
	n.heard = b.Now()
	if others > 0 && n.others == 0 {
		n.since = n.heard
	}
	n.others = others
	if err := n.fault(); err != nil {
		b.Log.ErrorContext(ctx, "the app is not installed as it should be", "error", err)
	}
	if others == 0 || n.looking {
		return // one socket at a time, so that the other serves
	}
	wait := lookAgain
	if n.fault() != nil {
		wait = lookRarely
	}
	n.looking = true
	b.notes.Go(func() {
		again := clock.Sleep(ctx, wait)
		n.mu.Lock()
		n.looking = false
		n.mu.Unlock()
		if again {
			(*s.cancel.Load())()
		}
	})
}

// channelFaults are what is wrong with the channels that cards go to.
func (b *Bot) channelFaults(ctx context.Context) []error {
	var faults []error
	for _, c := range b.Channels {
		if _, fault := LookAtChannel(ctx, b.API, c); fault != nil && !Passing(fault) {
			faults = append(faults, fault)
			b.Log.ErrorContext(ctx, "cards go where they should not", "error", fault)
		}
	}
	return faults
}

// inspect looks at how the app is installed, at the start and each hour.
func (b *Bot) inspect(ctx context.Context) {
	for pause := firstPause; ; {
		app, err := AppOf(ctx, b.API, b.workspace.Bot)
		faults := b.channelFaults(ctx)
		n := &b.installation
		n.mu.Lock()
		n.channels = faults
		if err == nil {
			n.app = app
		}
		if fault := n.fault(); fault != nil {
			b.Log.ErrorContext(ctx, "the app is not installed as it should be", "error", fault)
		}
		n.mu.Unlock()
		wait := inspectEach
		if err != nil && Passing(err) {
			wait, pause = pause, nextPause(pause)
		}
		if !clock.Sleep(ctx, wait) {
			return
		}
	}
}
