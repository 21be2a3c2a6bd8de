package bot

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"jitbot/jit"
)

// Slack reads three signs as its own in text; escaped they are only signs.
// https://docs.slack.dev/messaging/formatting-message-text
func entities(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// clip cuts a text to at most n characters.
func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

const (
	maxName  = 120  // characters of a name that are shown
	maxProse = 1200 // characters of a sentence that are shown
)

// code shows a name as it is: nothing in it is read as markup, a link, a
// mention or an emoji. A backtick would end it and becomes a quote.
func code(s string) string {
	return quote(s, maxName)
}

// prose shows a sentence that people or Azure wrote, letter by letter: as code
// it is neither a mention nor a link nor formatting, and an action's name can
// be copied.
func prose(s string) string { return quote(s, maxProse) }

// fullStop is prose that ends as a sentence does.
func fullStop(s string) string { return stop(prose(s)) }

func quote(s string, most int) string {
	s = clip(strings.ReplaceAll(jit.CleanText(s), "`", "'"), most)
	if s == "" {
		s = "?"
	}
	return "`" + entities(s) + "`"
}

var userPattern = regexp.MustCompile(`^[UW][A-Z0-9]{1,20}$`)

// isUser reports whether the id has the form that Slack gives to those of
// users.
func isUser(id string) bool { return userPattern.MatchString(id) }

var groupPattern = regexp.MustCompile(`^S[A-Z0-9]{1,20}$`)

// mention names a Slack user or user group, or whoever sits at the host.
func mention(id string) string {
	switch {
	case isUser(id):
		return "<@" + id + ">"
	case groupPattern.MatchString(id):
		return "<!subteam^" + id + ">"
	default:
		return code(id)
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

// when is an instant in each reader's own time zone.
func when(t time.Time) string {
	if t.IsZero() {
		return "an unknown time"
	}
	return fmt.Sprintf("<!date^%d^{time} on {date_short}|%s>", t.Unix(), t.UTC().Format("2006-01-02 15:04 UTC"))
}

// show turns an argument of a refusal into mrkdwn.
func show(a any) string {
	switch v := a.(type) {
	case jit.UserID:
		return mentionUser(v)
	case jit.Whole:
		return prose(string(v))
	case jit.State:
		return string(v)
	case Verb:
		return string(v)
	case time.Time:
		return when(v)
	case time.Duration:
		return jit.ShortDuration(v)
	default:
		return code(jit.Plain(a))
	}
}

// plural counts things: 1 address, 2 addresses.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
