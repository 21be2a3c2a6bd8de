package command

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"jitbot/jit/parse"
)

// forWhat reads what stands after for: a duration, or else the reason, which is all
// that is left; it tells which part of the request that is.
func (r *reader) forWhat() Part {
	if !r.more() {
		return PartReason
	}
	first, second := r.peek(0), r.peek(1)
	quoted := isQuoted(r.line[first.at:])
	switch d, n, err := r.durationAt(0); {
	case quoted && second.read != "":
	case n > 0:
		r.duration(d, r.typed(n), err)
		return PartDuration
	case parse.IsNumber(first.read) && nearUnit(second.read):
		r.fault("%s is no duration; write one such as 90s, 45m, 2h, 1h30m or PT2H.", r.typed(2))
		return PartDuration
	case parse.IsNumber(first.read) && (second.read == "" || r.known(1)):
		r.fault("For %s what? Write a duration with its unit, such as 60m or 2h; ports stand before for.", r.typed(1))
		return PartDuration
	}
	doubted := PartReason
	if !quoted {
		doubted = r.doubt()
	}
	if reason := unquoted(r.rest()); reason != "" {
		var err error
		r.ask.Reason, err = parse.Reason(reason)
		r.refuse(err)
	}
	return doubted
}

// isQuoted reports whether all of a text is in quotes.
func isQuoted(s string) bool {
	first, _ := utf8.DecodeRuneInString(s)
	last, size := utf8.DecodeLastRuneInString(s)
	return len(s) > size && strings.ContainsRune(quoteMarks, first) && strings.ContainsRune(quoteMarks, last)
}

// nearUnit reports whether a word is a slip of the keyboard for a unit.
func nearUnit(word string) bool {
	if len(word) < 4 {
		return false
	}
	for _, unit := range []string{"hour", "hours", "minute", "minutes", "mins", "second", "seconds", "days"} {
		w := strings.ToLower(word)
		if distance(w, unit) == 1 || slices.Equal(slices.Sorted(slices.Values([]byte(w))), slices.Sorted(slices.Values([]byte(unit)))) {
			return true
		}
	}
	return false
}

// maxDoubted is how many words of a reason are looked at for what may have been meant
// otherwise.
const maxDoubted = 60

// doubt asks back where a reason says what else is missing in the line: it would be
// filled in otherwise, and nobody told. It tells which part is in doubt first.
func (r *reader) doubt() Part {
	words := r.left()
	words = words[:min(len(words), maxDoubted)]
	before := len(r.faults)
	if r.ask.duration == "" {
		r.doubtDuration(words)
	}
	if len(r.faults) > before {
		return PartDuration
	}
	if r.ask.source == "" {
		r.doubtSource(words)
	}
	if len(r.faults) > before {
		return PartSource
	}
	if len(r.ask.ports) == 0 && portLike.MatchString(words[0].read) &&
		(len(words) == 1 || words[1].listed || words[1].is("from") || words[1].is(forWords()...) || r.durationWords(1) > 0) {
		r.fault("%s after for is read as the reason; write ports before for, or the reason in quotes.", words[0].typed)
		return PartPorts
	}
	return PartReason
}

var vagueUnit = regexp.MustCompile(`^(hours?|hrs|minutes?|mins|stunden?|minuten|heures?|horas?|minutos?|godziny?|часа?|часов)$`)

var startsWithNumber = regexp.MustCompile(`^[0-9½¼¾]`)

func (r *reader) doubtDuration(words []token) {
	for i := range words {
		if n := r.durationWords(i); n > 0 {
			r.fault("The reason says %s. If that is how long you need it, write it before the reason, as in for 2h for the reason; "+
				"else write how long, or the reason in quotes.", r.line[words[i].at:r.tokens[r.at+i+n-1].end])
			return
		}
	}
	for _, t := range words[:min(len(words), 5)] {
		word := strings.ToLower(t.read)
		parts := strings.FieldsFunc(word, func(c rune) bool { return !unicode.IsLetter(c) })
		counted := startsWithNumber.MatchString(word) && slices.ContainsFunc(parts, parse.IsUnit)
		if counted || slices.ContainsFunc(parts, vagueUnit.MatchString) {
			r.fault("I do not understand how long you need it: the reason says %s. Write a duration before it, such as for 2h, "+
				"or the reason in quotes.", t.typed)
			return
		}
	}
}

func (r *reader) doubtSource(words []token) {
	for i, t := range words[:len(words)-1] {
		if t.is(forWords()...) {
			return // what stands after that is prose
		}
		if next := words[i+1]; t.is("from") && (addressLike.MatchString(next.read) || next.is("me")) {
			r.fault("The reason says from %s; write that before the reason, or the reason in quotes.", next.typed)
			return
		}
	}
}
