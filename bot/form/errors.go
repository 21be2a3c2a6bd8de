package form

import (
	"maps"
	"slices"
	"strings"

	"jitbot/bot/view"
)

// Errors are sentences in plain text that Slack shows at inputs, by block.
type Errors map[string]string

// add keeps the first sentence of a field.
func (e Errors) add(block, text string) {
	if _, ok := e[block]; !ok {
		e[block] = text
	}
}

// Refuse says at an input why it was refused, unless something is said there
// already.
func (e Errors) Refuse(block string, err error) {
	e.add(block, view.PlainRefusal(err))
}

// Text is what is wrong, in mrkdwn: a line for each input.
func (e Errors) Text() string {
	var lines []string
	for _, block := range slices.Sorted(maps.Keys(e)) {
		lines = append(lines, view.Sentence(e[block]))
	}
	return strings.Join(lines, "\n")
}
