package jit

import (
	"slices"
)

// Tidy is each text once, in order.
func Tidy(texts []string) []string {
	out := slices.Sorted(slices.Values(texts))
	return slices.Compact(out)
}
