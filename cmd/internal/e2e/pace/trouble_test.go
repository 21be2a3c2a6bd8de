package pace_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"jitbot/bot"
	"jitbot/bot/slacksim"
	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/outbox"
	"jitbot/jit/protection"
)

// kill ends the outbox at a step: before a message or a transaction, or after it.
type kill struct {
	after bool
	left  int

	mu   sync.Mutex
	dead bool
}

var errKilled = errors.New("killed")

func (k *kill) step(call func() error) error {
	k.mu.Lock()
	if k.dead {
		k.mu.Unlock()
		return errKilled
	}
	k.left--
	now := k.left == 0
	k.dead = now
	k.mu.Unlock()
	if now && !k.after {
		return errKilled
	}
	err := call()
	if now {
		return errKilled
	}
	return err
}

type killedStore struct {
	outbox.Store
	k *kill
}

func (s killedStore) Told(ctx context.Context, o outbox.Outcome) error {
	return s.k.step(func() error { return s.Store.Told(ctx, o) })
}

type killedNotifier struct {
	outbox.Notifier
	k *kill
}

func (n killedNotifier) Notify(ctx context.Context, m outbox.Message) (sent outbox.Sent, err error) {
	err = n.k.step(func() error { sent, err = n.Notifier.Notify(ctx, m); return err })
	return sent, err
}

// Killed at any step of posting, editing and storing, and started again: there is
// one live card, which says how the grant stands. Where the app may read the
// channel there is no copy of it at all; else a copy says where it is once clicked.
func TestKilledWhileTelling(t *testing.T) {
	for _, scopes := range [][]string{nil, {"channels:history", "groups:history"}} {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprint(len(scopes), " more scopes, after ", after), func(t *testing.T) {
				t.Parallel()
				for n, dead := 1, true; dead; n++ {
					synctest.Test(t, func(t *testing.T) {
						d := newDesk(t, slacksim.Options{BotScopes: append(slacksim.DefaultScopes(), scopes...)})
						dead = killedAt(d, n, after, scopes != nil)
					})
				}
			})
		}
	}
}

func killedAt(d *desk, n int, after, finds bool) (dead bool) {
	k := &kill{after: after, left: n}
	d.wrapStore = func(s outbox.Store) outbox.Store { return killedStore{s, k} }
	d.wrapNotifier = func(n outbox.Notifier) outbox.Notifier { return killedNotifier{n, k} }
	d.begin()
	id := d.ask(0, d.holder(0), "")
	d.pass(5 * time.Second)
	d.approve(id)
	d.pass(5 * time.Second)
	d.open(id)
	d.pass(10 * time.Second)
	d.halt()
	d.wrapStore, d.wrapNotifier = nil, nil
	d.begin()
	d.pass(20 * time.Second)
	g, err := d.store.Grant(d.t.Context(), id)
	d.ok(err)
	all := d.cards(slacksim.DemoChannelID, id)
	if finds && len(all) != 1 || len(all) > 2 || len(all) == 0 {
		d.t.Errorf("killed at step %d: %d cards", n, len(all))
	}
	for _, m := range all {
		if m.TS == g.Card.Message {
			if !strings.Contains(m.Text, "Open for") || len(m.Buttons()) != 1 {
				d.t.Errorf("killed at step %d: the card says %s", n, m.Text)
			}
			continue
		}
		d.ok(bot.NewNotifier(d.api).Mend(d.t.Context(), g, jit.Card{Channel: m.Channel, Message: m.TS}))
		if m, _ = d.sim.Snapshot().Message(m.Channel, m.TS); len(m.Buttons()) != 0 || !strings.Contains(m.Text, "the card is here") {
			d.t.Errorf("killed at step %d: the copy says %s", n, m.Text)
		}
	}
	if !slices.ContainsFunc(all, func(m slacksim.Message) bool { return m.TS == g.Card.Message }) {
		d.t.Errorf("killed at step %d: the card is at %v, and in the channel are %d", n, g.Card, len(all))
	}
	told := 0
	for _, m := range d.sim.DMs(string(d.holder(0).ID)) {
		if strings.Contains(m.Text, "is open") {
			told++
		}
	}
	if told == 0 || told > 2 {
		d.t.Errorf("killed at step %d: the holder was told of open %d times", n, told)
	}
	d.halt()
	return k.dead
}

