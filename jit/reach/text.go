package reach

import (
	"cmp"
	"slices"
	"strings"
)

// capital is the text with a capital letter at its beginning.
func capital(s string) string {
	return strings.ToUpper(s[:min(1, len(s))]) + cmp.Or(s, " ")[1:]
}

// tidy is each text once, in order.
func tidy(texts []string) []string {
	out := slices.Sorted(slices.Values(texts))
	return slices.Compact(out)
}
