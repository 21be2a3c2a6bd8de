package parse

import (
	"strings"
	"time"

	"jitbot/jit"
)

// Duration reads 90s, 45m, 2h, 1h30m, 1.5h, 90 min, half an hour, PT2H and what else
// means a duration and nothing besides. It must be positive; how long it may be, the
// policy says.
func Duration(s string) (time.Duration, error) {
	words := strings.Fields(s)
	d, n, err := DurationWords(words)
	switch {
	case n < len(words) || n == 0:
		return 0, badDuration(s)
	case err != nil:
		return 0, err
	}
	return d, nil
}

// DurationWords reads the duration at the beginning of the words, as long as it goes,
// and tells how many of them it is; none when none begins there. What is meant as
// one and is none is told by an error, a *jit.Refusal, with its words counted.
func DurationWords(words []string) (d time.Duration, n int, err error) {
	r := durationReader{atoms: atomsOf(words)}
	n = r.read()
	typed := strings.Join(words[:n], " ")
	switch {
	case n == 0:
		return 0, 0, nil
	case r.bad:
		return 0, n, badDuration(typed)
	case r.total > maxThousandths:
		return 0, n, jit.Refuse(jit.ErrInput, "%s is longer than anybody may have; write a duration of at most 24h.", typed)
	case r.total == 0 || r.total%one != 0: // parts of seconds are nobody's
		return 0, n, badDuration(typed)
	}
	return time.Duration(r.total/one) * time.Second, n, nil
}

func badDuration(s string) error {
	return jit.Refuse(jit.ErrInput, "%s is no duration; write one such as 90s, 45m, 2h, 1h30m or PT2H.", s)
}

// maxThousandths is the most that is counted, in thousandths of seconds.
const maxThousandths = 10000 * 3600 * one

// durationReader reads a duration from atoms.
type durationReader struct {
	atoms []atom
	at    int
	total uint64 // in thousandths of seconds
	last  durationUnit
	bad   bool
}

// read reads as many parts as follow each other, and returns how many words they are.
func (r *durationReader) read() (words int) {
	for {
		before := r.at
		n, unit, ok := r.next()
		within := before > 0 && r.atoms[before-1].words == 0 // in a word that began as a duration
		switch less := unit.rank > r.last.rank; {
		case within && (!ok || !less):
			r.bad = true
		case !ok || !less:
			return words
		}
		r.last = unit
		r.total = min(r.total+min(n, maxThousandths+1)*uint64(unit.size/time.Second), maxThousandths+1)
		if r.bad {
			return r.wordEnd()
		}
		if end := r.atoms[r.at-1].words; end > 0 {
			words = end
		}
	}
}

// next reads a part, with or without a word between it and the one before.
func (r *durationReader) next() (n uint64, unit durationUnit, ok bool) {
	before := r.at
	if before > 0 && isAnd(r.word()) {
		r.at++
	}
	if n, unit, ok = r.part(); ok {
		return n, unit, true
	}
	return r.minutesOfHour(before)
}

// wordEnd is how many words there are with the one that is being read.
func (r *durationReader) wordEnd() int {
	for _, a := range r.atoms[max(r.at-1, 0):] {
		if a.words > 0 {
			return a.words
		}
	}
	return 0
}

// minutesOfHour reads the 30 of 1h30.
func (r *durationReader) minutesOfHour(at int) (n uint64, unit durationUnit, ok bool) {
	if r.at = at; at == 0 || at >= len(r.atoms) || r.last.size != time.Hour {
		return 0, unit, false
	}
	a := r.atoms[at]
	if r.atoms[at-1].words > 0 || a.words == 0 || !a.number || len(a.text) != 2 || a.thousandths >= 60*one {
		return 0, unit, false
	}
	r.at++
	return a.thousandths, durationUnit{rank: r.last.rank + 1, size: time.Minute}, true
}

// part reads a number and a unit, or half an hour.
func (r *durationReader) part() (n uint64, unit durationUnit, ok bool) {
	if n, ok = r.amount(); !ok {
		return 0, unit, false
	}
	unit, ok = unitWords()[r.word()]
	if !ok {
		return 0, unit, false
	}
	r.at++
	return n + r.andAHalf(), unit, true
}

// amount reads how many there are.
func (r *durationReader) amount() (n uint64, ok bool) {
	if r.half() {
		return one / 2, true
	}
	if r.at >= len(r.atoms) {
		return 0, false
	}
	a := r.atoms[r.at]
	number, named := numberWords()[a.text]
	switch {
	case a.number:
		n = a.thousandths
	case named:
		n = number
	case isArticle(a.text):
		n = one
	case a.text == unclear && isUnitAtom(r.atoms, r.at+1):
		n, r.bad = one, true
	case a.text == "quarter":
		r.at--
		n = one
	default:
		return 0, false
	}
	r.at++
	switch next := r.word(); {
	case isHalf(next) && n == one: // a half hour, eine halbe Stunde
		r.at++
		return one / 2, true
	case next == "quarter" || next == "quarters":
		r.at++
		r.skip(func(w string) bool { return w == "of" })
		r.skip(isArticle)
		return n / 4, true
	case isArticle(a.text) && (next == "second" || next == "s" || next == "m" || next == "h" || next == "d"):
		return 0, false // a second look
	}
	return n + r.andAHalf(), true
}

// half reads half, half an.
func (r *durationReader) half() bool {
	if !isHalf(r.word()) {
		return false
	}
	r.at++
	r.skip(isArticle)
	return true
}

// andAHalf reads the half of two and a half.
func (r *durationReader) andAHalf() uint64 {
	before := r.at
	if isAnd(r.word()) {
		r.at++
		r.skip(isArticle)
		switch word := r.word(); {
		case isHalf(word) && !isUnitAtom(r.atoms, r.at+1):
			r.at++
			return one / 2
		case isHalf(word) && before > 0 && r.atoms[before-1].isNumber():
			r.at++
			return one / 2
		case word == "quarter" && before > 0 && !r.atoms[before-1].isNumber():
			r.at++
			return one / 4
		}
	}
	r.at = before
	return 0
}

func (r *durationReader) skip(is func(string) bool) {
	if is(r.word()) {
		r.at++
	}
}

func (r *durationReader) word() string {
	if r.at >= len(r.atoms) {
		return ""
	}
	return r.atoms[r.at].text
}
