package slacksim

import (
	"slices"
	"strconv"
	"strings"
)

// cursor is where a list goes on; false: it is none of ours.
func (c *call) cursor() (from int, ok bool) {
	text := c.str("cursor")
	if text == "" {
		return 0, true
	}
	from, err := strconv.Atoi(text)
	return from, err == nil && from >= 0
}

// maxHistory is the most messages of a page.
const maxHistory = 999

// conversationsHistory lists the messages of a channel, newest first, without
// replies. Metadata comes when it is asked for.
func (s *Sim) conversationsHistory(c *call) (object, *apiError) {
	ch, err := s.readable(c.str("channel"))
	if err != nil {
		return nil, err
	}
	all := s.within(ch, c)
	from, ok := c.cursor()
	limit := intOf(c.args, "limit", 100)
	switch {
	case !ok || from > len(all):
		return fail("invalid_cursor")
	case limit < 1 || limit > maxHistory:
		return fail("invalid_limit")
	}
	to := min(from+limit, len(all))
	messages := []any{}
	for _, m := range all[from:to] {
		o := s.messageObject(m)
		if !flag(c.args, "include_all_metadata") {
			delete(o, "metadata")
		}
		messages = append(messages, o)
	}
	out := object{"messages": messages, "has_more": to < len(all), "pin_count": 0}
	if to < len(all) {
		out["response_metadata"] = object{"next_cursor": intText(to)}
	}
	return out, nil
}

// readable finds a channel whose messages the bot may read.
func (s *Sim) readable(id string) (*channel, *apiError) {
	ch, ok := s.channels[id]
	if !ok || ch.Private && !ch.has(s.opt.BotUserID) {
		return nil, &apiError{code: "channel_not_found"}
	}
	if err := s.need(ch.scope("history"), method{}); err != nil {
		return nil, err
	}
	if ch.dmWith == "" && !ch.has(s.opt.BotUserID) {
		return nil, &apiError{code: "not_in_channel"}
	}
	return ch, nil
}

// within lists what a call for the history of a channel is about, newest first.
func (s *Sim) within(ch *channel, c *call) []*message {
	oldest, latest, edge := c.str("oldest"), c.str("latest"), flag(c.args, "inclusive")
	var all []*message
	for _, m := range s.messages {
		reply := m.ThreadTS != "" && m.ThreadTS != m.TS && !m.Broadcast
		before := oldest != "" && (compareTS(m.TS, oldest) < 0 || compareTS(m.TS, oldest) == 0 && !edge)
		after := latest != "" && (compareTS(m.TS, latest) > 0 || compareTS(m.TS, latest) == 0 && !edge)
		if m.Channel == ch.ID && !reply && !before && !after {
			all = append(all, m)
		}
	}
	slices.Reverse(all)
	return all
}

// compareTS compares timestamps, whose seconds have the same number of digits but
// for those of the distant past.
func compareTS(a, b string) int {
	pad := func(ts string) string {
		seconds, micros, _ := strings.Cut(ts, ".")
		return strings.Repeat("0", max(0, 12-len(seconds))) + seconds + "." + micros + strings.Repeat("0", max(0, 6-len(micros)))
	}
	return strings.Compare(pad(a), pad(b))
}
