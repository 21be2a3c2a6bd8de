package bot_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"jitbot/bot"
	"jitbot/bot/slacksim"
	"jitbot/jit"
)

const (
	adaID     = slacksim.DemoEngineerID
	graceID   = slacksim.DemoApproverID
	linusID   = slacksim.DemoApprover2ID
	gusID     = slacksim.DemoGuestID
	approvals = slacksim.DemoChannelID
)

// desk is the service of these tests: grants in a map, the domain's own
// transitions, a script of faults.
type desk struct {
	mu      sync.Mutex
	people  *bot.People
	grants  map[jit.ID]jit.Grant
	calls   []string
	fail    error        // of every call but Known
	offer   jit.Offer    // at every VM
	vms     []jit.VM     // that a search finds
	last    jit.Request  // of everybody
	unknown string       // a VM that there is not
	listed  []jit.VMLine // that a list of VMs shows
	more    bool         // there are others
	results []jit.Result // of protecting and unprotecting
	locked  []jit.PortPolicy
	refuse  error         // of every offer
	found   []jit.Finding // of a scan
	dry     jit.Explanation
	slow    chan struct{} // when not nil, offers wait for it
	hold    chan struct{} // when not nil, changes wait for it
	holding chan struct{} // told of each that waits
}

func (d *desk) note(format string, args ...any) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls = append(d.calls, fmt.Sprintf(format, args...))
	return d.fail
}

func (d *desk) noted(prefix string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for _, c := range d.calls {
		if strings.HasPrefix(c, prefix) {
			n++
		}
	}
	return n
}

func (d *desk) Known(ctx context.Context, by jit.UserID) error {
	m, err := d.people.Member(ctx, by)
	if err != nil {
		return err
	}
	if m.Guest || m.Bot || m.Gone || m.Stranger || m.Invited {
		return jit.Refuse(jit.ErrAuthority, "Guests cannot use jitbot; ask a full member of this workspace.")
	}
	return nil
}

func (d *desk) Ask(ctx context.Context, by jit.UserID, key string, a jit.Ask) ([]jit.Grant, error) {
	if err := d.wait(ctx); err != nil {
		return nil, err
	}
	if err := d.note("ask %s %v", by, a.VMs); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	id := jit.DeriveID(key, 0)
	if g, ok := d.grants[id]; ok {
		return []jit.Grant{g}, nil
	}
	r := jit.Request{By: jit.Person{ID: by}, Ports: a.Ports, Sources: a.Sources, Duration: a.Duration, Reason: a.Reason, At: time.Now(), Key: key}
	for _, vm := range a.VMs {
		r.Targets = append(r.Targets, jit.Target{VM: "/vm/" + vm, Name: vm, Group: "rg"})
	}
	g, _ := jit.NewGrant(id, r)
	d.grants[id] = g
	return []jit.Grant{g}, nil
}

