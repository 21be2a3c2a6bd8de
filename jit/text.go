package jit

import (
	"strings"
)

// JoinWords is the words as a sentence lists them: a, b and c.
func JoinWords(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
