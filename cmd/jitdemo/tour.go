package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"jitbot/bot/slacksim"
	"jitbot/cmd/internal/app"
	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/record"
	"jitbot/store/bolt"
)

const (
	tourMost = 2 * time.Minute // something is broken when a step takes longer
	tourVM   = azuresim.DemoWeb1
	tourFrom = "203.0.113.7"
	// tourLimits allow of grants that nobody minds to wait for.
	tourLimits = "shortest: 5s, "
	request    = "request web-1 22 8s from " + tourFrom + " for the search index is stuck"
)

// tour tells one grant's life, and fails when anything is not as told.
type tour struct {
	*simulation
	out  io.Writer
	done context.Context //nolint:containedctx // ends every wait of the tour at once
}

// playTour plays one grant from request to expiry.
func playTour(ctx context.Context, out, log io.Writer) (err error) {
	ctx, cancel := context.WithTimeout(ctx, tourMost)
	defer cancel()
	s, err := newSimulation(ctx, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	options, err := s.options(tourLimits)
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		ended <- app.Run(running, options)
		cancel() // a bot that ends early ends the tour
	}()
	t := &tour{simulation: s, out: out, done: ctx}
	err = t.play()
	stop()
	if err := errors.Join(err, <-ended); err != nil {
		return err
	}
	return t.record(context.WithoutCancel(ctx))
}

// play is the story, scene by scene.
func (t *tour) play() error {
	scenes := []func() error{t.before, t.ask, t.wrongPeople, t.approve, t.expire}
	for _, scene := range scenes {
		if err := scene(); err != nil {
			return err
		}
	}
	return nil
}

func (t *tour) before() error {
	t.title("1. Before: the rules in front of web-1, and nobody may in")
	t.rules()
	if err := t.reaches(false); err != nil {
		return err
	}
	return t.until("the bot to come up", func(n *slacksim.Snapshot) bool { return n.Sockets > 0 })
}

func (t *tour) ask() error {
	t.title("2. Ada asks in Slack")
	t.tells("Ada", "/jit "+request)
	if _, err := t.slack.Slash(t.done, slacksim.DemoEngineerID, slacksim.DemoChannelID, "/jit", request); err != nil {
		return fmt.Errorf("typing the request: %w", err)
	}
	answered := func(n *slacksim.Snapshot) bool { return len(n.Ephemerals(slacksim.DemoEngineerID)) > 0 }
	if err := t.until("the answer", answered); err != nil {
		return err
	}
	t.says("jitbot, to Ada alone", last(t.slack.Ephemerals(slacksim.DemoEngineerID)))
	if err := t.until("the card", func(n *slacksim.Snapshot) bool { return len(n.Messages(slacksim.DemoChannelID)) > 0 }); err != nil {
		return err
	}
	t.says("the card in #jit-approvals", t.card())
	return nil
}

func (t *tour) wrongPeople() error {
	t.title("3. The wrong people get nowhere")
	t.tells("Ada clicks Approve", "on her own request")
	if err := t.clickAndHear(slacksim.DemoEngineerID, "approve"); err != nil {
		return err
	}
	t.tells("Mallory, who has no role in Azure", "/jit "+request)
	if _, err := t.slack.Slash(t.done, slacksim.DemoOutsiderID, slacksim.DemoChannelID, "/jit", request); err != nil {
		return fmt.Errorf("typing as Mallory: %w", err)
	}
	said := func(n *slacksim.Snapshot) bool { return len(n.Ephemerals(slacksim.DemoOutsiderID)) > 0 }
	if err := t.until("Mallory's refusal", said); err != nil {
		return err
	}
	t.says("jitbot, to Mallory alone", last(t.slack.Ephemerals(slacksim.DemoOutsiderID)))
	return t.reaches(false)
}

func (t *tour) approve() error {
	t.title("4. Grace approves, and the rule is read back before anybody says open")
	if _, err := t.slack.Click(t.done, slacksim.DemoApproverID, slacksim.DemoChannelID, t.card().TS, "approve"); err != nil {
		return fmt.Errorf("clicking Approve: %w", err)
	}
	if err := t.heard("is open"); err != nil {
		return err
	}
	t.says("jitbot, to Ada", last(t.slack.DMs(slacksim.DemoEngineerID)))
	t.rules()
	return t.reaches(true)
}

func (t *tour) expire() error {
	t.title("5. Eight seconds later the time is over")
	if err := t.heard("is closed"); err != nil {
		return err
	}
	t.says("jitbot, to Ada", last(t.slack.DMs(slacksim.DemoEngineerID)))
	t.rules()
	return t.reaches(false)
}

// record tells what the store kept.
func (t *tour) record(ctx context.Context) error {
	t.title("6. The record, each line chained to the one before")
	s, err := bolt.Open(ctx, t.store, bolt.Options{})
	if err != nil {
		return fmt.Errorf("opening the record: %w", err)
	}
	events, err := s.Events(ctx, 0, 1000)
	if err == nil {
		err = s.Verify(ctx)
	}
	var prev jit.Event
	for _, e := range events {
		err = errors.Join(err, record.Follows(e, prev))
		prev = e
		whose := "by"
		if e.Kind == jit.EventRefused || e.Kind == jit.EventRejected {
			whose = "to" // whoever tried is the actor
		}
		t.print("  %2d  %s  %s  %-9s %s %-7s %s",
			e.Seq, e.At.Local().Format("15:04:05"), e.Grant, e.Kind, whose, name(string(e.Actor.ID)), e.Hash[:16])
	}
	if err == nil {
		t.print("\nThe chain holds. That was one grant: asked, refused to the wrong people,\napproved, opened, closed on time, and recorded.")
	}
	return errors.Join(err, s.Close())
}

// clickAndHear clicks a button of the card and tells the answer.
func (t *tour) clickAndHear(user, button string) error {
	before := len(t.slack.Ephemerals(user))
	if _, err := t.slack.Click(t.done, user, slacksim.DemoChannelID, t.card().TS, button); err != nil {
		return fmt.Errorf("clicking %s: %w", button, err)
	}
	if err := t.until("an answer", func(n *slacksim.Snapshot) bool { return len(n.Ephemerals(user)) > before }); err != nil {
		return err
	}
	t.says("jitbot, to Ada alone", last(t.slack.Ephemerals(user)))
	return nil
}

// heard waits until the latest message to Ada has the words.
func (t *tour) heard(words string) error {
	return t.until("jitbot to say that it "+words, func(n *slacksim.Snapshot) bool {
		dms := n.DMs(slacksim.DemoEngineerID)
		return len(dms) > 0 && strings.Contains(last(dms).Text, words)
	})
}

func (t *tour) until(what string, seen func(*slacksim.Snapshot) bool) error {
	if err := t.slack.Wait(t.done, seen); err != nil {
		return fmt.Errorf("waiting for %s: %w", what, err)
	}
	return nil
}

// reaches fails when the simulated network disagrees with the story.
func (t *tour) reaches(want bool) error {
	got, why := t.azure.Reachable(tourVM, netip.MustParseAddr(tourFrom), 22, "Tcp")
	if got != want {
		return fmt.Errorf("port 22 of web-1 open to %s: %t, the story says %t (%s)", tourFrom, got, want, why)
	}
	word := "shut"
	if got {
		word = "OPEN"
	}
	t.print("  Port 22 of web-1 is %s to %s.", word, tourFrom)
	return nil
}

func (t *tour) card() slacksim.Message { return t.slack.Messages(slacksim.DemoChannelID)[0] }

func last(messages []slacksim.Message) slacksim.Message { return messages[len(messages)-1] }
