package bot

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

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

	Channels []string // that cards go to, which are looked at

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
	keyLimits     rateLimits     // of letters typed into a menu and VMs chosen from it
	prompt        pool           // what somebody waits for with three seconds at most: forms, menus
	answers       pool           // what is shown later: lists, answers, what fills a form
	work          pool           // what asks Azure
	notes         sync.WaitGroup // notes that wait until an answer is late
	forms         redraws        // which choice of VM is the newest
	seen          seenEvents     // events that came before
	homeTabs      homeQueue      // Home tabs that are to be shown again
	installation  installation   // how the app is installed
}

// New makes a bot. It speaks to nobody before Run.
func New(c Config) (*Bot, error) {
	if c.API == nil || c.Service == nil || c.Inbox == nil {
		return nil, errors.New("making the bot: API, Service and Inbox are required")
	}
	if c.HTTP == nil {
		c.HTTP = &http.Client{Timeout: 10 * time.Second}
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
		homeTabs: newHomeQueue(),
	}
	b.status.now = c.Now
	b.status.since = c.Now()
	return b, nil
}

// Connected tells whether Slack can reach the bot, since when that is so, and
// the last error of the connection.
func (b *Bot) Connected() (ok bool, since time.Time, lastError string) { return b.status.read() }

// LastError is the last error of the connection and when it was; empty while every
// socket is up.
func (b *Bot) LastError() (text string, at time.Time) { return b.status.failure() }

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
	working, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	b.prompt.start(ctx, working, promptWorkers)
	b.answers.start(ctx, working, answerWorkers)
	b.work.start(ctx, working, workWorkers)

	var replay sync.WaitGroup
	replay.Go(func() { b.replay(ctx, working) })
	for range homeWorkers {
		replay.Go(func() { b.publishHomes(ctx) })
	}
	replay.Go(func() { b.inspect(ctx) })
	err = b.serve(ctx)
	stop()

	// Work under way may finish, but a shutdown does not wait for ever.
	timer := time.AfterFunc(b.Grace, end)
	defer timer.Stop()
	replay.Wait()
	b.prompt.wait()
	b.answers.wait()
	b.work.wait()
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
