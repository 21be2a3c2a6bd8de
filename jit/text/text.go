package text

import (
	"cmp"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Clean removes what could deceive a reader, control characters, letters that
// nobody sees and the marks that turn the direction of text, and folds white space.
func Clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), blank(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == unicode.ReplacementChar,
			unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r), r >= 0xE0100 && r <= 0xE01EF:
			return -1
		default:
			return r
		}
	}, s)
	words := strings.FieldsFunc(s, unicode.IsSpace)
	for i, word := range words {
		words[i] = strings.TrimLeftFunc(word, unicode.IsMark) // a mark on nothing is no letter
	}
	return strings.Join(strings.Fields(strings.Join(words, " ")), " ")
}

// blank reports whether a letter or picture is drawn as nothing, although Unicode
// counts it as one: fillers of Hangul, the braille pattern without dots, and the null
// notehead.
func blank(r rune) bool {
	switch r {
	case 0x115F, 0x1160, 0x3164, 0xFFA0, 0x2800, 0x1D159:
		return true
	}
	return false
}

// Duration writes a duration as people do: 1h30m, 45m, 90s is 1m30s.
func Duration(d time.Duration) string {
	d = d.Round(time.Second)
	if d == 0 {
		return "0s"
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// Join is the words as a sentence lists them: a, b and c.
func Join(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// Capital is the text with a capital letter at its beginning.
func Capital(s string) string {
	return strings.ToUpper(s[:min(1, len(s))]) + cmp.Or(s, " ")[1:]
}

// Plural is the word for one or for many, by the number.
func Plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// Count counts things: 1 address, 2 addresses.
func Count(n int, one, many string) string {
	return strconv.Itoa(n) + " " + Plural(n, one, many)
}
