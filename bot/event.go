package bot

import (
	"context"
	"encoding/json"
	"time"

	"github.com/slack-go/slack"

	"jitbot/bot/view"
	"jitbot/jit"
)

const (
	rememberEvents = 15 * time.Minute // Slack repeats an event for some six minutes
	maxEvents      = 10000
)

// seenEvents are the events of the last minutes. Only the loop uses it.
type seenEvents struct{ at map[string]time.Time }

// fresh reports whether the event is new, and remembers it.
func (s *seenEvents) fresh(id string, now time.Time) bool {
	if at, ok := s.at[id]; ok && now.Sub(at) < rememberEvents {
		return false
	}
	if len(s.at) >= maxEvents {
		for id, at := range s.at {
			if now.Sub(at) >= rememberEvents {
				delete(s.at, id)
			}
		}
	}
	if s.at == nil || len(s.at) >= maxEvents {
		s.at = map[string]time.Time{}
	}
	s.at[id] = now
	return true
}

// takeEvent takes an event. It is acknowledged at once, since a repeat of it would
// bring nothing new; a command in a direct message is stored before.
func (b *Bot) takeEvent(ctx context.Context, at envelope, raw json.RawMessage) {
	p, err := decode[eventPayload](raw)
	if err != nil {
		b.ack(ctx, at, nil)
		b.Log.WarnContext(ctx, "an event cannot be read", "error", err)
		return
	}
	e := p.Event
	wanted := e.User != "" && e.Bot == "" && string(e.User) != b.workspace.User && b.seen.fresh(p.ID, b.Now()) &&
		b.ours(ctx, e.Type, e.User, p.origin())
	if wanted && typedDirectly(p) {
		b.direct(ctx, at, p)
		return
	}
	b.ack(ctx, at, nil)
	switch {
	case !wanted:
	case e.Type == "app_home_opened" && e.Tab == "home":
		if !b.homeTabs.refusedLately(e.User, b.Now()) && b.homeLimits.allow(e.User, b.Now()) == nil {
			b.homeTabs.open(e.User)
			b.showHome(e.User)
		}
	case e.Type == "app_mention":
		if b.commandLimits.allow(e.User, b.Now()) == nil {
			b.later(reads, reply{user: e.User}, "answering a mention", func(ctx context.Context) {
				b.mentioned(ctx, e.User, e.Channel, e.Thread)
			})
		}
	}
}

// mentioned answers a mention where it was made, for its author alone, else by
// direct message.
func (b *Bot) mentioned(ctx context.Context, by jit.UserID, channel, thread string) {
	work, cancel := context.WithTimeout(ctx, listWithin)
	defer cancel()
	m := view.MentionAnswer()
	if err := b.Service.Known(work, by); err != nil {
		m = b.refusalOf(ctx, "a mention", by, "", err)
	}
	all := options(m)
	if thread != "" {
		all = append(all, slack.MsgOptionTS(thread))
	}
	if _, err := b.API.PostEphemeralContext(work, channel, string(by), all...); err != nil {
		b.Log.InfoContext(ctx, "a mention cannot be answered in its place", "user", by,
			"error", slackError("answering a mention", withoutURL(err)))
		b.say(reply{user: by}, m)
	}
}