func (d *desk) wait(ctx context.Context) error {
	d.mu.Lock()
	hold := d.hold
	d.mu.Unlock()
	if hold == nil {
		return nil
	}
	d.holding <- struct{}{}
	select {
	case <-hold:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (d *desk) change(id jit.ID, f func(jit.Grant) (jit.Grant, jit.Event, error)) (jit.Grant, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	g, ok := d.grants[id]
	if !ok {
		return g, jit.Refuse(jit.ErrNotFound, "There is no grant %s.", id)
	}
	next, _, err := f(g)
	if err != nil {
		return g, err
	}
	d.grants[id] = next
	return next, nil
}

func (d *desk) Check(_ context.Context, id jit.ID) (jit.Grant, error) {
	if err := d.note("check %s", id); err != nil {
		return jit.Grant{}, err
	}
	return d.change(id, func(g jit.Grant) (jit.Grant, jit.Event, error) {
		if g.Request.Targets[0].Name == "forbidden" {
			g, e, err := g.Refuse("no", time.Now())
			return g, e, errors.Join(err, jit.Refuse(jit.ErrAuthority, "You lack %s at %s.", "Microsoft.Compute/virtualMachines/read", "forbidden"))
		}
		return g.Wait(g.Request.By, []string{slacksim.DemoApproversID}, 1, time.Now().Add(time.Hour), time.Now())
	})
}

func (d *desk) Approve(_ context.Context, by jit.UserID, id jit.ID) (jit.Grant, error) {
	if err := d.note("approve %s %s", by, id); err != nil {
		return jit.Grant{}, err
	}
	return d.change(id, func(g jit.Grant) (jit.Grant, jit.Event, error) { return g.Approve(jit.Person{ID: by}, time.Now()) })
}

func (d *desk) Deny(_ context.Context, by jit.UserID, id jit.ID, reason string) (jit.Grant, error) {
	if err := d.note("deny %s %s %s", by, id, reason); err != nil {
		return jit.Grant{}, err
	}
	return d.change(id, func(g jit.Grant) (jit.Grant, jit.Event, error) { return g.Deny(jit.Person{ID: by}, reason, time.Now()) })
}

func (d *desk) Cancel(_ context.Context, by jit.UserID, id jit.ID) (jit.Grant, error) {
	if err := d.note("cancel %s %s", by, id); err != nil {
		return jit.Grant{}, err
	}
	return d.change(id, func(g jit.Grant) (jit.Grant, jit.Event, error) { return g.Cancel(jit.Person{ID: by}, time.Now()) })
}

func (d *desk) Done(_ context.Context, by jit.UserID, id jit.ID) (jit.Grant, error) {
	return d.end(jit.Decision{Ending: jit.Finished, By: jit.Person{ID: by}}, id)
}

func (d *desk) Revoke(_ context.Context, by jit.UserID, id jit.ID, reason string) (jit.Grant, error) {
	return d.end(jit.Decision{Ending: jit.Revoked, By: jit.Person{ID: by}, Reason: reason}, id)
}

func (d *desk) end(why jit.Decision, id jit.ID) (jit.Grant, error) {
	if err := d.note("%s %s %s %s", why.Ending, why.By.ID, id, why.Reason); err != nil {
		return jit.Grant{}, err
	}
	return d.change(id, func(g jit.Grant) (jit.Grant, jit.Event, error) { return g.Close(why, time.Now(), time.Now()) })
}

func (d *desk) List(_ context.Context, by jit.UserID, all bool) ([]jit.Listed, error) {
	if err := d.note("list %s %v", by, all); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []jit.Listed
	for _, id := range slices.Sorted(maps.Keys(d.grants)) {
		g := d.grants[id]
		if mine := g.Request.By.ID == by; mine || all {
			out = append(out, jit.Listed{Grant: g, Mine: mine, Approver: by == graceID})
		}
	}
	return out, nil
}

func (d *desk) Concerns(ctx context.Context, by jit.UserID) ([]jit.Listed, error) {
	if err := d.Known(ctx, by); err != nil {
		return nil, err
	}
	return d.List(ctx, by, true)
}

func (d *desk) Search(ctx context.Context, by jit.UserID, text string, limit int) ([]jit.VM, error) {
	if err := d.Known(ctx, by); err != nil {
		return nil, err
	}
	var out []jit.VM
	for _, vm := range d.vms {
		if len(out) < limit && strings.Contains(vm.Group+"/"+vm.Name, text) {
			out = append(out, vm)
		}
	}
	return out, nil
}

func (d *desk) Offer(ctx context.Context, by jit.UserID, words []string) (jit.Offer, error) {
	d.mu.Lock()
	o, slow, no := d.offer, d.slow, d.refuse
	d.mu.Unlock()
	if no != nil {
		return jit.Offer{}, no
	}
	if slow != nil {
		select {
		case <-slow:
		case <-ctx.Done():
			return o, ctx.Err()
		}
	}
	if err := d.Known(ctx, by); err != nil {
		return o, err
	}
	for _, word := range words {
		group, name, split := strings.Cut(word, "/")
		if !split {
			group, name = "rg", word
		}
		if name == d.unknown {
			return jit.Offer{}, jit.Refuse(jit.ErrNotFound, "There is no VM called %s; did you mean %s?", name, "web-1")
		}
		vm := jit.VM{ID: "/vm/" + name, Name: name, Group: group}
		for _, known := range d.vms {
			if known.Name == name || known.ID == word {
				vm = known
			}
		}
		o.VMs = append(o.VMs, vm)
	}
	return o, nil
}

func (d *desk) VMs(_ context.Context, by jit.UserID, text string, limit int) ([]jit.VMLine, bool, error) {
	return d.listed, d.more, d.note("vms %s %q %d", by, text, limit)
}

// Admin is Grace and nobody else.
func (d *desk) Admin(_ context.Context, by jit.UserID) error {
	if by == graceID {
		return nil
	}
	return jit.Refuse(jit.ErrAuthority, "Only admins may protect and unprotect.")
}

func (d *desk) Protect(ctx context.Context, by jit.UserID, words []string, ports []jit.PortPolicy) ([]jit.Result, error) {
	if err := d.Admin(ctx, by); err != nil {
		return nil, err
	}
	err := d.note("protect %s %v", by, words)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.locked = ports
	return d.results, err
}

func (d *desk) Unprotect(ctx context.Context, by jit.UserID, words []string) ([]jit.Result, error) {
	if err := d.Admin(ctx, by); err != nil {
		return nil, err
	}
	return d.results, d.note("unprotect %s %v", by, words)
}

func (d *desk) Recent(context.Context, jit.UserID) (jit.Request, bool, error) {
	return d.last, len(d.last.Targets) > 0, nil
}

// simple is the offer of one port from one address: nothing is left to ask.
func simple() jit.Offer {
	return jit.Offer{
		Ports:    []jit.PortPolicy{{Ports: jit.Ports{From: 22, To: 22, Protocol: jit.TCP}, Sources: from("203.0.113.7/32"), Shortest: 5 * time.Minute, Longest: 3 * time.Hour}},
		Sources:  from("203.0.113.7/32"),
		Shortest: 5 * time.Minute, Longest: 3 * time.Hour,
	}
}

func (d *desk) put(g jit.Grant) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.grants[g.ID] = g
}

// tray is an inbox in memory.
type tray struct {
	mu    sync.Mutex
	left  map[string][]byte
	known map[string]time.Time // when they came
	fail  error
}

func newTray() *tray { return &tray{left: map[string][]byte{}, known: map[string]time.Time{}} }

func (i *tray) Accept(_ context.Context, key string, payload []byte, now time.Time) (bool, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.fail != nil || !i.known[key].IsZero() {
		return false, i.fail
	}
	i.known[key], i.left[key] = now, bytes.Clone(payload)
	return true, nil
}

func (i *tray) Accepted(_ context.Context, each func(string, []byte, time.Time) error) error {
	i.mu.Lock()
	left, came := maps.Clone(i.left), maps.Clone(i.known)
	i.mu.Unlock()
	for key, payload := range left {
		if err := each(key, payload, came[key]); err != nil {
			return err
		}
	}
	return nil
}

func (i *tray) Finish(_ context.Context, key string, _ time.Time) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.left, key)
	return nil
}

