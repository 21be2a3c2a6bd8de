package e2e_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"jitbot/bot"
	"jitbot/bot/slacksim"
	"jitbot/jit"
	"jitbot/jit/access"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/policies"
	"jitbot/store/bolt"
)

const teamChannel = "C0TEAM"

// front is the bot before the service of a world, in a simulated workspace of the
// bubble.
type front struct {
	*world
	sim  *slacksim.Sim
	conf bot.Config
	halt func()
}

func (w *world) front() *front {
	w.T.Helper()
	f := &front{world: w, sim: slacksim.New(slacksim.Options{NoRateLimits: true})}
	n := slacksim.NewNetwork(f.sim)
	w.T.Cleanup(func() {
		f.sim.Close()
		if err := n.Close(); err != nil {
			w.T.Error(err)
		}
	})
	f.sim.SetURL("http://slack.invalid")
	f.sim.AddChannel(slacksim.Channel{ID: teamChannel, Name: "team", Members: []string{
		f.sim.AddUser(slacksim.User{ID: string(ada)}).ID, f.sim.AddUser(slacksim.User{ID: string(carol)}).ID,
	}})
	account := bot.Account{BotToken: f.sim.Options().BotToken, AppToken: f.sim.Options().AppToken, URL: "http://slack.invalid/api", HTTP: n.Client()}
	f.conf = bot.Config{
		API: bot.NewClient(account), HTTP: n.Client(), Service: w.Service, Inbox: w.Store,
		Stagger: time.Millisecond, Grace: time.Second, Dialer: &websocket.Dialer{NetDialContext: n.Dial},
	}
	return f
}

// serve runs the bot until halt.
func (f *front) serve() {
	f.T.Helper()
	b, err := bot.New(f.conf)
	if err != nil {
		f.T.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(f.T.Context()))
	var running sync.WaitGroup
	running.Go(func() {
		if err := b.Run(ctx); err != nil {
			f.T.Error(err)
		}
	})
	f.halt = sync.OnceFunc(func() {
		cancel()
		running.Wait()
	})
	f.T.Cleanup(f.halt)
	f.Pass(time.Second)
}

// types types a command, which must be taken.
func (f *front) types(by jit.UserID, text string) {
	f.T.Helper()
	if r, err := f.sim.Slash(f.T.Context(), string(by), teamChannel, "/jit", text); err != nil || r.Text != "" {
		f.T.Fatalf("/jit %s: %q, %v", text, r.Text, err)
	}
}

// unprotects types it, and presses the button of what asks back.
func (f *front) unprotects(by jit.UserID, vm string) {
	f.T.Helper()
	f.types(by, "unprotect "+vm)
	f.Pass(5 * time.Second)
	for _, m := range f.sim.Ephemerals(string(by)) {
		if strings.Contains(m.Text, "Nothing is changed yet") {
			if _, err := f.sim.Click(f.T.Context(), string(by), m.Channel, m.TS, "Unprotect"); err != nil {
				f.T.Fatal(err)
			}
			return
		}
	}
	f.T.Fatalf("nothing asks back: %+v", f.sim.Ephemerals(string(by)))
}

// submits sends the form that somebody has open, and returns what is wrong with it.
func (f *front) submits(by jit.UserID, in slacksim.Values) map[string]string {
	f.T.Helper()
	f.Pass(2 * time.Second)
	all := f.sim.Views(string(by))
	if len(all) != 1 || all[0].Submit == "" {
		f.T.Fatalf("%s has %d forms open", by, len(all))
	}
	r, err := f.sim.Submit(f.T.Context(), string(by), all[0].ID, in)
	if err != nil && !errors.Is(err, slacksim.ErrTimeout) {
		f.T.Fatal(err)
	}
	return r.Errors
}

func (f *front) told(by jit.UserID, part string) bool {
	for _, m := range append(f.sim.DMs(string(by)), f.sim.Ephemerals(string(by))...) {
		if strings.Contains(m.Text, part) {
			return true
		}
	}
	return false
}

// waiting has what unprotects wait.
type waiting struct {
	bot.Service
	wait func(context.Context) error
}

func (s waiting) UnprotectAsOf(ctx context.Context, by jit.UserID, words []string, asked time.Time) ([]access.VMResult, error) {
	if err := s.wait(ctx); err != nil {
		return nil, err
	}
	return s.Service.UnprotectAsOf(ctx, by, words, asked)
}

// unfinished is an inbox in which nothing can be finished.
type unfinished struct{ *bolt.Store }

func (unfinished) Finish(context.Context, string, time.Time) error { return jit.ErrBusy }

