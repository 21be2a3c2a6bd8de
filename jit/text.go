package jit

import (
	"cmp"
	"slices"
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

func Capital(s string) string {
	return strings.ToUpper(s[:min(1, len(s))]) + cmp.Or(s, " ")[1:]
}

// Tidy is each text once, in order.
func Tidy(texts []string) []string {
	out := slices.Sorted(slices.Values(texts))
	return slices.Compact(out)
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

// Clause is an error's words for use inside another sentence: without the full
// stop that a refusal ends with.
func Clause(err error) string { return strings.TrimSuffix(err.Error(), ".") }
