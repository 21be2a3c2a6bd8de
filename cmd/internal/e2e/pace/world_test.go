package pace_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slack-go/slack"

	"jitbot/bot"
	"jitbot/bot/slacksim"
	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/outbox"
	"jitbot/store/bolt"
)

// desk is the outbox over a real store file and the real notifier, in a simulated
// workspace that enforces Slack's limits. Grants move as the test says, at once, so
// that nothing but Slack's pace is measured. It runs in a bubble of fake time.
type desk struct {
	t     testing.TB
	sim   *slacksim.Sim
	api   *slack.Client
	file  string
	store *bolt.Store
	box   *outbox.Dispatcher
	to    outbox.Writer
	halt  func()
	crowd map[int]bool
	// Set before begin.
	wrapStore    func(outbox.Store) outbox.Store
	wrapNotifier func(outbox.Notifier) outbox.Notifier
}

// inMemory calls the workspace's handler in place of a network.
type inMemory struct{ http.Handler }

func (m inMemory) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.New("the connection was closed")
		}
	}()
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	m.ServeHTTP(w, r)
	return w.Result(), nil
}

func newDesk(t testing.TB, o slacksim.Options) *desk {
	t.Helper()
	d := &desk{t: t, crowd: map[int]bool{}, sim: slacksim.New(o), file: filepath.Join(t.TempDir(), "jitbot.db")}
	t.Cleanup(d.sim.Close)
	slacksim.SeedDemo(d.sim)
	d.api = bot.NewClient(bot.Account{
		BotToken: d.sim.Options().BotToken, AppToken: d.sim.Options().AppToken, URL: "http://slack.invalid/api",
		HTTP: &http.Client{Transport: inMemory{d.sim}},
	})
	return d
}

// begin opens the store and runs the outbox, as at a start of the program.
func (d *desk) begin() {
	d.t.Helper()
	s, err := bolt.Open(context.WithoutCancel(d.t.Context()), d.file, bolt.Options{})
	d.ok(err)
	d.store = s
	var store outbox.Store = s
	if d.wrapStore != nil {
		store = d.wrapStore(store)
	}
	var notifier outbox.Notifier = bot.NewNotifier(d.api)
	if d.wrapNotifier != nil {
		notifier = d.wrapNotifier(notifier)
	}
	d.box = outbox.New(store, notifier, outbox.Options{Channel: slacksim.DemoChannelID, Limits: bot.Limits()})
	d.to = d.box.Waking(s)
	ctx, cancel := context.WithCancel(context.WithoutCancel(d.t.Context()))
	var wg sync.WaitGroup
	wg.Go(func() { _ = d.box.Run(ctx) })
	d.halt = sync.OnceFunc(func() {
		cancel()
		wg.Wait()
		if err := s.Close(); err != nil {
			d.t.Error(err)
		}
	})
	d.t.Cleanup(d.halt)
}

func (d *desk) ok(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) pass(took time.Duration) {
	time.Sleep(took)
	synctest.Wait()
}

// holder is one of many people.
func (d *desk) holder(i int) jit.Person {
	id := fmt.Sprintf("U0CROWD%03d", i)
	if !d.crowd[i] {
		d.crowd[i] = true
		d.sim.AddUser(slacksim.User{ID: id, Name: id})
	}
	return jit.Person{ID: jit.UserID(id), Name: id + "@example.com"}
}

// change moves a grant.
func (d *desk) change(id jit.ID, f func(jit.Grant, time.Time) (jit.Grant, []jit.Event, error)) jit.Grant {
	d.t.Helper()
	g, err := d.to.Update(d.t.Context(), id, func(g jit.Grant) (jit.Grant, []jit.Event, error) { return f(g, time.Now()) })
	d.ok(err)
	return g
}

func one(g jit.Grant, e jit.Event, err error) (jit.Grant, []jit.Event, error) {
	return g, []jit.Event{e}, err
}

