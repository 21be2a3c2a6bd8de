package reach

import "slices"

// tidy is each text once, in order.
func tidy(texts []string) []string {
	out := slices.Sorted(slices.Values(texts))
	return slices.Compact(out)
}
