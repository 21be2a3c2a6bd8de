package bot

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"

	"jitbot/bot/command"
	"jitbot/bot/view"
	"jitbot/jit"
)

// slackbot speaks for Slack itself, in everybody's name but a bot's.
const slackbot = jit.UserID("USLACKBOT")

// typedDirectly reports whether an event is what a person wrote to the bot: no edit, no
// deletion, nothing that Slack wrote into the conversation.
func typedDirectly(p eventPayload) bool {
	e := p.Event
	plain := e.Subtype == "" || e.Subtype == "file_share" || e.Subtype == "thread_broadcast"
	return e.Type == "message" && e.In == "im" && plain && e.User != slackbot
}

// direct takes a direct message as a command, with or without /jit before it. What
// changes something is stored before the event is acknowledged.
func (b *Bot) direct(ctx context.Context, at envelope, p eventPayload) {
	cmd := slashCommand{Team: b.workspace.Team, User: p.Event.User, Text: p.command(b.workspace.User), Event: p.ID}
	raw, err := json.Marshal(cmd)
	ack := func(ctx context.Context) { b.ack(ctx, at, nil) }
	if err != nil || command.Unformat(cmd.Text) == "" {
		ack(ctx) // a picture, or nothing
		if err == nil {
			b.tellMember(cmd.User, view.MentionAnswer())
		}
		return
	}
	b.typed(ctx, typedLine{cmd: cmd, raw: raw, ack: ack, say: func(ctx context.Context, m view.Message) {
		ack(ctx)
		b.tellMember(cmd.User, m)
	}})
}

// tellMember answers a direct message. Guests and strangers are told no more than
// that.
func (b *Bot) tellMember(by jit.UserID, m view.Message) {
	to := reply{user: by}
	b.later(reads, to, "answering a direct message", func(ctx context.Context) {
		work, cancel := context.WithTimeout(ctx, listWithin)
		defer cancel()
		if err := b.Service.Known(work, by); err != nil {
			m = b.refusalOf(ctx, "a direct message", by, "", err)
		}
		b.say(to, m)
	})
}

var jitBefore = regexp.MustCompile(`(?i)^/?jit(\s+|$)`)

// command is the text without what people write before a command when they are not
// sure of it: the bot's name, and /jit.
func (p eventPayload) command(bot string) string {
	line := strings.TrimSpace(p.Event.Text)
	line = strings.TrimSpace(strings.TrimPrefix(line, "<@"+bot+">"))
	return jitBefore.ReplaceAllString(line, "")
}

// formFor is the answer to a line that leaves something open: a direct message opens
// no form, so there is a button.
func (b *Bot) formFor(ctx context.Context, t typedLine, c command.Command) view.Message {
	if err := b.Service.Known(ctx, t.cmd.User); err != nil {
		return b.refusalOf(ctx, "a direct message", t.cmd.User, "", err)
	}
	if len(c.Ask.VMs) == 0 {
		return view.MentionAnswer()
	}
	return view.FormAnswer("Something is missing in that line: press *Request access*, and the form asks for it.", t.request(c))
}
