package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"golang.org/x/sync/errgroup"

	"jitbot/bot"
	"jitbot/cmd/internal/config"
	"jitbot/jit"
	"jitbot/jit/access"
	"jitbot/jit/admission"
	"jitbot/jit/azure"
	"jitbot/jit/clock"
	"jitbot/jit/digest"
	"jitbot/jit/outbox"
	"jitbot/jit/protection"
	"jitbot/jit/reconcile"
	"jitbot/store/bolt"
	"jitbot/store/segment"
)

// Options are what Run and the verbs work with. Config is required, and Tokens
// wherever Slack is spoken to.
type Options struct {
	Config  config.Config
	Tokens  config.Tokens
	Version string       // for jitbot_build_info
	Out     io.Writer    // takes what an operator must read at the end; nil discards it
	Stream  io.Writer    // takes the record's lines where the configuration says stdout; nil discards them
	Log     *slog.Logger // nil is silent

	Credential azcore.TokenCredential // nil: what the environment tells
	Transport  policy.Transporter     // to Azure; nil: the SDK's
	HTTP       *http.Client           // to Slack; nil: one with a time limit

	// Listening, when not nil, is told the address of health and metrics.
	Listening func(net.Addr)
	// Notifier, when not nil, may stand between jitbot and what it tells
	// people, such as to check it.
	Notifier func(outbox.Notifier) outbox.Notifier
	// Started, when not nil, is given the reconciler before it runs, and what reads
	// the store: a demonstration moves the one's clock and shows the other's
	// grants and protections.
	Started func(*reconcile.Reconciler, StoreReader)
	// Stagger is the time between the starts of the two sockets to Slack; 0
	// is the bot's own.
	Stagger time.Duration
	// Grace bounds how long Run waits, once ctx has ended, for work under
	// way: first of Slack, then of Azure. 0 is ten seconds.
	Grace time.Duration
}

// StoreReader is what a demonstration shows of the store; see jit.Grants and
// protection.Store.
type StoreReader interface {
	Unfinished(ctx context.Context) ([]jit.Grant, error)
	Protections(ctx context.Context) ([]protection.Protection, error)
}

const defaultGrace = 10 * time.Second

func (o Options) withDefaults() Options {
	if o.Out == nil {
		o.Out = io.Discard
	}
	if o.Stream == nil {
		o.Stream = io.Discard
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Grace <= 0 {
		o.Grace = defaultGrace
	}
	return o
}

// AzureClient connects to Azure as Run does; it asks nothing yet. observe, when
// not nil, is told of each exchange, as in azure.Config.
func (o Options) AzureClient(observe func(method string, code int)) (*azure.Client, error) {
	return o.recordingClient(observe, nil)
}

// recordingClient is AzureClient with what is told of each change that it asks for.
func (o Options) recordingClient(observe func(method string, code int), wrote func(jit.Write)) (*azure.Client, error) {
	c := o.Config.Azure
	return azure.New(azure.Config{
		Subscriptions: c.Subscriptions, Cloud: azure.Cloud(c.Cloud),
		Custom: azure.Custom{
			AuthorityHost:   c.Custom.AuthorityHost,
			ResourceManager: azure.Endpoint(c.Custom.ResourceManager),
			Graph:           azure.Endpoint(c.Custom.Graph),
		},
		APIVersions: azure.APIVersions(c.APIVersions), Poll: c.Poll, GroupWrites: c.GroupWrites,
		Credential: o.Credential, Transport: o.Transport, Observe: observe, Wrote: wrote, Log: o.Log,
	})
}

// SlackAccount is what Run signs in to Slack with.
func (o Options) SlackAccount() bot.Account {
	return bot.Account{BotToken: o.Tokens.Bot, AppToken: o.Tokens.App, URL: o.Config.SlackURL, HTTP: o.HTTP}
}

// Run is the bot: it serves until ctx ends, then lets the work under way
// finish, tells which grants are live and how they end without it, and returns
// nil. The reconciler runs from the first moment; Slack is served once it has tried
// what was overdue.
//
// It returns early when the store cannot be opened or is no longer to be
// trusted, and when Slack refuses the tokens for good; then only once no grant
// is live any more, because until then somebody must close.
func Run(ctx context.Context, o Options) (err error) {
	o = o.withDefaults()
	s, err := bolt.Open(ctx, o.Config.Store, bolt.Options{})
	if err != nil {
		return err // a sentence already
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	p, err := o.wire(s)
	if err != nil {
		return err
	}
	var closeStream func() error
	if p.stream, closeStream, err = o.openStream(s); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeStream()) }()
	listener, err := o.listen(ctx)
	if err != nil {
		return err
	}
	o.Log.InfoContext(ctx, "jitbot runs", slog.String("version", o.Version),
		slog.String("installation", o.Config.Jit.Installation), slog.String("store", o.Config.Store))
	if o.Started != nil {
		o.Started(p.reconciler, s)
	}
	err = p.run(ctx, listener, o.listenHost(ctx))
	return errors.Join(err, p.tellLive(context.WithoutCancel(ctx)))
}

// program is the bot put together.
type program struct {
	Options
	store      *bolt.Store
	azure      *azure.Client
	reconciler *reconcile.Reconciler
	digests    *digest.Writer
	service    *access.Service
	dispatcher *outbox.Dispatcher
	bot        *bot.Bot
	meters     *meters
	writes     *writes
	stream     *stream // nil when there is none
}

