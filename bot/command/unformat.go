package command

import (
	"regexp"
	"strings"

	"jitbot/jit/text"
)

var userPattern = regexp.MustCompile(`^[UW][A-Z0-9]{1,20}$`)

// IsUser reports whether the id has the form that Slack gives to those of
// users.
func IsUser(id string) bool { return userPattern.MatchString(id) }

// A marker is what Slack puts in place of a mention, a channel or a link that
// somebody typed: <@U1|bob>, <#C1|ops>, <!here>, <https://example.com|example.com>.
// A < that was typed arrives as &lt;, so a marker is never somebody's own text.
var marker = regexp.MustCompile(`<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>`)

// Unformat gives back what a person typed, from what Slack made of it, with
// control characters removed and white space folded.
func Unformat(typed string) string {
	typed = marker.ReplaceAllStringFunc(typed, func(m string) string {
		part := marker.FindStringSubmatch(m)
		sign, target, label := part[1], part[2], part[3]
		switch sign {
		case "!":
			sign = "@"
			target, _, _ = strings.Cut(target, "^") // subteam^S1, date^…
		case "":
			target = strings.TrimPrefix(target, "mailto:")
		}
		if label == "" {
			label = target
		}
		return sign + strings.TrimPrefix(label, sign)
	})
	typed = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(typed)
	return text.Clean(typed)
}

// quoteMarks are the marks that phones and office programs put around words.
const quoteMarks = "\"'`“”„‟‘’‚‛«»‹›"

// Bare is a word without quotes around it and with the hyphens that phones
// make of "-" turned back.
func Bare(word string) string {
	word = strings.Trim(word, quoteMarks)
	return strings.NewReplacer("–", "-", "‐", "-", "‑", "-", "−", "-", "—", "-").Replace(word)
}

// unquoted is a reason without the quotes around all of it.
func unquoted(s string) string {
	s = strings.TrimSpace(s)
	r := []rune(s)
	if len(r) >= 2 && strings.ContainsRune(quoteMarks, r[0]) && strings.ContainsRune(quoteMarks, r[len(r)-1]) &&
		!strings.ContainsAny(string(r[1:len(r)-1]), quoteMarks) {
		return strings.TrimSpace(string(r[1 : len(r)-1]))
	}
	return s
}
