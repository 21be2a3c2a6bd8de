package bot

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/slack-go/slack"

	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/outbox"
)

// card edits the grant's message, or posts it when there is none (any more). What
// would say the same is not sent.
func (n *Notifier) card(ctx context.Context, m outbox.Message) (outbox.Sent, error) {
	g := m.Grants[0]
	text := view.Card(g, n.others(ctx, g)...)
	sent := outbox.Sent{At: g.Card, Digest: digestOf(text)}
	if sent.At.Message == "" && !m.Shown.Posting.IsZero() {
		sent.At = n.adopt(ctx, m)
	}
	if sent.At.Message != "" {
		if sent.Digest == m.Shown.Digest {
			sent.Same = true
			return sent, nil
		}
		err := n.edit(ctx, sent.At, text, metadata(g.ID))
		switch ErrorCode(err) {
		case "message_not_found", "cant_update_message", "edit_window_closed", "channel_not_found":
			// somebody deleted it, or it may not be edited: a new one
		default:
			if err != nil {
				err = fmt.Errorf("the card of %s: %w", g.ID, err)
			}
			return sent, err
		}
	}
	var err error
	if sent.At, err = n.post(ctx, cmp.Or(g.Channel, m.Channel), text, metadata(g.ID)); err != nil {
		return outbox.Sent{}, fmt.Errorf("the card of %s: %w", g.ID, err)
	}
	return sent, nil
}

// digestOf tells what a message says from what another does.
func digestOf(m view.Message) string {
	raw, err := json.Marshal(m)
	if err != nil {
		return "" // like none
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:16])
}

const (
	copiesBefore = time.Minute // Slack's clock and ours
	copiesPages  = 10
)

// adopt finds the card of which a crash left it unknown whether it was posted, and
// deletes what was posted more than once. Without the right to read the channel,
// or when it is not there, there is none; a copy is mended when it is clicked.
func (n *Notifier) adopt(ctx context.Context, m outbox.Message) jit.Card {
	ctx, cancel := context.WithTimeout(ctx, postWithin)
	defer cancel()
	var found []jit.Card
	ask := slack.GetConversationHistoryParameters{
		ChannelID: m.Channel, IncludeAllMetadata: true, Limit: 200,
		Oldest: fmt.Sprintf("%d.000000", m.Shown.Posting.Add(-copiesBefore).Unix()),
	}
	for range copiesPages {
		page, err := n.api.GetConversationHistoryContext(ctx, &ask)
		if err != nil {
			break
		}
		for _, msg := range page.Messages {
			if msg.Metadata.EventType == metadataType && msg.Metadata.EventPayload["grant"] == string(m.Grants[0].ID) {
				found = append(found, jit.Card{Channel: m.Channel, Message: msg.Timestamp})
			}
		}
		if ask.Cursor = page.ResponseMetaData.NextCursor; ask.Cursor == "" {
			break
		}
	}
	if len(found) == 0 {
		return jit.Card{}
	}
	last := len(found) - 1 // the oldest, which people may have seen
	for _, copied := range found[:last] {
		_, _, _ = n.api.DeleteMessageContext(ctx, copied.Channel, copied.Message) // else it is mended when it is clicked
	}
	return found[last]
}

// Mend says on a copy of a card where the card is. What was clicked is one when it
// is another message of the card's channel.
func (n *Notifier) Mend(ctx context.Context, g jit.Grant, clicked jit.Card) error {
	if g.Card.Message == "" || clicked.Channel != g.Card.Channel || clicked.Message == "" || clicked.Message == g.Card.Message {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, postWithin)
	defer cancel()
	link, err := n.api.GetPermalinkContext(ctx, &slack.PermalinkParameters{Channel: g.Card.Channel, Ts: g.Card.Message})
	if err != nil {
		link = "" // the sentence does without
	}
	return n.edit(ctx, clicked, view.CopyOf(g, link))
}
