package jit

import (
	"slices"
)

// Explained reports whether every address that the deny keeps shut is that of
// a protection known at the guard.
func Explained(guard string, deny Rule, locks []Protection) bool {
	return !slices.ContainsFunc(deny.Destinations, func(d string) bool {
		one := Rule{Destinations: []string{d}}
		return !slices.ContainsFunc(locks, func(p Protection) bool { return DenyMeets(p, guard, one) })
	})
}
