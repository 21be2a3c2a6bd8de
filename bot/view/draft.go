package view

import (
	"strings"

	"github.com/slack-go/slack"

	"jitbot/jit"
	"jitbot/jit/text"
)

// draft gathers a message: what is added to its blocks is added to its text.
type draft struct {
	blocks []slack.Block
	said   []string
}

// say adds a paragraph, in mrkdwn; empty lines are left out.
func (d *draft) say(lines ...string) *draft {
	var kept []string
	for _, line := range lines {
		if line != "" {
			kept = append(kept, line)
		}
	}
	if len(kept) > 0 {
		d.blocks = append(d.blocks, paragraph(strings.Join(kept, "\n")))
		for _, line := range kept {
			d.said = append(d.said, oneLine(line))
		}
	}
	return d
}

// quote adds what people or Azure wrote, letter by letter.
func (d *draft) quote(label, written string) *draft {
	if text.Clean(written) == "" {
		return d
	}
	d.blocks = append(d.blocks, verbatim(label, Clip(written, maxQuoted)))
	d.said = append(d.said, label+prose(written))
	return d
}

// points adds what people or Azure wrote, letter by letter, a point a line.
func (d *draft) points(written []string, most int, more string) {
	var shown, said []string
	for i, w := range written {
		if i == most {
			more = text.Count(len(written)-i, "more "+more, "more "+more+"s")
			shown, said = append(shown, "• "+more), append(said, more+".")
			break
		}
		w = Clip(text.Clean(w), maxPoint)
		shown, said = append(shown, "• "+w), append(said, prose(w))
	}
	if len(shown) > 0 {
		d.blocks = append(d.blocks, slack.NewSectionBlock(plain(Clip(strings.Join(shown, "\n"), maxSection)), nil, nil))
		d.said = append(d.said, said...)
	}
}

// warn adds what is dangerous, in the words of people or Azure.
func (d *draft) warn(warnings ...string) {
	for _, w := range warnings {
		d.quote("⚠️ ", w)
	}
}

// press adds a row of buttons, if there are any.
func (d *draft) press(all ...*slack.ButtonBlockElement) {
	d.blocks = append(d.blocks, buttons(all...)...)
}

// small adds the small print: the grant's id and sentences in mrkdwn, then notes in
// plain text.
func (d *draft) small(id jit.ID, lines, notes []string) *draft {
	first := []string{Code(string(id))}
	if id == "" {
		first = nil
	}
	first = append(first, lines...)
	if len(first)+len(notes) == 0 {
		return d
	}
	if most := maxContext - len(first); len(notes) > most {
		notes = append(notes[:most-1:most-1], text.Count(len(notes)-most+1, "more note", "more notes")+".")
	}
	elements := make([]slack.MixedElement, 0, len(first)+len(notes))
	for _, line := range first {
		elements = append(elements, mrkdwn(line, maxField))
	}
	d.said = append(d.said, first...)
	for _, n := range notes {
		n = Clip(text.Clean(n), maxNote)
		elements = append(elements, plain(n))
		d.said = append(d.said, prose(n))
	}
	d.blocks = append(d.blocks, slack.NewContextBlock("", elements...))
	return d
}

// message is what was gathered.
func (d *draft) message() Message {
	said := make([]string, 0, len(d.said))
	for _, s := range d.said {
		said = append(said, endSentence(s))
	}
	return Message{Text: shorten(strings.Join(said, " "), maxText), Blocks: d.blocks}
}
