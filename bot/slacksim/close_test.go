package slacksim_test

import (
	"errors"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"jitbot/bot/slacksim"
)

// TestClose ends what waits and may come twice.
func TestClose(t *testing.T) {
	r := newRig(t, slacksim.Options{RetryDelays: []time.Duration{time.Hour}, AckTimeout: time.Hour})
	frame(t, r.dial(t))
	got := make(chan error, 2)
	go func() {
		_, err := r.sim.OpenHome(r.ctx, slacksim.DemoEngineerID)
		got <- err
	}()
	go func() { got <- r.sim.Wait(r.ctx, func(*slacksim.Snapshot) bool { return false }) }()
	r.await(t, "the event", func(*slacksim.Snapshot) bool { return len(r.sim.Envelopes()) == 1 })
	r.sim.Close()
	r.sim.Close()
	for range 2 {
		if err := <-got; !errors.Is(err, slacksim.ErrClosed) {
			t.Fatalf("after Close: %v", err)
		}
	}
}

// TestWhoMayAct: what Slack's client prevents, and Force.
func TestWhoMayAct(t *testing.T) {
	r := newRig(t, slacksim.Options{})
	r.bot(t, func(c *socketmode.Client, e socketmode.Event) {
		if e.Type == socketmode.EventTypeSlashCommand {
			ack(t, c, e)
		}
	})
	private := r.sim.AddChannel(slacksim.Channel{Name: "p", Private: true, Members: []string{slacksim.DemoEngineerID}})
	slash := func(user, channel string, raw slacksim.Raw) error {
		_, err := r.sim.SlashRaw(r.ctx, user, channel, "/jit", "x", raw)
		return err
	}
	must(t, slash(slacksim.DemoEngineerID, private.ID, slacksim.Raw{}))
	must(t, slash(slacksim.DemoGuestID, slacksim.DemoGeneralID, slacksim.Raw{}))
	if err := slash(slacksim.DemoApproverID, private.ID, slacksim.Raw{}); !errors.Is(err, slacksim.ErrCannotAct) {
		t.Fatalf("outside a private channel: %v", err)
	}
	if err := slash(slacksim.DemoGuestID, slacksim.DemoChannelID, slacksim.Raw{}); !errors.Is(err, slacksim.ErrCannotAct) {
		t.Fatalf("a guest outside: %v", err)
	}
	r.sim.UpdateUser(slacksim.DemoApproverID, func(u *slacksim.User) { u.Deleted = true })
	if err := slash(slacksim.DemoApproverID, slacksim.DemoGeneralID, slacksim.Raw{}); !errors.Is(err, slacksim.ErrCannotAct) {
		t.Fatalf("deactivated: %v", err)
	}
	must(t, slash(slacksim.DemoApproverID, slacksim.DemoGeneralID, slacksim.Raw{Force: true}))
}

// TestChoose uses the menus of a message, whose choice is in the state too.
func TestChoose(t *testing.T) {
	r := newRig(t, slacksim.Options{})
	got := make(chan slack.InteractionCallback, 2)
	r.bot(t, func(c *socketmode.Client, e socketmode.Event) {
		if d, ok := e.Data.(slack.InteractionCallback); ok {
			ack(t, c, e)
			got <- d
		}
	})
	one, two := slack.NewOptionBlockObject("1", words("one"), nil), slack.NewOptionBlockObject("2", words("two"), nil)
	_, ts, err := r.api.PostMessageContext(r.ctx, slacksim.DemoChannelID, text("menus"), slack.MsgOptionBlocks(slack.NewActionBlock("m",
		slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, words("pick"), "menu", one, two),
		slack.NewOverflowBlockElement("more", one, two))))
	must(t, err)
	choose := func(menu, value string) slack.InteractionCallback {
		_, err := r.sim.Choose(r.ctx, slacksim.DemoEngineerID, slacksim.DemoChannelID, ts, menu, value)
		must(t, err)
		return <-got
	}
	d := choose("menu", "two")
	if d.ActionCallback.BlockActions[0].SelectedOption.Value != "2" || d.BlockActionState.Values["m"]["menu"].SelectedOption.Value != "2" {
		t.Fatalf("select: %+v", d.ActionCallback.BlockActions[0])
	}
	d = choose("more", "1")
	if d.ActionCallback.BlockActions[0].SelectedOption.Value != "1" || d.Message.Timestamp != ts || d.Container.MessageTs != ts {
		t.Fatalf("overflow: %+v", d)
	}
	if _, err := r.sim.Choose(r.ctx, slacksim.DemoEngineerID, slacksim.DemoChannelID, ts, "menu", "three"); err == nil ||
		!errors.Is(err, slacksim.ErrUnknown) {
		t.Fatalf("no such option: %v", err)
	}
}
