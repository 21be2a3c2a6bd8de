package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"jitbot/bot/form"
	"jitbot/bot/view"
	"jitbot/jit/clock"
	"jitbot/jit/text"
)

// socketCount is how many connections there are. When Slack renews one, what it
// had under way there is lost, clicks too; the other goes on meanwhile.
const socketCount = 2

// maxBackoff is the longest pause between two attempts to connect. The
// library's own grows to five minutes, which is long for somebody who waits.
const maxBackoff = 20 * time.Second

// socket is one connection of Socket Mode.
type socket struct {
	*socketmode.Client
	number int
	cancel atomic.Pointer[context.CancelFunc] // ends the current attempt
	no     atomic.Pointer[error]              // Slack's own word, which ended it
}

// discardLog takes the library's own log, which says nothing that the events do
// not.
type discardLog struct{}

// Output implements the library's logger.
func (discardLog) Output(int, string) error { return nil }

// serve runs the sockets and the one loop over what they bring. It never
// waits: not for Slack's Web API, not for a worker, not for the store; a loop that
// stands still stops the sockets too.
func (b *Bot) serve(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, socketCount)
	var sockets [socketCount]*socket
	for i := range sockets {
		s := &socket{number: i, Client: socketmode.New(b.API, socketmode.OptionLog(discardLog{}), socketmode.OptionDialer(b.Dialer))}
		sockets[i], b.sockets[i] = s, s
		go func() { ended <- b.connect(ctx, s) }()
	}
	var cause error
	for running := socketCount; running > 0; {
		var err error
		select {
		case e := <-sockets[0].Events:
			err = b.guardedEvent(ctx, sockets[0], e)
		case e := <-sockets[1].Events:
			err = b.guardedEvent(ctx, sockets[1], e)
		case err = <-ended:
			running--
		}
		if err != nil && cause == nil && ctx.Err() == nil {
			cause = fmt.Errorf("serving Slack: %w", err)
			b.status.fail(cause)
			stop()
		}
	}
	return cause
}

// connect keeps a socket open until ctx ends or Slack refuses for good. What the
// library calls fatal is tried again as everything else is: a proxy that answers
// 404 says nothing of the token.
func (b *Bot) connect(ctx context.Context, s *socket) error {
	if s.number > 0 && !clock.Sleep(ctx, time.Duration(s.number)*b.Stagger) {
		return nil
	}
	for pause := firstPause; ; pause = nextPause(pause) {
		attempt, cancel := context.WithCancel(ctx)
		s.cancel.Store(&cancel)
		s.no.Store(nil)
		began := b.Now()
		err := s.RunContext(attempt)
		cancel()
		b.status.set(s.number, false)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the bot was asked to end
		}
		if b.Now().Sub(began) > maxBackoff {
			pause = firstPause // it worked for a while
		}
		if no := s.no.Swap(nil); no != nil {
			err = *no
		}
		if errors.Is(err, context.Canceled) {
			pause = maxBackoff // the library would have waited for longer
		} else if err := b.socketFailed(ctx, s, err); err != nil {
			return err
		}
		if !clock.Sleep(ctx, pause/2+rand.N(pause/2)) { //nolint:gosec // spreading load needs no secret
			return nil
		}
	}
}

// guardedEvent is event, which ends nothing when it panics. Whoever sent it is told.
func (b *Bot) guardedEvent(ctx context.Context, s *socket, e socketmode.Event) error {
	defer func() {
		if p := recover(); p != nil {
			b.panicked(ctx, "taking "+string(e.Type), p)
			b.tellOfPanic(ctx, s, e)
		}
	}()
	return b.event(ctx, s, e)
}

func (b *Bot) tellOfPanic(ctx context.Context, s *socket, e socketmode.Event) {
	if e.Request == nil {
		return
	}
	at := envelope{s, e.Request.EnvelopeID}
	i, err := decode[form.Interaction](e.Request.Payload)
	switch {
	case e.Type == socketmode.EventTypeSlashCommand:
		b.ackSay(ctx, at, view.DoubtText)
	case e.Type == socketmode.EventTypeInteractive && err == nil && i.Type == "view_submission":
		b.refuseForm(ctx, at, form.Errors{form.AnyInput(i): view.DoubtText})
	default:
		b.ack(ctx, at, nil)
		if i.Type == "block_actions" {
			b.say(replyTo(i), view.Say(view.DoubtText))
		}
	}
}

