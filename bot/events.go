package bot

import (
	"context"
	"encoding/json"
	"time"

	"github.com/slack-go/slack"

	"jitbot/jit"
)

// shortcutRequest is the global shortcut that opens the form.
const shortcutRequest = "request_access"

const (
	heardFor  = 15 * time.Minute // Slack repeats an event for some six minutes
	maxEvents = 10000
)

// heard are the events of the last minutes. Only the loop uses it.
type heard struct{ at map[string]time.Time }

// fresh reports whether the event was not heard before, and remembers it.
func (h *heard) fresh(id string, now time.Time) bool {
	if at, ok := h.at[id]; ok && now.Sub(at) < heardFor {
		return false
	}
	if len(h.at) >= maxEvents {
		for id, at := range h.at {
			if now.Sub(at) >= heardFor {
				delete(h.at, id)
			}
		}
	}
	if h.at == nil || len(h.at) >= maxEvents {
		h.at = map[string]time.Time{}
	}
	h.at[id] = now
	return true
}

// happened takes an event, which was acknowledged already: a repeat of it would
// bring nothing new.
func (b *Bot) happened(ctx context.Context, raw json.RawMessage) {
	h, err := decode[happening](raw)
	if err != nil {
		b.Log.WarnContext(ctx, "an event cannot be read", "error", err)
		return
	}
	e := h.Event
	if !b.home.has(h.Team, "", "") || e.User == "" || e.Bot != "" || string(e.User) == b.home.User || !b.heard.fresh(h.ID, b.Now()) {
		return
	}
	switch {
	case e.Type == "app_home_opened" && e.Tab == "home":
		b.homes.want(e.User, true)
	case e.Type == "app_mention":
		if b.people.allow(e.User, b.Now()) == nil {
			b.screen.offer(func(ctx context.Context) { b.mentioned(ctx, e.User, e.Channel, e.Thread) })
		}
	}
}

// MentionAnswer is what somebody reads who calls the bot by its name. An event
// brings nothing that could open a form, so there is a button.
func MentionAnswer() Screen {
	s := say("To ask for time-limited access to a VM, press *Request access* or type `/jit`; `/jit help` lists what else there is.")
	s.Blocks = append(s.Blocks, buttons(formButton())...)
	return s
}

func formButton() *slack.ButtonBlockElement {
	b := slack.NewButtonBlockElement(actionForm, "new", plain("Request access"))
	b.AccessibilityLabel = "Open the form to request access"
	return b.WithStyle(slack.StylePrimary)
}

// mentioned answers a mention where it was made, for its author alone, else by
// direct message.
func (b *Bot) mentioned(ctx context.Context, by jit.UserID, channel, thread string) {
	defer b.recovered(ctx, reply{user: by})
	work, cancel := context.WithTimeout(ctx, listWithin)
	defer cancel()
	s := MentionAnswer()
	if err := b.Service.Known(work, by); err != nil {
		s = b.trouble(ctx, "a mention", by, "", err)
	}
	all := options(s)
	if thread != "" {
		all = append(all, slack.MsgOptionTS(thread))
	}
	if _, err := b.API.PostEphemeralContext(work, channel, string(by), all...); err != nil {
		b.Log.InfoContext(ctx, "a mention cannot be answered in its place", "user", by, "error", slackError("answering a mention", harmless(err)))
		b.answer(ctx, reply{user: by}, s)
	}
}
