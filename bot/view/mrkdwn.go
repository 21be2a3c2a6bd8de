package view

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"time"

	"jitbot/bot/command"
	"jitbot/jit"
	"jitbot/jit/text"
)

// escape writes the three signs that Slack reads as its own as entities.
// https://docs.slack.dev/messaging/formatting-message-text
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// Clip cuts a text to at most n characters, of which the last one says so.
func Clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

// MaxName is the most characters of a name that are shown or kept.
const MaxName = 120

const (
	maxProse  = 1200 // characters of a sentence that are shown
	maxNote   = 500  // of a note
	maxPoint  = 250  // of a point of a list
	maxQuoted = 2000 // of what is shown apart
)

// Code shows a name as it is: nothing in it is read as markup, a link, a
// mention or an emoji. A backtick would end it and becomes a quote.
func Code(s string) string {
	return quote(s, MaxName)
}

// prose shows a sentence that people or Azure wrote, letter by letter. A word that may
// be more than text, or is a name or address to copy, is code: nothing of it is a
// mention, a link, an emoji or formatting.
func prose(s string) string {
	words := strings.Fields(Clip(text.Clean(s), maxProse))
	for i, word := range words {
		name := strings.TrimRight(strings.TrimLeft(word, `"'(`), `.,;!?"')…`)
		if strings.Count(name, ":") == 1 {
			name = strings.TrimSuffix(name, ":")
		}
		if notMere.MatchString(name) {
			words[i] = strings.Replace(word, name, quote(name, maxProse), 1)
		}
	}
	return cmp.Or(strings.Join(words, " "), "?")
}

// notMere is in words that may be read as more than text.
var notMere = regexp.MustCompile("[*_~`<>&|@#:\\\\]|[\\pL\\pN]\\.[\\pL\\pN]{2}|\\pN\\.\\pN")

// Sentence is prose that ends as a sentence does.
func Sentence(s string) string { return endSentence(prose(s)) }

func quote(s string, most int) string {
	s = Clip(strings.ReplaceAll(text.Clean(s), "`", "'"), most)
	if s == "" {
		s = "?"
	}
	return "`" + escape(s) + "`"
}

var groupPattern = regexp.MustCompile(`^S[A-Z0-9]{1,20}$`)

// mention names a Slack user or user group, or shows by name whoever called from
// the host that jitbot runs on.
func mention(id string) string {
	switch {
	case command.IsUser(id):
		return "<@" + id + ">"
	case groupPattern.MatchString(id):
		return "<!subteam^" + id + ">"
	default:
		return Code(id)
	}
}

func mentionUser(id jit.UserID) string { return mention(string(id)) }

// actor names whoever did something; nobody in particular is jitbot itself.
func actor(p jit.Person) string {
	if p.ID == "" {
		return "jitbot"
	}
	return mentionUser(p.ID)
}

// When is an instant in each reader's own time zone, and how far it is from now:
// 3:49 PM, in 29 minutes.
func When(t time.Time) string { return instant(t, "{time}, {ago}") }

// WhenDay is When with the day, for what is seldom of today.
func WhenDay(t time.Time) string { return instant(t, "{date_short_pretty} at {time}") }

// clockTime is the time alone, beside another of about then.
func clockTime(t time.Time) string { return instant(t, "{time}") }

// instant is a date of Slack's in that form, and in UTC where there are none.
// https://docs.slack.dev/messaging/formatting-message-text#date-formatting
func instant(t time.Time, form string) string {
	if t.IsZero() {
		return "an unknown time"
	}
	return fmt.Sprintf("<!date^%d^%s|%s>", t.Unix(), form, t.UTC().Format("2006-01-02 15:04 UTC"))
}

// refusalArgument turns an argument of a refusal into mrkdwn.
func refusalArgument(a any) string {
	switch v := a.(type) {
	case jit.UserID:
		return mentionUser(v)
	case jit.Whole:
		return prose(string(v))
	case jit.State:
		return string(v)
	case command.Verb:
		return string(v)
	case time.Time:
		return When(v)
	case time.Duration:
		return text.Duration(v)
	default:
		return Code(jit.Plain(a))
	}
}

// endSentence ends a sentence that others wrote, unless they did.
func endSentence(s string) string {
	if said := strings.TrimRight(s, "`*_"); said == "" || strings.ContainsAny(said[len(said)-1:], ".!?:") || strings.HasSuffix(said, "…") {
		return s
	}
	return s + "."
}