// ask is a request that waits for approval.
func (d *desk) ask(n int, by jit.Person, channel string) jit.ID {
	d.t.Helper()
	const letters = "23456789abcdefghjkmnpqrstuvwxyz"
	id := jit.ID(fmt.Sprintf("g-22%c%c%c", letters[n/900], letters[n/30%30], letters[n%30]))
	g, e := jit.NewGrant(id, jit.Request{
		By: by, Targets: []jit.Target{{VM: "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/web-" + fmt.Sprint(n), Name: fmt.Sprint("web-", n), Group: "rg"}},
		Ports: []jit.Ports{{From: 22, To: 22, Protocol: jit.TCP}}, Sources: []netip.Prefix{netip.MustParsePrefix("203.0.113.7/32")},
		Duration: time.Hour, Reason: "the fix", At: time.Now(),
	})
	g.Channel = channel
	d.ok(d.to.Create(d.t.Context(), g, e))
	d.change(id, func(g jit.Grant, now time.Time) (jit.Grant, []jit.Event, error) {
		return one(g.Wait(by, []string{"U0GRACE"}, 1, now.Add(24*time.Hour), now))
	})
	return id
}

const nsg = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups/web"

// approve and what follows, until the rules are about to be written.
func (d *desk) approve(id jit.ID) {
	d.t.Helper()
	d.change(id, func(g jit.Grant, now time.Time) (jit.Grant, []jit.Event, error) {
		return one(g.Approve(jit.Person{ID: "U0GRACE", Entra: "grace"}, now))
	})
	d.change(id, func(g jit.Grant, now time.Time) (jit.Grant, []jit.Event, error) {
		return one(g.Begin([]guardpath.Path{{VM: g.VMs()[0], Guard: nsg, Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.4")}}}, time.Minute, now))
	})
}

func (d *desk) open(id jit.ID) {
	d.t.Helper()
	d.change(id, func(g jit.Grant, now time.Time) (jit.Grant, []jit.Event, error) { return g.ConfirmGuard(nsg, nil, now) })
	if g, err := d.store.Grant(d.t.Context(), id); err != nil || g.State != jit.Open {
		d.change(id, func(g jit.Grant, now time.Time) (jit.Grant, []jit.Event, error) { return one(g.ConfirmOpen(now)) })
	}
}

func (d *desk) end(id jit.ID) {
	d.t.Helper()
	d.change(id, func(g jit.Grant, now time.Time) (jit.Grant, []jit.Event, error) {
		return one(g.Close(jit.Decision{Ending: jit.Expired}, now, now))
	})
}

func (d *desk) gone(id jit.ID) {
	d.t.Helper()
	d.change(id, func(g jit.Grant, now time.Time) (jit.Grant, []jit.Event, error) { return g.ConfirmClosed(nsg, now) })
}

// live brings a grant to life, told in full.
func (d *desk) live(n int, by jit.Person) jit.ID {
	id := d.ask(n, by, "")
	d.approve(id)
	d.pass(2 * time.Second)
	d.open(id)
	return id
}

// calls are those of a method that Slack took.
func (d *desk) calls(method string) []slacksim.Call {
	return slices.DeleteFunc(d.sim.Calls(), func(c slacksim.Call) bool { return c.Method != method || c.Status != http.StatusOK || c.Error != "" })
}

// refused counts the answers 429.
func (d *desk) refused() int {
	return len(slices.DeleteFunc(d.sim.Calls(), func(c slacksim.Call) bool { return c.Status != http.StatusTooManyRequests }))
}

// said is when a text with the words was first posted to a person or a channel,
// zero for never.
func said(posts []slacksim.Call, to string, words ...string) time.Time {
	for _, c := range posts {
		if c.Args["channel"] == to && !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(fmt.Sprint(c.Args["text"]), w) }) {
			return c.At
		}
	}
	return time.Time{}
}

// cards are the messages of the channel that are cards of a grant.
func (d *desk) cards(channel string, id jit.ID) []slacksim.Message {
	return slices.DeleteFunc(d.sim.Messages(channel), func(m slacksim.Message) bool {
		return !strings.Contains(string(m.Metadata), `"`+string(id)+`"`)
	})
}

// quiet waits until nothing is left to be told.
func (d *desk) quiet(most time.Duration) time.Duration {
	d.t.Helper()
	began := time.Now()
	for {
		left, err := d.store.Notices(d.t.Context(), 0, 1)
		d.ok(err)
		if len(left) == 0 {
			return time.Since(began)
		}
		if time.Since(began) > most {
			d.t.Fatalf("after %s it is not all told: %v", most, d.box.Counts().Pending)
		}
		d.pass(time.Second)
	}
}

// measured is sorted.
type measured []time.Duration

func (m measured) median() time.Duration { return m[len(m)/2].Round(10 * time.Millisecond) }

func (m measured) worst() time.Duration { return m[len(m)-1].Round(10 * time.Millisecond) }