func (i *tray) waiting() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.left)
}

// office is a workspace, a desk and an inbox, and bots that serve them.
type office struct {
	t     *testing.T
	sim   *slacksim.Sim
	desk  *desk
	inbox *tray
	conf  bot.Config
	logs  *lines
	ctx   context.Context //nolint:containedctx // the test's own, which ends every wait of it
}

// lines collects what is logged.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newOffice(t *testing.T, opt slacksim.Options) *office {
	t.Helper()
	sim := slacksim.New(opt)
	slacksim.SeedDemo(sim)
	srv := httptest.NewServer(sim)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	sim.SetURL(srv.URL)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(func() {
		cancel()
		sim.Close()
		srv.Close()
	})
	o := &office{t: t, sim: sim, inbox: newTray(), logs: &lines{}, ctx: ctx}
	api := bot.NewClient(bot.Account{BotToken: sim.Options().BotToken, AppToken: sim.Options().AppToken, URL: srv.URL + "/api"})
	o.desk = &desk{people: bot.NewPeople(api), grants: map[jit.ID]jit.Grant{}, holding: make(chan struct{}, 10), offer: simple()}
	o.conf = bot.Config{
		API: api, Service: o.desk, Inbox: o.inbox, Stagger: 10 * time.Millisecond, Grace: 200 * time.Millisecond,
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
func (o *office) open() (b *bot.Bot, stop func()) {
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

func (o *office) until(what string, cond func(*slacksim.Snapshot) bool) {
	o.t.Helper()
	if err := o.sim.Wait(o.ctx, cond); err != nil {
		o.t.Fatalf("waiting until %s: %v\n%s", what, err, o.logs)
	}
}

func (o *office) must(r slacksim.Reply, err error) slacksim.Reply {
	o.t.Helper()
	if err != nil {
		o.t.Fatalf("%v\n%s", err, o.logs)
	}
	return r
}

// jit types a command and returns what is read at last.
func (o *office) jit(user, text string) string {
	o.t.Helper()
	o.sim.Reload(user)
	r := o.must(o.sim.Slash(o.ctx, user, approvals, "/jit", text))
	if r.Text != "Checking…" {
		o.sim.Reload(user)
		return r.Text
	}
	return o.whisper(user, func(text string) bool { return text != "Checking…" })
}

// whisper waits for an ephemeral message and clears the screen.
func (o *office) whisper(user string, good func(string) bool) string {
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

func (o *office) reads(got string, want ...string) {
	o.t.Helper()
	for _, w := range want {
		if !strings.Contains(got, w) {
			o.t.Errorf("read %q, not %q", got, w)
		}
	}
}

// eventually waits for what no event of the workspace tells.
func (o *office) eventually(what string, cond func() bool) {
	o.t.Helper()
	for !cond() {
		if o.ctx.Err() != nil {
			o.t.Fatalf("waiting until %s\n%s", what, o.logs)
		}
		time.Sleep(time.Millisecond)
	}
}

// finished waits until the inbox is empty.
func (o *office) finished() {
	o.t.Helper()
	o.eventually("every delivery is finished", func() bool { return o.inbox.waiting() == 0 })
}

// pending puts a waiting request of Ada's and its card.
func (o *office) pending() (jit.Grant, jit.Card) {
	o.t.Helper()
	g, _ := jit.NewGrant("g-7k2qd", jit.Request{
		By: jit.Person{ID: adaID}, Targets: []jit.Target{{VM: "/vm/web-1", Name: "web-1", Group: "rg"}},
		Ports: ssh(), Sources: from("203.0.113.7/32"), Duration: time.Hour, Reason: "the fix", At: time.Now(),
	})
	g, e, err := g.Wait(g.Request.By, []string{slacksim.DemoApproversID}, 1, time.Now().Add(time.Hour), time.Now())
	if err != nil {
		o.t.Fatal(err)
	}
	o.desk.put(g)
	card, err := bot.NewNotifier(o.conf.API, approvals).Notify(o.ctx, jit.Notice{Event: e, To: jit.ToCard}, g)
	if err != nil {
		o.t.Fatal(err)
	}
	return g, card
}
