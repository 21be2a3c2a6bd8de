package parse

import (
	"regexp"
	"strings"
	"unicode"
)

// atom is a number or a word of a duration.
type atom struct {
	text        string
	number      bool
	thousandths uint64
	words       int // how many words of the line end with it; 0 within one
}

func (a atom) isNumber() bool {
	_, named := numberWords()[a.text]
	return a.number || named
}

func isUnitAtom(atoms []atom, at int) bool {
	return at < len(atoms) && IsUnit(atoms[at].text)
}

const (
	maxDurationWords = 12
	unclear          = "?" // a number that may be read in two ways
)

// atomsOf takes words apart, up to the first that can be no part of a duration.
func atomsOf(words []string) []atom {
	var out []atom
	for i, word := range words[:min(len(words), maxDurationWords)] {
		atoms, ok := atomsOfWord(word)
		if !ok || len(atoms) == 0 {
			break
		}
		atoms[len(atoms)-1].words = i + 1
		out = append(out, atoms...)
	}
	return out
}

var (
	isoPattern   = regexp.MustCompile(`^p([0-9]+d)?(?:t([0-9]+h)?([0-9]+m)?([0-9]+s)?)?$`)
	isoLike      = regexp.MustCompile(`^pt([0-9][0-9hms]*[hms])?$`)
	halfPattern  = regexp.MustCompile(`^(demi|half|halbe)-([\pL]+)$`)
	hyphenated   = regexp.MustCompile(`^([\pL\pN]+)-([\pL]{3,})$`)
	atomsPattern = regexp.MustCompile(`[0-9]+(?:[.,][0-9]+)?|[.,][0-9]+|[\pL\pM]+|[&+]`)

	fractionWithin = regexp.MustCompile(`([½¼¾])([0-9])`)
	fractions      = strings.NewReplacer("½", ".5", "¼", ".25", "¾", ".75", "'", "", "’", "")
)

// atomsOfWord takes one word apart at the borders of its numbers.
func atomsOfWord(word string) (out []atom, ok bool) {
	word = usual(word)
	if strings.TrimSpace(atomsPattern.ReplaceAllString(word, "")) != "" {
		return nil, false
	}
	for _, s := range atomsPattern.FindAllString(word, -1) {
		a := atom{text: s}
		if first := rune(s[0]); unicode.IsDigit(first) || first == '.' || first == ',' {
			if a.thousandths, a.number = thousandths(s); !a.number {
				a.text = unclear
			}
		}
		out = append(out, a)
	}
	return out, true
}

// usual is a word with its numbers in digits, in the order in which they are said.
func usual(word string) string {
	word = fractionWithin.ReplaceAllString(strings.ToLower(Fold(word)), "${1}555${2}") // more digits than are read
	word = strings.TrimRight(fractions.Replace(word), ".")
	if whole, ok := wholeWords()[word]; ok {
		word = whole
	}
	if iso := isoPattern.FindStringSubmatch(word); iso != nil && len(word) > 2 {
		word = strings.Join(iso[1:], "")
	} else if isoLike.MatchString(word) {
		word = word[len("pt"):] + "pt" // it is meant as one, and is none
	}
	for _, p := range []*regexp.Regexp{halfPattern, hyphenated} {
		if m := p.FindStringSubmatch(word); m != nil && IsUnit(m[2]) {
			word = m[1] + " " + m[2]
		}
	}
	return word
}
