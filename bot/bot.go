package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"jitbot/jit"
	"jitbot/jit/access"
	"jitbot/jit/reach"
)

// Service is what people can do with grants. A no is a *jit.Refusal; anything
// else that goes wrong is a fault, which is logged and not shown.
type Service interface {
	// Ask stores a request. The same key gives the same grants again.
	Ask(ctx context.Context, by jit.UserID, key string, a jit.Ask) ([]jit.Grant, error)
	// Check checks the rights for an asked grant and returns it as it is then,
	// a refused one with the refusal.
	Check(ctx context.Context, id jit.ID) (jit.Grant, error)
	// Offer tells what may be asked for at VMs, named as in Ask.
	Offer(ctx context.Context, by jit.UserID, words []string) (access.Offer, error)
	// Recent is what somebody asked for the last time; false when never.
	Recent(ctx context.Context, by jit.UserID) (jit.Request, bool, error)
	// Search lists VMs whose name, group or tag contains the text.
	Search(ctx context.Context, by jit.UserID, text string, limit int) ([]jit.VM, error)

	// Approve counts a yes.
	Approve(ctx context.Context, by jit.UserID, id jit.ID) (jit.Grant, error)
	// Deny ends a waiting request with a no.
	Deny(ctx context.Context, by jit.UserID, id jit.ID, reason string) (jit.Grant, error)
	// Cancel withdraws one's own waiting request.
	Cancel(ctx context.Context, by jit.UserID, id jit.ID) (jit.Grant, error)
	// Done ends one's own access.
	Done(ctx context.Context, by jit.UserID, id jit.ID) (jit.Grant, error)
	// Revoke ends somebody's access.
	Revoke(ctx context.Context, by jit.UserID, id jit.ID, reason string) (jit.Grant, error)

	// Known is nil for a full, active member of the workspace.
	Known(ctx context.Context, by jit.UserID) error
	// List shows live grants and waiting requests, one's own or all that the
	// person may see.
	List(ctx context.Context, by jit.UserID, all bool) ([]access.ListedGrant, error)
	// Concerns lists one's own grants that have not ended, and the requests
	// that wait for one's decision.
	Concerns(ctx context.Context, by jit.UserID) ([]access.ListedGrant, error)
	// VMs lists VMs as Search does, with whether they are protected and what may
	// be asked for; only those that the person may see. more says that there may
	// be others.
	VMs(ctx context.Context, by jit.UserID, text string, limit int) (lines []access.ListedVM, more bool, err error)
	// Scan says how each VM stands that the person may see, the exposed first.
	Scan(ctx context.Context, by jit.UserID) (findings []reach.Finding, more bool, err error)
	// Explain is a dry run of a request, by who or, for admins, for who else.
	Explain(ctx context.Context, by jit.UserID, vm string, who jit.UserID) (access.Explanation, error)
	// Admin is nil for an admin.
	Admin(ctx context.Context, by jit.UserID) error

	// Protect shuts ports of VMs, named as in Ask; each has its own outcome.
	Protect(ctx context.Context, by jit.UserID, words []string, ports []jit.PortPolicy) ([]access.VMResult, error)
	// Unprotect ends that; each VM has its own outcome.
	Unprotect(ctx context.Context, by jit.UserID, words []string) ([]access.VMResult, error)
}

// Config is what the bot is made of. API, Service and Inbox are required.
type Config struct {
	API     *slack.Client // of NewClient, which keeps the pace of reconnecting
	HTTP    *http.Client  // for response URLs; nil is one with a time limit
	Service Service
	Inbox   Inbox
	Log     *slog.Logger

	PerPerson int              // commands and clicks a minute, 20 when 0
	Stagger   time.Duration    // between the starts of the two sockets, 30 s when 0
	Grace     time.Duration    // for work under way at the end of Run, 10 s when 0
	Now       func() time.Time // the wall clock when nil
}

const (
	defaultPerPerson = 20
	keysPerCommand   = 20 // letters typed into a menu and VMs chosen from it, for one command
)

// Bot reads from Slack. Make it with New, run it with Run.
type Bot struct {
	Config
	status    status
	workspace workspace // set by Run before anything is read
	people    limits
	keys      limits     // of what is not worth counting as a command
	prompt    pool       // what somebody waits for with three seconds at most: forms, menus
	screen    pool       // what is shown later: lists, answers, what fills a form
	work      pool       // what asks Azure
	forms     redraws    // which choice of VM is the newest
	seen      seenEvents // events that came before
	homeTabs  homeQueue  // Home tabs that are to be shown again
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
	if c.Now == nil {
		c.Now = time.Now
	}
	b := &Bot{
		Config: c, people: limits{perMinute: c.PerPerson}, keys: limits{perMinute: keysPerCommand * c.PerPerson},
		homeTabs: homeQueue{wake: make(chan struct{}, 1)},
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
	home, err := b.login(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	b.workspace = home
	b.Log.InfoContext(ctx, "slack workspace found", "team", home.Team, "enterprise", home.Enterprise, "bot_user", home.User)

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	working, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	b.prompt.start(ctx, working, promptWorkers)
	b.screen.start(ctx, working, screenWorkers)
	b.work.start(ctx, working, workWorkers)

	var replay sync.WaitGroup
	replay.Go(func() { b.replay(ctx, working) })
	replay.Go(func() { b.publishHomes(ctx) })
	err = b.serve(ctx)
	stop()

	// Work under way may finish, but a shutdown does not wait for ever.
	timer := time.AfterFunc(b.Grace, end)
	defer timer.Stop()
	replay.Wait()
	b.prompt.wait()
	b.screen.wait()
	b.work.wait()
	b.status.set(nobody, false)
	return err
}

// login asks Slack who we are, for as long as it takes; a token that Slack
// refuses is the end.
func (b *Bot) login(ctx context.Context) (workspace, error) {
	for wait := time.Second; ; wait = min(2*wait, time.Minute) {
		w, err := whoami(ctx, b.API)
		if err == nil {
			return w, nil
		}
		b.status.fail(err)
		if fatal(err) {
			return workspace{}, fmt.Errorf("the bot token (SLACK_BOT_TOKEN) is of no use: %w", err)
		}
		b.Log.WarnContext(ctx, "slack cannot be reached", "error", err, "pause", wait)
		if !pause(ctx, max(wait, busyFor(err))) {
			return workspace{}, ctx.Err()
		}
	}
}
