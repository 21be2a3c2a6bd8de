package bot_test

import (
	"bytes"
	"context"
	"io"
	"log"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"jitbot/bot"
	"jitbot/bot/slacksim"
	"jitbot/jit"
	"jitbot/jit/outbox"
)

func tcp(p uint16) jit.Ports { return jit.Ports{From: p, To: p, Protocol: jit.TCP} }

func ssh() []jit.Ports { return []jit.Ports{{From: 22, To: 22, Protocol: jit.TCP}} }

func from(s string) []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix(s)} }

// fakeInbox is an inbox in memory.
type fakeInbox struct {
	mu    sync.Mutex
	left  map[string][]byte
	known map[string]time.Time // when they came
	fail  error
}

func newFakeInbox() *fakeInbox {
	return &fakeInbox{left: map[string][]byte{}, known: map[string]time.Time{}}
}

// failWith has nothing be stored; nil ends that.
func (i *fakeInbox) failWith(err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fail = err
}

func (i *fakeInbox) Accept(_ context.Context, key string, payload []byte, now time.Time) (bool, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.fail != nil || !i.known[key].IsZero() {
		return false, i.fail
	}
	i.known[key], i.left[key] = now, bytes.Clone(payload)
	return true, nil
}

func (i *fakeInbox) Accepted(_ context.Context, each func(string, []byte, time.Time) error) error {
	i.mu.Lock()
	left, came := maps.Clone(i.left), maps.Clone(i.known)
	i.mu.Unlock()
	oldest := slices.SortedFunc(maps.Keys(left), func(a, b string) int { return came[a].Compare(came[b]) })
	for _, key := range oldest {
		if err := each(key, left[key], came[key]); err != nil {
			return err
		}
	}
	return nil
}

func (i *fakeInbox) Finish(_ context.Context, key string, now time.Time) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.known[key].IsZero() {
		i.known[key] = now
	}
	delete(i.left, key)
	return nil
}

func (i *fakeInbox) waiting() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.left)
}