// Slack is away for a working day, in which everything ends. Then each holder is
// told once how it ended, the oldest first, and no reminder; the cards are true.
func TestSlackIsBackAfterADay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, slacksim.Options{})
		d.begin()
		const n = 30
		var all []jit.ID
		by := func(i int) jit.Person { return d.holder(max(0, i-19)) } // the first has twenty
		for i := range n {
			all = append(all, d.live(i, by(i)))
		}
		d.quiet(5 * time.Minute)
		d.sim.Down(true)
		for _, id := range all {
			d.change(id, func(g jit.Grant, now time.Time) (jit.Grant, []jit.Event, error) { return g.Remind(now) })
		}
		d.pass(20 * time.Minute)
		for _, id := range all {
			d.end(id)
			d.pass(time.Second)
			d.gone(id)
		}
		d.pass(40 * time.Minute)
		d.sim.ResetCalls()
		d.sim.Down(false)
		back := time.Now()
		took := d.quiet(3 * time.Minute)
		t.Logf("all was told after %s", took.Round(time.Second))
		messages := map[string]int{}
		var last time.Time
		for _, c := range d.calls("chat.postMessage") {
			to := fmt.Sprint(c.Args["channel"])
			if to != slacksim.DemoChannelID && c.Args["thread_ts"] == nil {
				messages[to]++
				last = c.At
			}
			if strings.Contains(fmt.Sprint(c.Args["text"]), "ends at") {
				t.Errorf("reminded of what is over: %s", c.Args["text"])
			}
		}
		if len(messages) != n-19 || last.Sub(back) > 30*time.Second {
			t.Errorf("%d people were told within %s", len(messages), last.Sub(back))
		}
		for to, n := range messages {
			if n != 1 {
				t.Errorf("%s was told %d times", to, n)
			}
		}
		for _, id := range all {
			if m := d.cards(slacksim.DemoChannelID, id); len(m) != 1 || len(m[0].Buttons()) != 0 || !strings.Contains(m[0].Text, "Closed") {
				t.Errorf("the card of %s is %+v", id, m)
			}
		}
		for i := range 11 {
			for _, m := range d.sim.DMs(string(d.holder(i).ID)) {
				for _, b := range m.Buttons() {
					if b.Text != "Ask again" { // which applies when all is over
						t.Errorf("a message has a button still: %s: %s", b.Text, m.Text)
					}
				}
			}
		}
	})
}

// A channel that is shut, whatever waits for it, and a channel that Slack limits
// delay no other channel and no direct message.
func TestOneChannelDelaysNoOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, slacksim.Options{})
		d.begin()
		const shut, other = "C0SHUT", slacksim.DemoGeneralID
		d.sim.AddChannel(slacksim.Channel{ID: shut, Name: "shut", Members: []string{d.sim.Options().BotUserID}})
		d.sim.UpdateChannel(shut, func(c *slacksim.Channel) { c.Archived = true })
		d.sim.UpdateChannel(slacksim.DemoChannelID, func(c *slacksim.Channel) { c.Archived = true })
		for i := range 5 {
			vm := fmt.Sprint("/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/web-", i)
			_, err := d.to.Protect(t.Context(), vm, func(p protection.Protection) (protection.Protection, bool, []jit.Event, error) {
				p = protection.Protection{
					VM: vm, State: protection.Protecting, Revision: p.Revision + 1, Paths: []guardpath.Path{{VM: vm, Guard: nsg}},
					Ports: []jit.PortPolicy{{Ports: jit.Ports{From: 22, To: 22, Protocol: jit.TCP}}},
				}
				p, events := p.Confirm(nsg, "", time.Now())
				return p, true, slices.Repeat(events, 1000), nil
			})
			d.ok(err)
		}
		for i := range 100 {
			d.ask(i, d.holder(i), shut)
		}
		d.pass(2 * time.Minute)
		asked := time.Now()
		id := d.ask(200, d.holder(200), other)
		d.pass(5 * time.Second)
		posts := d.calls("chat.postMessage")
		if at := said(posts, other, string(id)); at.IsZero() || at.Sub(asked) > 3*time.Second {
			t.Errorf("the card came after %s", at.Sub(asked))
		}
		if at := said(posts, string(d.holder(200).ID), string(id)); at.IsZero() || at.Sub(asked) > 3*time.Second {
			t.Errorf("its holder was told after %s", at.Sub(asked))
		}
		// Slack limits that channel for half a minute.
		d.sim.FailNext("chat.postMessage", 1, slacksim.Fault{RetryAfter: 30 * time.Second})
		d.approve(id) // an edit, and a reply that is limited
		d.pass(3 * time.Second)
		limited := time.Now()
		third := "C0THIRD"
		d.sim.AddChannel(slacksim.Channel{ID: third, Name: "third", Members: []string{d.sim.Options().BotUserID}})
		next := d.ask(201, d.holder(201), third)
		d.open(id)
		d.pass(3 * time.Second)
		posts = d.calls("chat.postMessage")
		for what, at := range map[string]time.Time{
			"the card in a third channel": said(posts, third, string(next)), "open": said(posts, string(d.holder(200).ID), "is open"),
		} {
			if at.IsZero() || at.Sub(limited) > 3*time.Second {
				t.Errorf("%s came after %s", what, at.Sub(limited))
			}
		}
		if c := d.box.Counts(); c.Pending[outbox.KindCard] < 100 || c.Oldest.IsZero() {
			t.Errorf("what is shut out is not counted: %+v", c)
		}
		d.pass(time.Minute)
		if len(d.sim.Thread(other, d.cards(other, id)[0].TS)) < 2 {
			t.Error("the channel was not told once its limit was over")
		}
	})
}
