package bot

import (
	"context"
	"time"

	"github.com/slack-go/slack/socketmode"

	"jitbot/bot/view"
)

// envelope is what an ack answers.
type envelope struct {
	socket *socket
	id     string
}

// ackWithin is how long an ack may wait for a place in the socket's queue,
// which is short only while there is no connection to send it on.
const ackWithin = 500 * time.Millisecond

// ack acknowledges an envelope, by the socket that it came on or, when that is down,
// by the other: Slack takes it from any. The payload is nil or is small.
func (b *Bot) ack(ctx context.Context, e envelope, payload any) {
	b.send(ctx, e.socket, socketmode.Response{EnvelopeID: e.id, Payload: payload})
}

func (b *Bot) send(ctx context.Context, s *socket, r socketmode.Response) {
	ctx, cancel := context.WithTimeout(ctx, ackWithin)
	defer cancel()
	if !b.status.isUp(s.number) {
		if up := b.status.firstUp(); up >= 0 {
			s = b.sockets[up]
		}
	}
	if err := s.SendCtx(ctx, r); err != nil {
		b.Log.WarnContext(ctx, "an ack could not be sent", "socket", s.number, "error", err)
	}
}

// sendElsewhere sends an ack by another socket that one could not send.
func (b *Bot) sendElsewhere(ctx context.Context, s *socket, e socketmode.Event) {
	b.status.set(s.number, false) // it is about to say so itself
	failed, ok := e.Data.(*socketmode.ErrorWriteFailed)
	if up := b.status.firstUp(); ok && failed.Response != nil && up >= 0 {
		b.send(ctx, b.sockets[up], *failed.Response)
		return
	}
	b.Log.WarnContext(ctx, "an ack could not be sent", "socket", s.number)
}

// ackSay acknowledges a command with a message that only its author sees.
func (b *Bot) ackSay(ctx context.Context, e envelope, text string) {
	b.ack(ctx, e, ephemeral(view.Say(text)))
}
