package jit

import (
	"cmp"
	"strconv"
	"strings"
)

// JoinWords is the words as a sentence lists them: a, b and c.
func JoinWords(words []string) string {
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
