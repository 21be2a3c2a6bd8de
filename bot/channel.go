package bot

import (
	"context"
	"errors"
	"fmt"

	"github.com/slack-go/slack"

	"jitbot/jit"
)

// Passing reports whether an error is of the kind that passes by itself: Slack was
// busy, did not answer, or not in time.
func Passing(err error) bool {
	return errors.Is(err, jit.ErrBusy) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// Fault tells a failure of Slack in the domain's kinds: what passes by itself is a
// jit.ErrBusy.
func Fault(doing string, err error) error { return slackError(doing, withoutURL(err)) }

// LookAtChannel reads a channel that cards go to. The error is that it cannot be
// read, or why cards should not go there: they tell who gets in where, from which
// address.
func LookAtChannel(ctx context.Context, api *slack.Client, id string) (*slack.Channel, error) {
	c, err := api.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: id, IncludeNumMembers: true})
	switch {
	case err != nil:
		return nil, Fault("reading the channel "+id, err)
	case c.IsArchived:
		return c, fmt.Errorf("the channel %s is archived, so no card gets there", id)
	case c.IsExtShared:
		return c, fmt.Errorf("the channel %s is shared with another organization, whose people read every card; use one of your own", id)
	case c.NumMembers == 0, c.IsMember && c.NumMembers == 1:
		return c, fmt.Errorf("nobody but jitbot is in the channel %s, so nobody sees a card; invite the approvers", id)
	}
	return c, nil
}
