package bot_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"jitbot/bot"
	"jitbot/bot/slacksim"
	"jitbot/jit"
)

func vmID(name string) string {
	return "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/" + name
}

func digest() jit.Digest {
	return jit.Digest{
		At: noon, Unhealthy: 3, NotApplicable: 2, Untold: 1, Healthy: 30,
		Exposures: []jit.Exposed{
			{VM: vmID("jump-1"), Production: true, Why: "Rule ssh-anywhere (priority 1000) of jump-nsg opens management ports to Any."},
		},
		Remarks: []jit.Remark{
			{Text: "Yet its policy lets a request open port 22 to any single address that it names.", VMs: []string{vmID("web-2")}},
		},
	}
}

// A digest is said in the channel as it was made, and not once more by the
// notice of one that it took the place of.
func TestDigestIsSaid(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	n := bot.NewNotifier(o.conf.API, approvals)
	d, failed := digest(), error(nil)
	n.Digest = func(context.Context) (jit.Digest, error) { return d, failed }
	notice := jit.Notice{To: jit.ToChannel, Event: jit.Event{Kind: jit.EventDigest, At: d.At}}
	if _, err := n.Notify(o.ctx, notice, jit.Grant{}); err != nil {
		t.Fatal(err)
	}
	old := notice
	old.Event.At = d.At.Add(-24 * time.Hour)
	if _, err := n.Notify(o.ctx, old, jit.Grant{}); err != nil {
		t.Fatal(err)
	}
	m := o.sim.Messages(approvals)
	if len(m) != 1 {
		t.Fatalf("%d messages", len(m))
	}
	o.reads(m[0].Text, "35 VMs, 3 Unhealthy, 2 Not applicable (1 cannot be told), 30 Healthy.",
		"`rg/jump-1` (production): *Unhealthy*. `Rule ssh-anywhere", "2 more Unhealthy VMs", "/jit scan")
	o.reads(m[0].AllText(), "Yet its policy lets a request open port 22")
	failed = jit.ErrDamaged
	if _, err := n.Notify(o.ctx, notice, jit.Grant{}); !errors.Is(err, jit.ErrDamaged) {
		t.Errorf("a store that cannot tell: %v", err)
	}
}

