package slacksim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// Raw bends an action away from what Slack's client would send. The zero value
// bends nothing.
type Raw struct {
	// Value replaces the value of the button in the payload.
	Value *string
	// TeamID replaces the person's workspace in the payload.
	TeamID string
	// TS replaces the timestamp of the message in the payload.
	TS string
	// Stale presses a button of an earlier version of the message, as somebody
	// does whose screen has not caught up.
	Stale bool
	// Dismiss answers a confirmation dialog with no: nothing is sent.
	Dismiss bool
	// Double sends the action twice at the same instant, each with its own
	// envelope, trigger_id and action_ts. The Reply is the first one's.
	Double bool
	// Force lets somebody act who could not: deactivated, outside the channel,
	// in a modal that is closed.
	Force bool
	// Edit changes the payload last of all.
	Edit func(payload map[string]any)
}

func (r Raw) apply(p object) {
	if r.TeamID != "" {
		if u := obj(p, "user"); u != nil {
			u["team_id"] = r.TeamID
			obj(p, "team")["id"] = r.TeamID
		} else {
			p["team_id"] = r.TeamID
		}
	}
	for part, key := range map[string]string{"container": "message_ts", "message": "ts"} {
		if o := obj(p, part); o != nil && r.TS != "" {
			o[key] = r.TS
		}
	}
	for _, v := range list(p, "actions") {
		if a, ok := v.(object); ok && r.Value != nil {
			a["value"] = *r.Value
		}
	}
	if r.Edit != nil {
		r.Edit(p)
	}
}

// Slash types a slash command in a channel and waits for the app. On ErrTimeout
// and ErrDispatchFailed the person reads Slack's failure, which is Reply.Text
// and an ephemeral message of Slackbot.
func (s *Sim) Slash(ctx context.Context, userID, channelID, command, text string) (Reply, error) {
	return s.SlashRaw(ctx, userID, channelID, command, text, Raw{})
}

// SlashRaw is Slash with the payload bent.
func (s *Sim) SlashRaw(ctx context.Context, userID, channelID, command, text string, raw Raw) (Reply, error) {
	s.mu.Lock()
	c, err := s.slashPlace(userID, channelID, command, raw)
	if err != nil {
		s.mu.Unlock()
		return Reply{}, err
	}
	send := func() (*pending, *shownReply) {
		res := &responder{channel: c.ID, user: userID}
		payload := s.slashPayload(userID, c, command, text, res)
		raw.apply(payload)
		shown := &shownReply{}
		p := s.post("slash_commands", true, payload, nil)
		p.apply = func(ack json.RawMessage) error { return s.showReply(shown, res, ack) }
		res.acked = p.done
		return p, shown
	}
	p, shown := send()
	twin := p
	if raw.Double {
		twin, _ = send()
	}
	s.mu.Unlock()
	r, err := s.finish(ctx, p)
	if twin != p {
		_, err2 := s.finish(ctx, twin)
		err = errors.Join(err, err2)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r.Message, r.Text = shown.message, shown.text
	if code := slashFailure(err); code != "" {
		r.Text = command + ` failed with the error "` + code + `"`
		s.whisper(c.ID, userID, "USLACKBOT", content{text: r.Text})
	}
	return r, err
}

// slashPlace checks that the command can be typed there. Called with the lock held.
func (s *Sim) slashPlace(userID, channelID, command string, raw Raw) (*channel, error) {
	if s.closed {
		return nil, ErrClosed
	}
	c, ok := s.channels[channelID]
	if !ok {
		return nil, fmt.Errorf("%w: channel %s", ErrUnknown, channelID)
	}
	if err := s.mayAct(userID, channelID); err != nil && !raw.Force {
		return nil, err
	}
	for _, cmd := range s.opt.Commands {
		if cmd.Name == command {
			return c, nil
		}
	}
	return nil, fmt.Errorf("%w: %s is not a valid command", ErrUnknown, command)
}

// shownReply is what the acknowledgement of a slash command put on the screen.
type shownReply struct {
	message *Message
	text    string
}

// showReply carries out the acknowledgement of a slash command. Called with the
// lock held.
func (s *Sim) showReply(shown *shownReply, res *responder, ack json.RawMessage) error {
	if ack == nil {
		return nil
	}
	args, err := decodeObject(ack)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrTrouble, err)
	}
	body, bad := s.content(&call{method: "ack", args: args})
	if bad != nil {
		return fmt.Errorf("%w: %s %v", ErrTrouble, bad.code, bad.extra)
	}
	if body.empty(args) {
		return nil
	}
	m := s.reply(res, body, str(args, "response_type"), "")
	seen := m.Message
	shown.message, shown.text = &seen, body.text
	return nil
}

// slashFailure is the error that Slack names in place of the app's answer.
func slashFailure(err error) string {
	switch {
	case errors.Is(err, ErrTimeout):
		return "operation_timeout"
	case errors.Is(err, ErrDispatchFailed):
		return "dispatch_failed"
	case errors.Is(err, ErrTrouble):
		return "invalid_command_response"
	}
	return ""
}
