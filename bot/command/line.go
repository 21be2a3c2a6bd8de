package command

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"jitbot/jit/parse"
)

// token is a word of a line. Commas and what other scripts use for them part words
// as spaces do.
type token struct {
	typed   string // as it was typed
	read    string // without quotes and a colon after it, in usual digits and hyphens
	at, end int    // where it is in the line
	listed  bool   // a comma stands before it
	gap     bool   // and another before that, with nothing between
}

// is reports whether the word is one of these, whatever its case.
func (t token) is(words ...string) bool {
	return slices.Contains(words, strings.ToLower(t.read))
}

// plain is a word as it is read.
func plain(typed string) string {
	read := parse.Fold(Bare(typed))
	if !strings.HasSuffix(read, "::") {
		read = strings.TrimSuffix(read, ":")
	}
	return read
}

// separators part the items of a list.
const separators = ",;、，；،"

// lex parts a line, which is clean, into words.
func lex(line string) (out []token) {
	at, listed, gap := -1, false, false
	end := func(i int) {
		if at >= 0 {
			typed := line[at:i]
			out = append(out, token{typed: typed, read: plain(typed), at: at, end: i, listed: listed, gap: gap})
			at, listed, gap = -1, false, false
		}
	}
	for i, r := range line {
		switch {
		case r == ' ':
			end(i)
		case strings.ContainsRune(separators, r) && (at < 0 || !decimal(line[at:i], r, line[i+utf8.RuneLen(r):])):
			end(i)
			gap = gap || listed || len(out) == 0
			listed = true
		case at < 0:
			at = i
		}
	}
	end(len(line))
	return out
}

var (
	digitsOnly   = regexp.MustCompile(`^[0-9]+$`)
	decimalAfter = regexp.MustCompile(`^([0-9]{1,4}) ?([\pL]+)`)
)

// decimal reports whether a comma between these is that of 1,5 hours.
func decimal(before string, comma rune, after string) bool {
	m := decimalAfter.FindStringSubmatch(parse.Fold(after))
	before = strings.TrimLeft(before, quoteMarks)
	return m != nil && (comma == ',' || comma == '，') && digitsOnly.MatchString(parse.Fold(before)) && parse.IsUnit(m[2])
}

// reads are the words as they are read.
func reads(all []token) []string {
	out := make([]string, len(all))
	for i, t := range all {
		out[i] = t.read
	}
	return out
}
