package bot

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"

	"jitbot/jit"
	"jitbot/jit/clock"
)

// Config is what the bot is made of. API, Service and Inbox are required.
type Config struct {
	API     *slack.Client // of NewClient, which keeps the pace of reconnecting
	HTTP    *http.Client  // for response URLs; nil is one with a time limit
	Service Service
	Inbox   Inbox
	Log     *slog.Logger

	// Live reports whether something is open that somebody may have to end: while
	// it does, the bot never gives up on Slack. Nil is never.
	Live func(context.Context) bool

	// Clicked, when not nil, is told of each click of a button for a grant in a
	// message of a channel, and where that is, once it was dealt with.
	Clicked func(ctx context.Context, id jit.ID, at jit.Card) error

	// Dialer reaches the address of a socket; nil is a usual one.
	Dialer *websocket.Dialer

	PerPerson int              // commands and clicks a minute, 20 when 0
	Stagger   time.Duration    // between the starts of the two sockets, 30 s when 0
	Grace     time.Duration    // for work under way at the end of Run, 10 s when 0
	Now       func() time.Time // time.Now when nil
}

const (
	defaultPerPerson = 20
	keysPerCommand   = 20 // letters typed into a menu and VMs chosen from it, for one command
)

// Bot reads from Slack. Make it with New, run it with Run.
type Bot struct {
	Config
	status        status
	refusals      refusals
	workspace     workspace // set by Run before anything is read
	commandLimits rateLimits
	keyLimits     rateLimits // of letters typed into a menu and VMs chosen from it
	homeLimits    rateLimits // of Home tabs that are opened
	sockets       [socketCount]*socket
	serving       context.Context //nolint:containedctx // ends when Run is to end; set by Run
	saying        context.Context //nolint:containedctx // ends when nothing can be said or stored any more; set by Run
	queue         queue           // everything that is done for people
	storing       sync.WaitGroup  // deliveries that are being stored
	told          told            // what was told of the latest deliveries
	notes         sync.WaitGroup  // what waits to be said, or shown again
	forms         redraws         // which choice of VM is the newest
	seen          seenEvents      // events that came before
	panics        atomic.Uint64
}

// New makes a bot. It speaks to nobody before Run.
func New(c Config) (*Bot, error) {
	if c.API == nil || c.Service == nil || c.Inbox == nil {
		return nil, errors.New("making the bot: API, Service and Inbox are required")
	}
	if c.HTTP == nil {
		c.HTTP = &http.Client{Timeout: 10 * time.Second}
	}
	if c.Dialer == nil {
		c.Dialer = websocket.DefaultDialer
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.PerPerson <= 0 {
		c.PerPerson = defaultPerPerson
	}
	if c.Stagger <= 0 {
		c.Stagger = 30 * time.Second
	}
	if c.Grace <= 0 {
		c.Grace = 10 * time.Second
	}
	if c.Live == nil {
		c.Live = func(context.Context) bool { return false }
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	b := &Bot{
		Config: c, commandLimits: rateLimits{perMinute: c.PerPerson}, keyLimits: rateLimits{perMinute: keysPerCommand * c.PerPerson},
		homeLimits: rateLimits{perMinute: c.PerPerson}, serving: context.Background(),
	}
	b.status.now = c.Now
	b.status.since = c.Now()
	return b, nil
}

// Connected tells whether Slack can reach the bot, since when that is so, and
// the last error of the connection.
func (b *Bot) Connected() (ok bool, since time.Time, lastError string) { return b.status.read() }

// Run serves Slack until ctx ends, then lets the work under way finish; what is
// left stays in the inbox for the next start. It returns nil when ctx ended,
// else why Slack can not be served.
func (b *Bot) Run(ctx context.Context) error {
	w, err := b.login(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	b.workspace = w
	b.Log.InfoContext(ctx, "slack workspace found", "team", w.Team, "enterprise", w.Enterprise, "bot_user", w.User)

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	saying, hush := context.WithCancel(context.WithoutCancel(ctx))
	defer hush()
	working, end := context.WithCancel(saying)
	defer end()
	b.serving, b.saying = ctx, saying
	b.restore(ctx)
	b.queue.start(working, saying, b.jobPanicked)
	err = b.serve(ctx)
	stop()

	// Work under way may finish, and what is not begun and not stored is told so,
	// but a shutdown does not wait for ever.
	defer time.AfterFunc(b.Grace*3/4, end).Stop()
	defer time.AfterFunc(b.Grace, hush).Stop()
	b.queue.close()
	b.queue.wait()
	b.storing.Wait()
	b.queue.wait() // for what was said meanwhile
	b.notes.Wait()
	b.status.set(allSockets, false)
	return err
}

// login asks Slack who we are, for as long as it takes; a token that Slack
// refuses again and again is the end.
func (b *Bot) login(ctx context.Context) (workspace, error) {
	for pause := firstPause; ; pause = nextPause(pause) {
		w, err := whoami(ctx, b.API)
		if err == nil {
			b.refusals.forget()
			return w, nil
		}
		b.Log.WarnContext(ctx, "slack cannot be reached", "error", err, "pause", pause)
		if err := b.refused(ctx, botToken, err); err != nil {
			return workspace{}, err
		}
		if !clock.Sleep(ctx, max(pause, busyFor(err))) {
			return workspace{}, ctx.Err()
		}
	}
}
