package jit

import (
	"slices"

	"jitbot/jit/resource"
)

// Agrees reports whether the guard was read back as the grant's state wants it.
func (g Grant) Agrees(guard string) bool {
	return !slices.ContainsFunc(g.Paths, func(p Path) bool { return resource.Same(p.Guard, guard) && !p.Confirmed })
}
