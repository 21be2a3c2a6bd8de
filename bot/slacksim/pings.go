package slacksim

import (
	"regexp"
	"slices"
)

// special are the mentions that notify somebody; in plain_text and in code they are
// nothing but text.
var (
	special = regexp.MustCompile(`<(?:@([A-Z0-9]+)|!(?:subteam\^([A-Z0-9]+)|(channel|here|everyone)))(?:\|[^<>]*)?>`)
	code    = regexp.MustCompile("(?s)```.*?```|`[^`\n]*`")
)

// Pings are whom a message of an app notifies: ids of users and of user groups, and the
// words channel, here and everyone, each once.
func (m Message) Pings() []string {
	var out []string
	find := func(text string) {
		for _, found := range special.FindAllStringSubmatch(code.ReplaceAllString(text, ""), -1) {
			for _, who := range found[1:] {
				if who != "" && !slices.Contains(out, who) {
					out = append(out, who)
				}
			}
		}
	}
	find(m.Text)
	eachText(rawBlocks(m.Blocks), find)
	return out
}

// eachText gives each text in mrkdwn that is in blocks.
func eachText(v any, f func(string)) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			eachText(x, f)
		}
	case object:
		if text := str(v, "text"); str(v, "type") == "mrkdwn" {
			f(text)
		}
		for _, x := range v {
			eachText(x, f)
		}
	}
}
