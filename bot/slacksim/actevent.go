package slacksim

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// OpenHome opens the app's Home tab. The Reply is empty when the app does not
// subscribe to app_home_opened. Like all events it is repeated until
// acknowledged; the call waits for the first attempt only.
func (s *Sim) OpenHome(ctx context.Context, userID string) (Reply, error) {
	return s.appHome(ctx, userID, "home")
}

// OpenMessagesTab opens the app's Messages tab, which is app_home_opened too.
func (s *Sim) OpenMessagesTab(ctx context.Context, userID string) (Reply, error) {
	return s.appHome(ctx, userID, "messages")
}

func (s *Sim) appHome(ctx context.Context, userID, tab string) (Reply, error) {
	s.mu.Lock()
	if err := s.mayAct(userID, ""); err != nil {
		s.mu.Unlock()
		return Reply{}, err
	}
	c, _ := s.dm(userID)
	event := object{"type": "app_home_opened", "user": userID, "channel": c.ID, "tab": tab, "event_ts": s.newTS()}
	if v := s.homes[userID]; v != nil && tab == "home" {
		event["view"] = s.viewObject(v)
	}
	wanted := slices.Contains(s.opt.Events, "app_home_opened") && (tab != "home" || !s.opt.NoHome)
	s.mu.Unlock()
	if !wanted {
		return Reply{}, nil
	}
	return s.emit(ctx, event)
}

// Mention posts a message in a channel that begins with the bot's name.
func (s *Sim) Mention(ctx context.Context, userID, channelID, text string) (Reply, error) {
	return s.Say(ctx, userID, channelID, strings.TrimSpace("<@"+s.Options().BotUserID+"> "+text))
}

// Say posts a message as a person and delivers the events that the app
// subscribes to and has the scope for: app_mention where the text mentions the
// bot and the bot is a member, message.channels, message.groups and message.im
// where it is a member. The Reply is the last event's; Reply.Message is what
// was posted.
func (s *Sim) Say(ctx context.Context, userID, channelID, text string) (Reply, error) {
	return s.SayIn(ctx, userID, channelID, "", text)
}

// SayIn is Say in the thread of a message; an empty thread is the channel itself.
func (s *Sim) SayIn(ctx context.Context, userID, channelID, thread, text string) (Reply, error) {
	s.mu.Lock()
	if err := s.mayAct(userID, channelID); err != nil {
		s.mu.Unlock()
		return Reply{}, err
	}
	c := s.channels[channelID]
	if c.Archived {
		s.mu.Unlock()
		return Reply{}, fmt.Errorf("%w: %s is archived", ErrCannotAct, channelID)
	}
	text = s.escapeWords(text)
	m := s.add(&message{Message: Message{Channel: channelID, User: userID, Text: text, ThreadTS: thread}})
	base := object{
		"user": userID, "ts": m.TS, "text": text, "team": s.teamOf(userID), "channel": channelID,
		"event_ts": m.TS, "client_msg_id": s.newUUID(),
	}
	if thread != "" {
		base["thread_ts"] = thread
	}
	var events []object
	event := func(kind string, extra object) {
		e := copyObject(base)
		e["type"] = kind
		maps.Copy(e, extra)
		events = append(events, e)
	}
	member := c.has(s.opt.BotUserID)
	if member && c.dmWith == "" && strings.Contains(text, "<@"+s.opt.BotUserID+">") && s.hears("app_mention", "app_mentions:read") {
		event("app_mention", nil)
	}
	kind, name, scope := "channel", "message.channels", "channels:history"
	switch {
	case c.dmWith != "":
		kind, name, scope = "im", "message.im", "im:history"
	case c.Private:
		kind, name, scope = "group", "message.groups", "groups:history"
	}
	if member && s.hears(name, scope) {
		event("message", object{"channel_type": kind})
	}
	shown := m.Message
	s.mu.Unlock()
	r := Reply{Message: &shown}
	for _, e := range events {
		var err error
		if r, err = s.emit(ctx, e); err != nil {
			r.Message = &shown
			return r, err
		}
		r.Message = &shown
	}
	return r, nil
}

func (s *Sim) hears(event, scope string) bool {
	return slices.Contains(s.opt.Events, event) && slices.Contains(s.opt.BotScopes, scope)
}

// Edit changes what a person said. In a direct message the app hears of it.
func (s *Sim) Edit(ctx context.Context, userID, channelID, ts, text string) (Reply, error) {
	s.mu.Lock()
	m := s.find(channelID, ts)
	if m == nil || m.bot || m.User != userID {
		s.mu.Unlock()
		return Reply{}, fmt.Errorf("%w: message %s of %s", ErrUnknown, ts, userID)
	}
	before := s.messageObject(m)
	s.revise(m, content{text: s.escapeWords(text), hasText: true})
	event, heard := s.changedEvent(m, before)
	s.mu.Unlock()
	if !heard {
		return Reply{}, nil
	}
	return s.emit(ctx, event)
}

// hearsDirect reports whether the app hears of what is in a channel because it is a
// direct message of its own, which it does of its own messages too.
func (s *Sim) hearsDirect(channelID string) bool {
	c := s.channels[channelID]
	return c != nil && c.dmWith != "" && s.hears("message.im", "im:history")
}

// changedEvent is what the app hears of an edit in a direct message.
func (s *Sim) changedEvent(m *message, before object) (object, bool) {
	return object{
		"type": "message", "subtype": "message_changed", "message": s.messageObject(m), "previous_message": before,
		"channel": m.Channel, "channel_type": "im", "hidden": true, "ts": s.newTS(), "event_ts": m.edited,
	}, s.hearsDirect(m.Channel)
}

// echo delivers to the app what it said in a direct message itself. Called with the
// lock held.
func (s *Sim) echo(m *message) {
	if !s.hearsDirect(m.Channel) {
		return
	}
	event := s.messageObject(m)
	event["channel"], event["channel_type"], event["event_ts"] = m.Channel, "im", m.TS
	s.deliverLater(event)
}

// deliverLater delivers an event that nobody's action waits for. Called with the lock
// held.
func (s *Sim) deliverLater(event object) {
	s.spawn(func() { _, _ = s.emit(context.Background(), event) }) // it ends with the simulator
}

// Event delivers any event, wrapped and repeated as Slack does, whether or not
// the app subscribes to it.
func (s *Sim) Event(ctx context.Context, event map[string]any) (Reply, error) {
	return s.emit(ctx, copyObject(event))
}

// Shortcut uses a global shortcut of the app and waits for the acknowledgement.
func (s *Sim) Shortcut(ctx context.Context, userID, callbackID string) (Reply, error) {
	return s.ShortcutRaw(ctx, userID, callbackID, Raw{})
}

// ShortcutRaw is Shortcut with the payload bent.
func (s *Sim) ShortcutRaw(ctx context.Context, userID, callbackID string, raw Raw) (Reply, error) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return Reply{}, ErrClosed
	}
	if err := s.mayAct(userID, ""); err != nil && !raw.Force {
		s.mu.Unlock()
		return Reply{}, err
	}
	payload := s.interaction("shortcut", userID)
	payload["callback_id"], payload["action_ts"] = callbackID, s.newTS()
	payload["trigger_id"] = s.newTrigger(userID, "")
	raw.apply(payload)
	p := s.post("interactive", false, payload, nil)
	s.mu.Unlock()
	return s.finish(ctx, p)
}

// Reload is a person reloading Slack: ephemeral messages and open modals are gone.
func (s *Sim) Reload(userID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ephemerals = slices.DeleteFunc(s.ephemerals, func(m *message) bool { return m.To == userID })
	s.closeAll(userID)
}
