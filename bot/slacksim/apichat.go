package slacksim

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// target finds where a message goes. A user id means the direct message.
// Called with the lock held.
func (s *Sim) target(id string) (*channel, *apiError) {
	if name, ok := strings.CutPrefix(id, "#"); ok {
		for _, c := range s.channels {
			if c.Name == name && name != "" {
				id = c.ID
			}
		}
	}
	if u, ok := s.users[id]; ok {
		if u.Deleted || u.Bot {
			return nil, &apiError{code: "channel_not_found"}
		}
		c, _ := s.dm(id)
		return c, nil
	}
	c, ok := s.channels[id]
	if !ok {
		return nil, &apiError{code: "channel_not_found"}
	}
	if c.has(s.opt.BotUserID) {
		return c, nil
	}
	if c.Private {
		return nil, &apiError{code: "channel_not_found"}
	}
	if !slices.Contains(s.opt.BotScopes, "chat:write.public") {
		return nil, &apiError{code: "not_in_channel"}
	}
	return c, nil
}

// complete gives every block and element the id that the app left out.
func (s *Sim) complete(blocks []any) json.RawMessage {
	for _, v := range blocks {
		block, ok := v.(object)
		if !ok {
			continue
		}
		if str(block, "block_id") == "" {
			block["block_id"] = s.newID("b")
		}
	}
	walk(blocks, func(_, el object) {
		if str(el, "action_id") == "" {
			el["action_id"] = s.newID("a")
		}
	})
	return encode(blocks)
}

func (s *Sim) chatPost(c *call) (object, *apiError) {
	ch, err := s.target(c.str("channel"))
	if err != nil {
		return nil, err
	}
	if ch.Archived {
		return fail("is_archived")
	}
	body, err := s.content(c)
	if err != nil {
		return nil, err
	}
	if body.empty(c.args) {
		return fail("no_text")
	}
	thread := c.str("thread_ts")
	if thread != "" && !tsForm(thread) {
		return fail("invalid_thread_ts")
	}
	// A reply to a message that is gone is posted un-threaded.
	root := s.find(ch.ID, thread)
	if root == nil {
		thread = ""
	} else if root.ThreadTS != "" {
		thread = root.ThreadTS
	}
	m := s.add(&message{bot: true, Message: Message{
		Channel: ch.ID, User: s.opt.BotUserID, Text: body.text, Blocks: body.blocks, Metadata: body.meta, ThreadTS: thread,
		Broadcast:   flag(c.args, "reply_broadcast"),
		UnfurlLinks: flag(c.args, "unfurl_links"), UnfurlMedia: str(c.args, "unfurl_media") != "false",
	}})
	s.echo(m)
	return object{"channel": ch.ID, "ts": m.TS, "message": s.messageObject(m)}, nil
}

func tsForm(ts string) bool {
	seconds, micros, ok := strings.Cut(ts, ".")
	digits := func(s string) bool { return strings.Trim(s, "0123456789") == "" }
	return ok && len(seconds) >= 9 && len(micros) == 6 && digits(seconds) && digits(micros)
}

// add appends a message to its channel. Called with the lock held.
func (s *Sim) add(m *message) *message {
	m.TS = s.newTS()
	m.state = initialState(rawBlocks(m.Blocks))
	if root := s.find(m.Channel, m.ThreadTS); root != nil && root.ThreadTS == "" {
		root.ThreadTS = root.TS
	}
	s.messages = append(s.messages, m)
	s.touch()
	return m
}

// revise replaces a message's content and keeps the old version, on which
// somebody may still click.
func (s *Sim) revise(m *message, body content) {
	m.history = append(m.history, m.Message)
	if body.hasText {
		m.Text = body.text
	}
	if body.hasBlocks {
		m.Blocks = body.blocks
		m.state = keepState(m.state, rawBlocks(m.Blocks))
	}
	if body.hasMeta {
		m.Metadata = body.meta
	}
	m.Edited, m.edited = true, s.newTS()
	s.touch()
}

