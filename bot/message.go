package bot

import (
	"context"

	"github.com/slack-go/slack"

	"jitbot/bot/view"
	"jitbot/jit"
)

// metadata lets the card be found by its grant. Everybody can read it.
func metadata(id jit.ID) slack.MsgOption {
	return slack.MsgOptionMetadata(slack.SlackMetadata{
		EventType: metadataType, EventPayload: map[string]any{"grant": string(id)},
	})
}

// options are what every message of ours has: both forms of what it says, and
// nothing unfolded that a link in it may point to.
func options(m view.Message, more ...slack.MsgOption) []slack.MsgOption {
	all := []slack.MsgOption{
		slack.MsgOptionText(m.Text, false), slack.MsgOptionBlocks(m.Blocks...),
		slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl(),
	}
	return append(all, more...)
}

// post sends a message to a channel or a person.
func post(ctx context.Context, api *slack.Client, channel string, m view.Message, more ...slack.MsgOption) (jit.Card, error) {
	at, ts, err := api.PostMessageContext(ctx, channel, options(m, more...)...)
	if err != nil {
		return jit.Card{}, slackError("posting a message", withoutURL(err))
	}
	return jit.Card{Channel: at, Message: ts}, nil
}