// An unprotect that was taken before a restart is done before a protect that was taken
// after it.
func TestAnOldUnprotectComesBeforeANewProtect(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		w.Protect("jump-1")
		f := w.front()
		f.conf.Service = waiting{w.Service, func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}}
		f.serve()
		f.unprotects(carol, "jump-1")
		f.Pass(time.Second)
		f.halt()
		f.conf.Service = waiting{w.Service, func(ctx context.Context) error {
			time.Sleep(20 * time.Second)
			return nil
		}}
		f.serve()
		f.types(carol, "protect jump-1 22")
		if errs := f.submits(carol, nil); len(errs) > 0 {
			t.Fatalf("the form is refused: %v", errs)
		}
		f.Pass(2 * time.Minute)
		if !w.IsProtected(azuresim.DemoJump) || w.Reachable(azuresim.DemoJump, "203.0.113.7") {
			t.Errorf("jump-1 is open; said %v", w.Told.Said())
		}
		if !f.told(carol, "Being unprotected") || !f.told(carol, "Being protected") {
			t.Errorf("Carol was not told of both")
		}
		f.halt()
		w.Stop()
	})
}

// An unprotect that was done and could not be finished is not done again after somebody
// protected the VM.
func TestAnUnfinishedUnprotectIsNotRepeated(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		w.Protect("jump-1")
		f := w.front()
		f.conf.Inbox = unfinished{w.Store}
		f.serve()
		f.unprotects(carol, "jump-1")
		f.Pass(30 * time.Second)
		if w.IsProtected(azuresim.DemoJump) {
			t.Fatal("jump-1 is still protected")
		}
		f.halt()
		w.Protect("jump-1")
		f.conf.Inbox = w.Store
		f.serve()
		f.Pass(2 * time.Minute)
		if !w.IsProtected(azuresim.DemoJump) || w.Reachable(azuresim.DemoJump, "203.0.113.7") {
			t.Error("jump-1 is open again")
		}
		if !f.told(carol, "was protected again after that") {
			t.Error("Carol was not told")
		}
		f.halt()
		w.Stop()
	})
}

// One key asks for one thing: whoever corrects what they sent is told that the first
// holds, and that which is not asked for is not made.
func TestACorrectedRequestIsToldWhichOneHolds(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		ask := jit.Ask{
			VMs: []string{"web-1"}, Ports: []jit.Ports{{From: 22, To: 22}}, Duration: 3 * time.Hour,
			Sources: []netip.Prefix{netip.MustParsePrefix("203.0.113.7/32")}, Reason: "mend the index",
		}
		first, err := w.Service.Ask(t.Context(), ada, "form", ask)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := w.Service.Ask(t.Context(), ada, "form", ask); err != nil || len(again) != 1 || again[0].ID != first[0].ID {
			t.Errorf("the same again: %v, %v", again, err)
		}
		for name, change := range map[string]func(*jit.Ask){
			"shorter":         func(a *jit.Ask) { a.Duration = 10 * time.Minute },
			"another address": func(a *jit.Ask) { a.Sources = []netip.Prefix{netip.MustParsePrefix("203.0.113.8/32")} },
			"another VM":      func(a *jit.Ask) { a.VMs = []string{"web-2"} },
			"another reason":  func(a *jit.Ask) { a.Reason = "something else" },
		} {
			other := ask
			change(&other)
			_, err := w.Service.Ask(t.Context(), ada, "form", other)
			if !errors.Is(err, jit.ErrStale) || !strings.Contains(err.Error(), string(first[0].ID)+" holds, for 3h") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if all, err := w.Store.Unfinished(t.Context()); err != nil || len(all) != 1 || all[0].Request.Duration != 3*time.Hour {
			t.Errorf("there are %d grants, %v", len(all), err)
		}
		if _, err := w.Service.Cancel(t.Context(), ada, first[0].ID); err != nil {
			t.Fatal(err)
		}
		other := ask
		other.Duration = 10 * time.Minute
		if _, err := w.Service.Ask(t.Context(), ada, "form", other); !errors.Is(err, jit.ErrStale) || !strings.Contains(err.Error(), "which is over") {
			t.Errorf("after it was withdrawn: %v", err)
		}
		w.Stop()
	})
}

// What was asked for of VMs under two approval rules became two grants; whoever sends it
// again for one of them is told that the other holds.
func TestACorrectedRequestForFewerVMs(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.With(func(c *policies.Config) {
			strict := c.Approvals[0]
			strict.Match.Name, strict.Required = "web-2", 2
			c.Approvals = append([]policies.ApprovalRule{strict}, c.Approvals...)
		})
		w.Start()
		ask := jit.Ask{
			VMs: []string{"web-1", "web-2"}, Ports: []jit.Ports{{From: 22, To: 22}}, Duration: time.Hour,
			Sources: []netip.Prefix{netip.MustParsePrefix("203.0.113.7/32")}, Reason: "mend the index",
		}
		first, err := w.Service.Ask(t.Context(), ada, "form", ask)
		if err != nil || len(first) != 2 {
			t.Fatalf("%d grants, %v", len(first), err)
		}
		ask.VMs = ask.VMs[:1]
		_, err = w.Service.Ask(t.Context(), ada, "form", ask)
		if !errors.Is(err, jit.ErrStale) || !strings.Contains(err.Error(), string(first[1].ID)+" holds") {
			t.Errorf("for fewer: %v", err)
		}
		w.Stop()
	})
}
