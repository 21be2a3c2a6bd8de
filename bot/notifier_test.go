package bot_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"jitbot/bot"
	"jitbot/bot/slacksim"
	"jitbot/jit"
	"jitbot/jit/outbox"
	"jitbot/jit/reach"
)

func vmID(name string) string {
	return "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/" + name
}

func digest() reach.Digest {
	return reach.Digest{
		At: noon, Unhealthy: 3, NotApplicable: 2, Untold: 1, Healthy: 30,
		Exposures: []reach.Exposed{
			{VM: vmID("jump-1"), Production: true, Why: "Rule ssh-anywhere (priority 1000) of jump-nsg opens management ports to Any."},
		},
		Remarks: []reach.Remark{
			{Text: "Yet its policy lets a request open port 22 to any single address that it names.", VMs: []string{vmID("web-2")}},
		},
	}
}

// A digest is said in the channel as it was made, and not once more by the
// notice of one that it took the place of.
func TestDigestIsSaid(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	n := bot.NewNotifier(o.conf.API)
	d, failed := digest(), error(nil)
	n.Digest = func(context.Context) (reach.Digest, error) { return d, failed }
	say := func(at time.Time) error {
		_, err := n.Notify(o.ctx, outbox.Message{
			Kind: outbox.KindChannel, Channel: approvals, Events: []jit.Event{{Kind: jit.EventDigest, At: at}},
		})
		return err
	}
	for _, at := range []time.Time{d.At, d.At.Add(-24 * time.Hour)} {
		if err := say(at); err != nil {
			t.Fatal(err)
		}
	}
	m := o.sim.Messages(approvals)
	if len(m) != 1 {
		t.Fatalf("%d messages", len(m))
	}
	o.reads(m[0].Text, "35 VMs, 3 Unhealthy, 2 Not applicable (1 cannot be told), 30 Healthy.",
		"`jump-1` in `rg` (production): *Unhealthy*. Rule ssh-anywhere", "2 more Unhealthy VMs", "/jit scan")
	o.reads(m[0].AllText(), "Its policy lets a request open port 22")
	failed = jit.ErrDamaged
	if err := say(d.At); !errors.Is(err, jit.ErrDamaged) {
		t.Errorf("a store that cannot tell: %v", err)
	}
}