func TestACardIsPostedEditedAndPostedAgain(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	g, card := o.pending()
	n := bot.NewNotifier(o.conf.API, approvals)
	messages := func() []slacksim.Message { return o.sim.Messages(approvals) }
	if m := messages(); len(m) != 1 || m[0].TS != card.Message || len(m[0].Buttons()) != 2 || m[0].UnfurlLinks || m[0].UnfurlMedia ||
		!strings.Contains(string(m[0].Metadata), `"jitbot_grant"`) || !strings.Contains(string(m[0].Metadata), `"g-7k2qd"`) {
		t.Fatalf("the card is %+v", m)
	}
	g.Card = card
	g, e, err := g.Approve(jit.Person{ID: graceID}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	same, err := n.Notify(o.ctx, jit.Notice{Event: e, To: jit.ToCard}, g)
	if m := messages(); err != nil || same != card || len(m) != 1 || !m[0].Edited || len(m[0].Buttons()) != 1 {
		t.Fatalf("the edited card is %+v at %v: %v", m, same, err)
	}
	if _, err := n.Notify(o.ctx, jit.Notice{Event: e, To: jit.ToThread}, g); err != nil {
		t.Fatal(err)
	}
	if m := o.sim.Thread(approvals, card.Message); len(m) == 0 || m[len(m)-1].Text != "`g-7k2qd`: approved by <@U0GRACE>." {
		t.Errorf("the thread is %+v", m)
	}
	o.sim.FailNext("chat.update", 1, slacksim.Fault{Error: "message_not_found"})
	next, err := n.Notify(o.ctx, jit.Notice{Event: e, To: jit.ToCard}, g)
	if err != nil || next == card || next.Message == "" {
		t.Errorf("the card posted again is at %v: %v", next, err)
	}
}

// A reply that fails after its card was posted does not post a second card.
func TestAReplyNeedsACard(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	g, _ := o.pending()
	e := jit.Event{Kind: jit.EventHeld, Text: "closings are late"}
	n := bot.NewNotifier(o.conf.API, "")
	g.Channel = slacksim.DemoGeneralID
	card, err := n.Notify(o.ctx, jit.Notice{Event: e, To: jit.ToThread}, g)
	if err != nil || card.Channel != slacksim.DemoGeneralID || len(o.sim.Thread(card.Channel, card.Message)) == 0 {
		t.Fatalf("the card is at %v: %v", card, err)
	}
	before := len(o.sim.Messages(card.Channel))
	if again, err := n.Notify(o.ctx, jit.Notice{Event: e, To: jit.ToCard}, g); err != nil || again != card ||
		len(o.sim.Messages(card.Channel)) != before {
		t.Errorf("the card is at %v now: %v", again, err)
	}
}

func TestDirectMessagesHaveTheirButtons(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.open()
	g, _ := o.pending()
	n := bot.NewNotifier(o.conf.API, approvals)
	if _, err := n.Notify(o.ctx, jit.Notice{Event: jit.Event{Kind: jit.EventWaiting}, To: jit.ToRequester}, g); err != nil {
		t.Fatal(err)
	}
	m := o.sim.DMs(adaID)[0]
	o.reads(m.AllText(), "waits for approval", "Withdraw request")
	o.must(o.sim.Click(o.ctx, adaID, m.Channel, m.TS, "cancel"))
	o.reads(o.ephemeral(adaID, func(string) bool { return true }), "You withdrew `g-7k2qd`")
}

func TestWhatCanNeverBeDeliveredIsKnown(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	g, card := o.pending()
	n := bot.NewNotifier(o.conf.API, approvals)
	waiting := jit.Event{Kind: jit.EventWaiting}
	for code, want := range map[string]error{
		"invalid_blocks": jit.ErrInvalid, "is_archived": jit.ErrForbidden, "channel_not_found": jit.ErrForbidden,
		"not_in_channel": jit.ErrForbidden, "internal_error": jit.ErrBusy,
	} {
		o.sim.FailNext("chat.postMessage", 1, slacksim.Fault{Error: code})
		if _, err := n.Notify(o.ctx, jit.Notice{Event: waiting, To: jit.ToCard}, g); !errors.Is(err, want) {
			t.Errorf("%s: %v", code, err)
		}
	}
	o.sim.RemoveUser(adaID)
	if _, err := n.Notify(o.ctx, jit.Notice{Event: waiting, To: jit.ToRequester}, g); !errors.Is(err, jit.ErrNotFound) {
		t.Errorf("a person that is gone: %v", err)
	}
	o.sim.FailNext("chat.update", 1, slacksim.Fault{Error: "token_revoked"})
	g.Card = card
	_, err := n.Notify(o.ctx, jit.Notice{Event: waiting, To: jit.ToCard}, g)
	if err == nil || errors.Is(err, jit.ErrInvalid) || errors.Is(err, jit.ErrNotFound) || errors.Is(err, jit.ErrForbidden) {
		t.Errorf("a revoked token: %v", err)
	}
	g.Request.By.ID = "host:root"
	if _, err := n.Notify(o.ctx, jit.Notice{Event: waiting, To: jit.ToRequester}, g); !errors.Is(err, jit.ErrInvalid) {
		t.Errorf("somebody who called from the host: %v", err)
	}
	if _, err := n.Notify(o.ctx, jit.Notice{Event: waiting, To: "nobody"}, g); !errors.Is(err, jit.ErrInvalid) {
		t.Errorf("no audience: %v", err)
	}
}

func TestSilenceIsKeptWhenSlackAsksForIt(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	g, _ := o.pending()
	n := bot.NewNotifier(o.conf.API, approvals)
	o.sim.FailNext("chat.postMessage", 1, slacksim.Fault{RetryAfter: 7 * time.Second})
	before := o.sim.CountCalls("chat.postMessage")
	for range 2 {
		_, err := n.Notify(o.ctx, jit.Notice{Event: jit.Event{Kind: jit.EventWaiting}, To: jit.ToRequester}, g)
		busy, ok := errors.AsType[*jit.BusyError](err)
		if !ok || busy.Wait <= 6*time.Second || busy.Wait > 7*time.Second {
			t.Fatalf("asked for silence: %v", err)
		}
	}
	if n := o.sim.CountCalls("chat.postMessage") - before; n != 1 {
		t.Errorf("%d messages were tried", n)
	}
	o.sim.Down(true)
	if _, err := bot.NewNotifier(o.conf.API, approvals).Notify(o.ctx, jit.Notice{To: jit.ToRequester}, g); !errors.Is(err, jit.ErrBusy) {
		t.Errorf("Slack is away: %v", err)
	}
}

func TestChannelsAreNotFlooded(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	g, _ := o.pending()
	n := bot.NewNotifier(o.conf.API, approvals)
	began := time.Now()
	for range 4 {
		if _, err := n.Notify(o.ctx, jit.Notice{Event: jit.Event{Kind: jit.EventLapsed}, To: jit.ToRequester}, g); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(began); took < 900*time.Millisecond {
		t.Errorf("four messages took %s", took)
	}
	short, cancel := context.WithTimeout(o.ctx, 10*time.Millisecond)
	defer cancel()
	if _, err := n.Notify(short, jit.Notice{Event: jit.Event{Kind: jit.EventLapsed}, To: jit.ToRequester}, g); !errors.Is(err, jit.ErrBusy) {
		t.Errorf("no time to wait: %v", err)
	}
}

// What concerns no grant is a message of its own in the default channel, and
// no card.
func TestWhatConcernsNoGrantIsSaidInTheChannel(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	n := bot.NewNotifier(o.conf.API, approvals)
	n.Changed = func(g jit.Grant) { t.Errorf("there is news of %q", g.ID) }
	const vm = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/web-1"
	e := jit.Event{Kind: jit.EventProtected, Actor: jit.Person{ID: graceID}, VMs: []string{vm}, Ports: ssh()}
	notice := jit.Notice{To: jit.ToChannel, Event: e}
	card, err := n.Notify(o.ctx, notice, jit.Grant{})
	if m := o.sim.Messages(approvals); err != nil || card != (jit.Card{}) || len(m) != 1 ||
		!strings.Contains(m[0].Text, "Protected by <@U0GRACE>: `rg/web-1`") || len(m[0].Buttons()) != 0 {
		t.Errorf("%+v at %v: %v", m, card, err)
	}
	o.sim.FailNext("chat.postMessage", 1, slacksim.Fault{Error: "channel_not_found"})
	if _, err := n.Notify(o.ctx, notice, jit.Grant{}); !errors.Is(err, jit.ErrForbidden) {
		t.Errorf("a channel that shuts us out: %v", err)
	}
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
