package bot

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"

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
	s = clip(strings.ReplaceAll(jit.CleanText(s), "`", "'"), maxName)
	if s == "" {
		s = "?"
	}
	return "`" + entities(s) + "`"
}

// blank parts what Slack would make a link or an emoji of; it has no width.
const blank = "\u200b"

var (
	schemes = regexp.MustCompile(`(?i)([a-z][a-z0-9+.-]*|mailto|tel):([^\s])`)
	domains = regexp.MustCompile(`([\pL\pN-])\.(\pL)`)
	mails   = regexp.MustCompile(`([@#])(\S)`)
	emojis  = regexp.MustCompile(`:([^\s:]+):`)
)

// prose shows a sentence that people or Azure wrote in mrkdwn: one line,
// without mentions, links, emoji or formatting. Where the words must be exact,
// a plain_text block is used.
func prose(s string) string {
	s = flat(clip(jit.CleanText(s), maxProse))
	s = emojis.ReplaceAllString(s, ":"+blank+"$1"+blank+":")
	s = schemes.ReplaceAllString(s, "$1:"+blank+"$2")
	for range 2 { // a match takes the letters beside its dot, so neighbours need a second look
		s = domains.ReplaceAllString(s, "$1."+blank+"$2")
	}
	s = mails.ReplaceAllString(s, "$1"+blank+"$2")
	return entities(s)
}

// flat replaces the signs of formatting by ones that look alike, except within
// a word, where they mean nothing.
func flat(s string) string {
	alike := map[rune]rune{'*': '∗', '_': 'ˍ', '~': '∼'}
	word := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	in := []rune(s)
	out := make([]rune, 0, len(in))
	for i, r := range in {
		inner := i > 0 && i < len(in)-1 && word(in[i-1]) && word(in[i+1])
		switch other, sign := alike[r]; {
		case r == '`':
			r = 'ˋ'
		case sign && !inner:
			r = other
		}
		out = append(out, r)
	}
	return string(out)
}

var (
	userPattern  = regexp.MustCompile(`^[UW][A-Z0-9]{1,20}$`)
	groupPattern = regexp.MustCompile(`^S[A-Z0-9]{1,20}$`)
)

// mention names a Slack user or user group, or whoever sits at the host.
func mention(id string) string {
	switch {
	case userPattern.MatchString(id):
		return "<@" + id + ">"
	case groupPattern.MatchString(id):
		return "<!subteam^" + id + ">"
	default:
		return code(id)
	}
}

func mentionUser(id jit.UserID) string { return mention(string(id)) }

// when is an instant in each reader's own time zone.
func when(t time.Time) string {
	if t.IsZero() {
		return "an unknown time"
	}
	return fmt.Sprintf("<!date^%d^{date_short_pretty} at {time}|%s>", t.Unix(), t.UTC().Format("2006-01-02 15:04 UTC"))
}

// show turns an argument of a refusal into mrkdwn.
func show(a any) string {
	switch v := a.(type) {
	case jit.UserID:
		return mentionUser(v)
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