func (s *Sim) chatUpdate(c *call) (object, *apiError) {
	m, err := s.own(c, "cant_update_message")
	if err != nil {
		return nil, err
	}
	body, err := s.content(c)
	if err != nil {
		return nil, err
	}
	if body.empty(c.args) && !body.hasMeta {
		return fail("no_text")
	}
	before := s.messageObject(m)
	s.revise(m, body)
	if event, heard := s.changedEvent(m, before); heard {
		s.deliverLater(event)
	}
	return object{"channel": m.Channel, "ts": m.TS, "text": m.Text, "message": s.messageObject(m)}, nil
}

// own finds a message of the bot in a channel given by its id: an update does
// not take a user id. Ephemeral messages are not found.
func (s *Sim) own(c *call, refusal string) (*message, *apiError) {
	ch, ok := s.channels[c.str("channel")]
	if !ok || (ch.Private && !ch.has(s.opt.BotUserID)) {
		return nil, &apiError{code: "channel_not_found"}
	}
	m := s.find(ch.ID, c.str("ts"))
	switch {
	case m == nil:
		return nil, &apiError{code: "message_not_found"}
	case !m.bot:
		return nil, &apiError{code: refusal}
	case ch.Archived:
		return nil, &apiError{code: "is_archived"}
	}
	return m, nil
}

func (s *Sim) chatDelete(c *call) (object, *apiError) {
	m, err := s.own(c, "cant_delete_message")
	if err != nil {
		return nil, err
	}
	s.remove(m)
	return object{"channel": m.Channel, "ts": m.TS}, nil
}

func (s *Sim) remove(m *message) {
	same := func(x *message) bool { return x == m }
	s.messages = slices.DeleteFunc(s.messages, same)
	s.ephemerals = slices.DeleteFunc(s.ephemerals, same)
	s.touch()
}

func (s *Sim) chatEphemeral(c *call) (object, *apiError) {
	ch, err := s.target(c.str("channel"))
	if err != nil {
		return nil, err
	}
	body, err := s.content(c)
	if err != nil {
		return nil, err
	}
	u, known := s.users[c.str("user")]
	switch {
	case ch.Archived:
		return fail("is_archived")
	case !known || u.Deleted || !ch.has(u.ID):
		return fail("user_not_in_channel")
	case body.empty(c.args):
		return fail("no_text")
	}
	m := s.whisper(ch.ID, u.ID, s.opt.BotUserID, body)
	m.ThreadTS = c.str("thread_ts")
	return object{"message_ts": m.TS}, nil
}

// whisper shows a message to one person. Called with the lock held.
func (s *Sim) whisper(channelID, to, from string, body content) *message {
	m := &message{bot: from == s.opt.BotUserID, Message: Message{
		Channel: channelID, TS: s.newTS(), User: from, To: to, Text: body.text, Blocks: body.blocks,
	}}
	m.state = initialState(rawBlocks(m.Blocks))
	s.ephemerals = append(s.ephemerals, m)
	s.touch()
	return m
}

func (s *Sim) chatPermalink(c *call) (object, *apiError) {
	ch, ok := s.channels[c.str("channel")]
	if !ok || (ch.Private && !ch.has(s.opt.BotUserID)) {
		return fail("channel_not_found")
	}
	m := s.find(ch.ID, c.str("message_ts"))
	if m == nil {
		return fail("message_not_found")
	}
	link := "https://" + s.opt.TeamDomain + ".slack.com/archives/" + ch.ID + "/p" + strings.ReplaceAll(m.TS, ".", "")
	if m.ThreadTS != "" && m.ThreadTS != m.TS {
		link += "?" + url.Values{"thread_ts": {m.ThreadTS}, "cid": {ch.ID}}.Encode()
	}
	return object{"channel": ch.ID, "permalink": link}, nil
}
