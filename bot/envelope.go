package bot

import (
	"context"
	"time"

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

// ack acknowledges an envelope. The payload is nil or is small.
func (b *Bot) ack(ctx context.Context, e envelope, payload any) {
	ctx, cancel := context.WithTimeout(ctx, ackWithin)
	defer cancel()
	if err := e.socket.AckCtx(ctx, e.id, payload); err != nil {
		b.Log.WarnContext(ctx, "an ack could not be sent", "socket", e.socket.number, "error", err)
	}
}

// ackSay acknowledges a command with a message that only its author sees.
func (b *Bot) ackSay(ctx context.Context, e envelope, text string) {
	b.ack(ctx, e, ephemeral(view.Say(text)))
}