// event deals with one event of a socket. An error ends the bot.
func (b *Bot) event(ctx context.Context, s *socket, e socketmode.Event) error {
	if ctx.Err() != nil {
		return nil //nolint:nilerr // only drained, since the bot was asked to end
	}
	switch e.Type {
	case socketmode.EventTypeHello:
		b.status.set(s.number, true)
		b.refusals.forget()
		b.greeted(ctx, s, e.Request)
		b.Log.InfoContext(ctx, "slack socket is up", "socket", s.number)
	case socketmode.EventTypeConnecting:
		b.status.set(s.number, false)
	case socketmode.EventTypeConnectionError:
		b.connectionFailed(ctx, s, e)
	case socketmode.EventTypeIncomingError:
		b.status.set(s.number, false)
		b.Log.InfoContext(ctx, "slack socket broke off", "socket", s.number)
	case socketmode.EventTypeErrorWriteFailed:
		b.sendElsewhere(ctx, s, e)
	case socketmode.EventTypeErrorBadMessage:
		b.ackUnreadable(ctx, s, e)
	case socketmode.EventTypeSlashCommand:
		b.command(ctx, envelope{s, e.Request.EnvelopeID}, e.Request.Payload)
	case socketmode.EventTypeInteractive:
		b.interact(ctx, envelope{s, e.Request.EnvelopeID}, e.Request.Payload)
	case socketmode.EventTypeEventsAPI:
		b.ack(ctx, envelope{s, e.Request.EnvelopeID}, nil)
		b.takeEvent(ctx, e.Request.Payload)
	default: // Connected and Disconnect say nothing that Hello and the errors do not
	}
	return nil
}

// connectionFailed takes a failed attempt of the library's. What Slack refuses for good
// ends the attempts, since what follows from it is read from the store.
func (b *Bot) connectionFailed(ctx context.Context, s *socket, e socketmode.Event) {
	failed, ok := e.Data.(*slack.ConnectionErrorEvent)
	if !ok {
		return
	}
	b.status.set(s.number, false)
	if fatal(failed.ErrorObj) {
		s.no.Store(&failed.ErrorObj)
		(*s.cancel.Load())()
		return
	}
	_ = b.socketFailed(ctx, s, failed.ErrorObj) // which ends nothing
	if failed.Backoff > max(maxBackoff, busyFor(slackError("", failed.ErrorObj))) {
		(*s.cancel.Load())()
	}
}

// socketFailed says why a socket is not open. An error ends the bot.
func (b *Bot) socketFailed(ctx context.Context, s *socket, cause error) error {
	err := slackError("opening a socket", withoutURL(cause))
	b.Log.WarnContext(ctx, "slack socket cannot be opened, and is tried again", "socket", s.number, "error", err)
	return b.refused(ctx, appToken, err)
}

// ackUnreadable acks what the library could not read, so that Slack does not send
// it again and again.
func (b *Bot) ackUnreadable(ctx context.Context, s *socket, e socketmode.Event) {
	bad, ok := e.Data.(*socketmode.ErrorBadMessage)
	if !ok {
		return
	}
	var frame struct {
		Type     json.RawMessage `json:"type"` // which may be anything
		Envelope string          `json:"envelope_id"`
	}
	if err := json.Unmarshal(bad.Message, &frame); err != nil || frame.Envelope == "" {
		b.Log.WarnContext(ctx, "slack sent what is no envelope", "socket", s.number, "bytes", len(bad.Message))
		return
	}
	b.Log.WarnContext(ctx, "slack sent an envelope that is not understood", "socket", s.number,
		"type", view.Clip(text.Clean(string(frame.Type)), 50))
	b.ack(ctx, envelope{s, frame.Envelope}, nil)
}
