package jit

import (
	"slices"

	"jitbot/jit/resource"
)

// Follows reports whether the rules of an open grant at the guard were not yet
// read back since its VM moved behind it.
func (g Grant) Follows(guard string) bool {
	return slices.ContainsFunc(g.Paths, func(p Path) bool { return resource.Same(p.Guard, guard) && !p.Confirmed })
}