// wire makes every part and starts none.
func (o Options) wire(s *bolt.Store) (*program, error) {
	p := &program{Options: o, store: s}
	p.meters = newMeters(o.Version)
	var err error
	p.writes = newWrites(s, o.Log)
	if p.azure, err = o.recordingClient(p.meters.request, p.writes.add); err != nil {
		return nil, err
	}
	account := o.SlackAccount()
	account.Observe = p.meters.slackRequest
	api := bot.NewClient(account)
	cards := bot.NewNotifier(api)
	var notifier outbox.Notifier = cards
	if o.Notifier != nil {
		notifier = o.Notifier(notifier)
	}
	p.dispatcher = outbox.New(s, notifier, outbox.Options{Channel: o.Config.Jit.Channel, Limits: bot.Limits(), Log: o.Log})
	waking := wakingStore{Writer: p.dispatcher.Waking(s), silentStore: silentStore{s}}
	checks := admission.NewChecker(o.Config.Jit, admission.Adapters{
		Grants: waking, Protections: waking, Record: waking, Names: waking,
		Network: p.azure, Inventory: p.azure, Directory: p.azure, Readiness: p.azure,
		People: bot.NewPeople(api), Meter: p.meters, Topology: p.azure, Locks: p.azure, Witness: p.azure, Log: o.Log,
	})
	p.reconciler = reconcile.New(checks, waking)
	p.digests = digest.NewWriter(checks, waking, p.reconciler.Doubt)
	p.service = access.New(checks, waking, p.reconciler)
	cards.Others = p.service.Others
	p.bot, err = bot.New(bot.Config{
		API: api, HTTP: o.HTTP, Service: p.service, Inbox: s, Log: o.Log,
		Channels: Channels(o.Config.Jit), PerPerson: o.Config.PerPerson, Stagger: o.Stagger, Grace: o.Grace, Live: p.anyLive,
		Clicked: func(ctx context.Context, id jit.ID, at jit.Card) error { return mend(ctx, s, cards, id, at) },
	})
	if err != nil {
		return nil, fmt.Errorf("making the Slack bot: %w", err)
	}
	cards.Changed, cards.Digest = p.bot.Refresh, s.Digest
	p.meters.scrape(p)
	return p, nil
}

// run starts the parts and waits for them. Slack ends with ctx, the rest when
// Slack has ended and what it began is done.
func (p *program) run(ctx context.Context, listener, hostListener net.Listener) error {
	work, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	group, work := errgroup.WithContext(work)
	group.Go(func() error { return p.reconciler.Run(work, p.service.Attend) })
	group.Go(func() error { return p.digests.Run(work) })
	group.Go(func() error { return p.dispatcher.Run(work) })
	group.Go(func() error { return p.watchStore(work) })
	group.Go(func() error { p.writes.run(work); return nil })
	if hook := p.webhook(); hook != nil {
		group.Go(func() error { hook.Run(work); return nil })
	}
	group.Go(func() error {
		sealer{
			store: p.store, dir: segment.Dir(p.Config.Store), keep: p.Config.Keep, streamed: p.stream != nil,
		}.run(work, p.Log)
		return nil
	})
	if p.stream != nil {
		group.Go(func() error { p.serveStream(work, p.stream); return nil })
	}
	if listener != nil {
		group.Go(func() error { return serveHTTP(work, listener, p.health(), p.Log) })
	}
	if hostListener != nil {
		group.Go(func() error { return p.serveHost(work, hostListener) })
	}
	group.Go(func() error {
		defer end()
		front, stop := context.WithCancel(ctx)
		defer stop()
		defer context.AfterFunc(work, stop)()
		if err := p.serveSlack(front); err != nil {
			return err
		}
		p.drain(work)
		return nil
	})
	return group.Wait()
}

// serveSlack waits for the first closings and serves Slack until ctx ends.
func (p *program) serveSlack(ctx context.Context) error {
	select {
	case <-p.reconciler.Served():
	case <-ctx.Done():
		return nil
	}
	refused := p.bot.Run(ctx)
	if ctx.Err() != nil {
		return nil //nolint:nilerr // whoever ended it knows why
	}
	if refused != nil {
		refused = fmt.Errorf("Slack refuses jitbot until somebody mends it: %w", refused) //nolint:staticcheck // a name
	}
	return refused
}

const (
	lookEvery = time.Second
	shoutAt   = time.Minute // how often a trouble that lasts is logged
)

// anyLive reports whether something is open that somebody may have to end; in
// doubt it is.
func (p *program) anyLive(ctx context.Context) bool {
	live, err := p.live(ctx)
	return err != nil || len(live) > 0
}

// watchStore ends everything when the file is no longer the one that was
// opened, or could not be written: what is answered then would be lost. A write that
// the disk does not answer is shouted about: closing goes on by what can be read.
func (p *program) watchStore(ctx context.Context) error {
	var shouted time.Time
	for clock.Sleep(ctx, lookEvery) {
		if waits := p.store.Waiting(); waits > storeLate && time.Since(shouted) >= shoutAt {
			shouted = time.Now()
			p.Log.ErrorContext(ctx, "the disk of the store does not answer, so nothing is stored and only closing goes on; look at the disk",
				slog.Duration("waits", waits))
		}
		if err := p.store.Check(ctx); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}