func TestACardIsPostedEditedAndPostedAgain(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	g, card := o.pending()
	n := bot.NewNotifier(o.conf.API)
	messages := func() []slacksim.Message { return o.sim.Messages(approvals) }
	if m := messages(); len(m) != 1 || m[0].TS != card.Message || len(m[0].Buttons()) != 4 || m[0].UnfurlLinks || m[0].UnfurlMedia ||
		!strings.Contains(string(m[0].Metadata), `"jitbot_grant"`) || !strings.Contains(string(m[0].Metadata), `"g-7k2qd"`) {
		t.Fatalf("the card is %+v", m)
	}
	g.Card = card
	g, e, err := g.Approve(jit.Person{ID: graceID}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	same, err := o.tell(n, outbox.KindCard, g, e)
	if m := messages(); err != nil || same != card || len(m) != 1 || !m[0].Edited || len(m[0].Buttons()) != 1 {
		t.Fatalf("the edited card is %+v at %v: %v", m, same, err)
	}
	if _, err := o.tell(n, outbox.KindThread, g, e); err != nil {
		t.Fatal(err)
	}
	if m := o.sim.Thread(approvals, card.Message); len(m) == 0 || m[len(m)-1].Text != "Approved by <@U0GRACE>." {
		t.Errorf("the thread is %+v", m)
	}
	o.sim.FailNext("chat.update", 1, slacksim.Fault{Error: "message_not_found"})
	next, err := o.tell(n, outbox.KindCard, g, e)
	if err != nil || next == card || next.Message == "" {
		t.Errorf("the card posted again is at %v: %v", next, err)
	}
}

// A reply whose card is not there yet is kept; a card that says so already is not
// sent again.
func TestWhatNeedsNothingSent(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	g, card := o.pending()
	n := bot.NewNotifier(o.conf.API)
	if _, err := o.tell(n, outbox.KindThread, g, jit.Event{Kind: jit.EventHeld}); !errors.Is(err, jit.ErrBusy) {
		t.Errorf("a reply without a card: %v", err)
	}
	g.Card = card
	m := outbox.Message{Kind: outbox.KindCard, Channel: approvals, Grants: []jit.Grant{g}}
	sent, err := n.Notify(o.ctx, m)
	if err != nil || sent.Same || sent.Digest == "" {
		t.Fatalf("sent %+v: %v", sent, err)
	}
	m.Shown.Digest = sent.Digest
	if again, err := n.Notify(o.ctx, m); err != nil || !again.Same || o.sim.CountCalls("chat.update") != 1 {
		t.Errorf("sent %+v again, with %d edits: %v", again, o.sim.CountCalls("chat.update"), err)
	}
}

// Where the app may read the channel, a card that a crash left is found by its
// metadata, and what was posted twice is deleted.
func TestACardThatACrashLeftIsFound(t *testing.T) {
	for _, scopes := range [][]string{nil, {"channels:history", "groups:history"}} {
		o := setUp(t, slacksim.Options{BotScopes: append(slacksim.DefaultScopes(), scopes...)})
		g, first := o.pending()
		o.pending()
		n := bot.NewNotifier(o.conf.API)
		sent, err := n.Notify(o.ctx, outbox.Message{
			Kind: outbox.KindCard, Channel: approvals, Grants: []jit.Grant{g}, Shown: outbox.Shown{Posting: time.Now()},
		})
		all := o.sim.Messages(approvals)
		switch {
		case err != nil:
			t.Fatal(err)
		case scopes == nil && (len(all) != 3 || sent.At.Message != all[2].TS):
			t.Errorf("without the scopes: %d cards, the card at %v", len(all), sent.At)
		case scopes != nil && (len(all) != 1 || sent.At != first):
			t.Errorf("with the scopes: %d cards, the card at %v", len(all), sent.At)
		}
	}
}

func TestDirectMessagesHaveTheirButtons(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.open()
	g, _ := o.pending()
	n := bot.NewNotifier(o.conf.API)
	if _, err := o.tell(n, outbox.KindDirect, g, jit.Event{Kind: jit.EventWaiting}); err != nil {
		t.Fatal(err)
	}
	m := o.sim.DMs(adaID)[0]
	o.reads(m.AllText(), "waits for approval", "Withdraw request")
	o.must(o.sim.Click(o.ctx, adaID, m.Channel, m.TS, "cancel"))
	o.reads(o.ephemeral(adaID, func(string) bool { return true }), "You withdrew your request for SSH to `web-1`")
}

func TestWhatCanNeverBeDeliveredIsKnown(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	g, card := o.pending()
	n := bot.NewNotifier(o.conf.API)
	waiting := jit.Event{Kind: jit.EventWaiting}
	for code, want := range map[string]error{
		"invalid_blocks": jit.ErrInvalid, "is_archived": jit.ErrForbidden, "channel_not_found": jit.ErrForbidden,
		"not_in_channel": jit.ErrForbidden, "internal_error": jit.ErrBusy,
	} {
		o.sim.FailNext("chat.postMessage", 1, slacksim.Fault{Error: code})
		if _, err := o.tell(n, outbox.KindCard, g, waiting); !errors.Is(err, want) {
			t.Errorf("%s: %v", code, err)
		}
	}
	o.sim.RemoveUser(adaID)
	if _, err := o.tell(n, outbox.KindDirect, g, waiting); !errors.Is(err, jit.ErrNotFound) {
		t.Errorf("a person that is gone: %v", err)
	}
	o.sim.FailNext("chat.update", 1, slacksim.Fault{Error: "token_revoked"})
	g.Card = card
	_, err := o.tell(n, outbox.KindCard, g, waiting)
	if err == nil || errors.Is(err, jit.ErrInvalid) || errors.Is(err, jit.ErrNotFound) || errors.Is(err, jit.ErrForbidden) {
		t.Errorf("a revoked token: %v", err)
	}
	g.Request.By.ID = "host:root"
	if _, err := o.tell(n, outbox.KindDirect, g, waiting); !errors.Is(err, jit.ErrInvalid) {
		t.Errorf("somebody who called from the host: %v", err)
	}
	if _, err := o.tell(n, "nothing", g, waiting); !errors.Is(err, jit.ErrInvalid) {
		t.Errorf("no audience: %v", err)
	}
}

// Buttons that no longer apply are taken out of a message to the holder.
func TestButtonsAreTakenOut(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	g, _ := o.pending()
	n := bot.NewNotifier(o.conf.API)
	e := jit.Event{Seq: 3, Kind: jit.EventWaiting}
	sent, err := n.Notify(o.ctx, outbox.Message{Kind: outbox.KindDirect, Grants: []jit.Grant{g}, Events: []jit.Event{e}})
	if err != nil || !sent.Button {
		t.Fatalf("sent %+v: %v", sent, err)
	}
	g.State = jit.Lapsed
	_, err = n.Notify(o.ctx, outbox.Message{
		Kind: outbox.KindButtons, Channel: sent.At.Channel, Grants: []jit.Grant{g}, Events: []jit.Event{e},
		Shown: outbox.Shown{Direct: []outbox.Direct{{At: sent.At, Event: e}}},
	})
	m := o.sim.DMs(adaID)
	if err != nil || len(m) != 1 || len(m[0].Buttons()) != 0 || !strings.Contains(m[0].Text, "By now it is lapsed") {
		t.Errorf("%+v: %v", m, err)
	}
}

func TestLimitsOfSlackAreTold(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	g, _ := o.pending()
	n := bot.NewNotifier(o.conf.API)
	o.sim.FailNext("chat.postMessage", 1, slacksim.Fault{RetryAfter: 7 * time.Second})
	_, err := o.tell(n, outbox.KindDirect, g, jit.Event{Kind: jit.EventWaiting})
	if busy, ok := errors.AsType[*jit.BusyError](err); !ok || busy.Wait != 7*time.Second {
		t.Errorf("asked for silence: %v", err)
	}
	o.sim.FailNext("chat.postMessage", 1, slacksim.Fault{Drop: true})
	_, err = o.tell(n, outbox.KindDirect, g, jit.Event{Kind: jit.EventWaiting})
	if busy, ok := errors.AsType[*jit.BusyError](err); !ok || busy.Wait != 0 {
		t.Errorf("no answer: %v", err)
	}
	o.sim.Down(true)
	if _, err := o.tell(n, outbox.KindDirect, g, jit.Event{Kind: jit.EventWaiting}); !errors.Is(err, jit.ErrBusy) {
		t.Errorf("Slack is away: %v", err)
	}
}

// What many machines have in common is one message, with the whole list in its
// thread.
func TestManyAreOneMessage(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	n := bot.NewNotifier(o.conf.API)
	m := outbox.Message{Kind: outbox.KindChannel, Channel: approvals}
	for i := range 150 {
		m.Events = append(m.Events, jit.Event{Kind: jit.EventProtected, VMs: []string{vmID(fmt.Sprint("web-", i))}, Ports: ssh()})
	}
	if _, err := n.Notify(o.ctx, m); err != nil {
		t.Fatal(err)
	}
	all := o.sim.Messages(approvals)
	if len(all) != 1 {
		t.Fatalf("%d messages", len(all))
	}
	o.reads(all[0].Text, "150 VMs are protected: `web-0` in `rg`", "`web-19` in `rg`, and 130 more, all of them in the thread")
	thread := o.sim.Thread(approvals, all[0].TS)
	o.reads(thread[len(thread)-1].Text, "`web-0` in `rg`", "`web-149` in `rg`")
}

// What concerns no grant is a message of its own in the default channel, and
// no card.
func TestWhatConcernsNoGrantIsSaidInTheChannel(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	n := bot.NewNotifier(o.conf.API)
	n.Changed = func(g jit.Grant) { t.Errorf("there is news of %q", g.ID) }
	const vm = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/web-1"
	e := jit.Event{Kind: jit.EventProtected, Actor: jit.Person{ID: graceID}, VMs: []string{vm}, Ports: ssh()}
	notice := outbox.Message{Kind: outbox.KindChannel, Channel: approvals, Events: []jit.Event{e}}
	_, err := n.Notify(o.ctx, notice)
	if m := o.sim.Messages(approvals); err != nil || len(m) != 1 ||
		!strings.Contains(m[0].Text, "Protected by <@U0GRACE>: `web-1` in `rg`") || len(m[0].Buttons()) != 0 {
		t.Errorf("%+v: %v", m, err)
	}
	o.sim.FailNext("chat.postMessage", 1, slacksim.Fault{Error: "channel_not_found"})
	if _, err := n.Notify(o.ctx, notice); !errors.Is(err, jit.ErrForbidden) {
		t.Errorf("a channel that shuts us out: %v", err)
	}
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
