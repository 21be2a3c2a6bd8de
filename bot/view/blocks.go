package view

import (
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"jitbot/jit/text"
)

// Message is what is posted to Slack: its blocks, and a text that says the same
// to screen readers and in notifications.
type Message struct {
	Text   string
	Blocks []slack.Block
}

// Slack's limits. https://docs.slack.dev/reference/block-kit/blocks
const (
	maxBlocks  = 50
	maxSection = 3000
	maxField   = 2000
	maxText    = 4000
	maxContext = 10
)

// Say is a message of one paragraph.
func Say(text string) Message {
	return Message{Text: shorten(text, maxText), Blocks: []slack.Block{paragraph(text)}}
}

// paragraph is a section in mrkdwn. Verbatim, so that Slack makes no links of
// what only looks like one.
func paragraph(text string) slack.Block {
	return slack.NewSectionBlock(mrkdwn(text, maxSection), nil, nil)
}

func mrkdwn(text string, most int) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.MarkdownType, shorten(text, most), false, true)
}

func plain(text string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, text, false, false)
}

// verbatim is a section that shows what somebody wrote, letter by letter.
func verbatim(label, written string) slack.Block {
	return slack.NewSectionBlock(plain(Clip(label+text.Clean(written), maxSection)), nil, nil)
}

// footnote is small text under a message.
func footnote(lines ...string) slack.Block {
	if len(lines) > maxContext {
		lines = append(lines[:maxContext-1:maxContext-1], text.Count(len(lines)-maxContext+1, "more note", "more notes"))
	}
	elements := make([]slack.MixedElement, 0, len(lines))
	for _, l := range lines {
		elements = append(elements, mrkdwn(l, maxField))
	}
	return slack.NewContextBlock("", elements...)
}

// shorten cuts mrkdwn at a line or a word, never within an entity, a date or
// a name.
func shorten(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	cut := string([]rune(s)[:most-2])
	if i := strings.LastIndexAny(cut, "\n "); i > 0 {
		cut = cut[:i]
	}
	for strings.Count(cut, "<") != strings.Count(cut, ">") || strings.Count(cut, "`")%2 != 0 {
		i := strings.LastIndexAny(cut, "\n ")
		if i < 0 {
			return "…"
		}
		cut = cut[:i]
	}
	return cut + " …"
}

func oneLine(s string) string { return strings.ReplaceAll(s, "\n", " ") }
