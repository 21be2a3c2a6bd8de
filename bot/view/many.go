package view

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"jitbot/jit"
)

// Many is what many grants or machines have in common: a message, and the whole
// list for its thread.
type Many struct {
	Head Message
	Rest []Message
}

const (
	maxNamed = 20    // that a message for many names
	maxPart  = 11500 // characters of one message of a list; Slack takes 13,000 in blocks
	maxParts = 8     // messages of a list
)

// named lists what is named, at most so many, and counts the rest.
func named(all []string, most int) string {
	switch {
	case len(all) <= most:
		return strings.Join(all, ", ")
	case most == 0:
		return "all of them in the thread"
	}
	return strings.Join(all[:most], ", ") + fmt.Sprintf(", and %d more, all of them in the thread", len(all)-most)
}

// parts are the messages of a list, none where the head says it all.
func parts(lines []string, more string) []Message {
	var out []Message
	var text []string
	size := 0
	flush := func() {
		if len(text) > 0 {
			out = append(out, pages(text))
		}
		text, size = nil, 0
	}
	for i, line := range lines {
		line = shorten(oneLine(line), maxField)
		n := utf8.RuneCountInString(line) + 1
		if full := size+n > maxPart; full && len(out) == maxParts-1 {
			text = append(text, fmt.Sprintf("And %d more; %s.", len(lines)-i, more))
			break
		} else if full {
			flush()
		}
		text, size = append(text, line), size+n
	}
	flush()
	return out
}

// pages is a message of many lines, in as many paragraphs as it takes.
func pages(lines []string) Message {
	m := Message{Text: strings.Join(lines, "\n")}
	for len(lines) > 0 {
		n, size := 0, 0
		for n < len(lines) && (n == 0 || size+utf8.RuneCountInString(lines[n])+1 <= maxSection) {
			size += utf8.RuneCountInString(lines[n]) + 1
			n++
		}
		m.Blocks = append(m.Blocks, paragraph(strings.Join(lines[:n], "\n")))
		lines = lines[n:]
	}
	return m
}

// HasButtons reports whether the message has buttons.
func HasButtons(m Message) bool {
	return slices.ContainsFunc(m.Blocks, func(b slack.Block) bool { return b.BlockType() == slack.MBTAction })
}

// ThreadAll is what is said under the grant's card about what happened since the
// last reply.
func ThreadAll(events []jit.Event, g jit.Grant) Message {
	d := new(draft)
	for i, e := range events {
		drift := e.Kind == jit.EventDrift
		if drift && driftsIn(events[i+1:]) > 0 {
			continue
		}
		if len(d.blocks) >= maxBlocks-3 {
			d.say("What else happened is on the card.")
			break
		}
		reply(d, e, g)
		if times := driftsIn(events[:i+1]); drift && times > 1 {
			d.say(fmt.Sprintf("That is the latest of %d times.", times))
		}
	}
	return d.message()
}

func driftsIn(events []jit.Event) int {
	n := 0
	for _, e := range events {
		if e.Kind == jit.EventDrift {
			n++
		}
	}
	return n
}

// CopyOf is what a copy of a grant's card says once it is known to be one.
func CopyOf(g jit.Grant, link string) Message {
	where := "the card is another message of this channel"
	if strings.HasPrefix(link, "https://") && !strings.ContainsAny(link, "<>|") {
		where = "<" + link + "|the card is here>"
	}
	return Say(fmt.Sprintf("This was a copy of the card of %s; %s.", Code(string(g.ID)), where))
}