// tester is what a setup needs of a test, or of one case of a property.
type tester interface {
	Helper()
	Context() context.Context
	Cleanup(f func())
	Error(args ...any)
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// setup is a workspace, a service and an inbox, and bots that serve them.
type setup struct {
	t       tester
	sim     *slacksim.Sim
	service *fakeService
	inbox   *fakeInbox
	conf    bot.Config
	logs    *logLines
	ctx     context.Context //nolint:containedctx // the test's own, which ends every wait of it
}

// logLines collects what is logged.
type logLines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func setUp(t *testing.T, opt slacksim.Options) *setup {
	t.Helper()
	sim := slacksim.New(opt)
	slacksim.SeedDemo(sim)
	srv := httptest.NewServer(sim)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(func() {
		cancel()
		sim.Close()
		srv.Close()
	})
	return newSetup(t, ctx, sim, srv.URL, nil)
}

func newSetup(t tester, ctx context.Context, sim *slacksim.Sim, url string, client *http.Client) *setup {
	t.Helper()
	sim.SetURL(url)
	o := &setup{t: t, sim: sim, inbox: newFakeInbox(), logs: &logLines{}, ctx: ctx}
	api := bot.NewClient(bot.Account{BotToken: sim.Options().BotToken, AppToken: sim.Options().AppToken, URL: url + "/api", HTTP: client})
	o.service = &fakeService{people: bot.NewPeople(api), grants: map[jit.ID]jit.Grant{}, holding: make(chan struct{}, 10), offer: simple()}
	o.conf = bot.Config{
		API: api, HTTP: client, Service: o.service, Inbox: o.inbox, Stagger: 10 * time.Millisecond, Grace: 200 * time.Millisecond,
		Log: slog.New(slog.NewTextHandler(o.logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	t.Cleanup(func() {
		for _, secret := range []string{"xoxb-", "xapp-", "/respond/", "ticket="} {
			if strings.Contains(o.logs.String(), secret) {
				t.Errorf("%s was logged", secret)
			}
		}
	})
	return o
}

// open runs a bot until the returned function is called or the test ends.
func (o *setup) open() (b *bot.Bot, stop func()) {
	o.t.Helper()
	b, err := bot.New(o.conf)
	if err != nil {
		o.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(o.ctx)
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			o.t.Errorf("the bot ended: %v", err)
		}
	})
	o.t.Cleanup(stop)
	o.until("both sockets are up", func(s *slacksim.Snapshot) bool { return s.Sockets == 2 })
	return b, stop
}

func (o *setup) until(what string, cond func(*slacksim.Snapshot) bool) {
	o.t.Helper()
	if err := o.sim.Wait(o.ctx, cond); err != nil {
		o.t.Fatalf("waiting until %s: %v\n%s", what, err, o.logs)
	}
}

func (o *setup) must(r slacksim.Reply, err error) slacksim.Reply {
	o.t.Helper()
	if err != nil {
		o.t.Fatalf("%v\n%s", err, o.logs)
	}
	return r
}

// jit types a command and returns what is read at last.
func (o *setup) jit(user, text string) string {
	o.t.Helper()
	o.sim.Reload(user)
	r := o.must(o.sim.Slash(o.ctx, user, approvals, "/jit", text))
	if r.Text != "" {
		o.sim.Reload(user)
		return r.Text
	}
	return o.ephemeral(user, answers)
}

// answers tells an answer from what is said before a late one.
func answers(text string) bool { return !strings.HasSuffix(text, "; the answer follows.") }

// ephemeral waits for an ephemeral message and clears what is shown.
func (o *setup) ephemeral(user string, good func(string) bool) string {
	o.t.Helper()
	var text string
	o.until("an answer comes", func(s *slacksim.Snapshot) bool {
		for _, m := range s.Ephemerals(user) {
			if good(m.Text) {
				text = m.Text
				return true
			}
		}
		return false
	})
	o.sim.Reload(user)
	return text
}

func (o *setup) reads(got string, want ...string) {
	o.t.Helper()
	for _, w := range want {
		if !strings.Contains(got, w) {
			o.t.Errorf("read %q, not %q", got, w)
		}
	}
}

// tell has one thing told of a grant.
func (o *setup) tell(n *bot.Notifier, kind outbox.Kind, g jit.Grant, e jit.Event) (jit.Card, error) {
	sent, err := n.Notify(o.ctx, outbox.Message{Kind: kind, Channel: approvals, Grants: []jit.Grant{g}, Events: []jit.Event{e}})
	return sent.At, err
}

// eventually waits for what no event of the workspace tells.
func (o *setup) eventually(what string, cond func() bool) {
	o.t.Helper()
	for !cond() {
		if o.ctx.Err() != nil {
			o.t.Fatalf("waiting until %s\n%s", what, o.logs)
		}
		time.Sleep(time.Millisecond)
	}
}

// finished waits until the inbox is empty.
func (o *setup) finished() {
	o.t.Helper()
	o.eventually("every delivery is finished", func() bool { return o.inbox.waiting() == 0 })
}

// pending puts a waiting request of Ada's and its card.
func (o *setup) pending() (jit.Grant, jit.Card) {
	o.t.Helper()
	g, _ := jit.NewGrant("g-7k2qd", jit.Request{
		By: jit.Person{ID: adaID}, Targets: []jit.Target{{VM: "/vm/web-1", Name: "web-1", Group: "rg"}},
		Ports: ssh(), Sources: from("203.0.113.7/32"), Duration: time.Hour, Reason: "the fix", At: time.Now(),
	})
	g, e, err := g.Wait(g.Request.By, []string{slacksim.DemoApproversID}, 1, time.Now().Add(time.Hour), time.Now())
	if err != nil {
		o.t.Fatal(err)
	}
	o.service.put(g)
	card, err := o.tell(bot.NewNotifier(o.conf.API), outbox.KindCard, g, e)
	if err != nil {
		o.t.Fatal(err)
	}
	return g, card
}
