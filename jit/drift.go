package jit

import (
	"slices"
)

// ProtectionsAgree reports whether the protections are in force at the guard, as far
// as was told: no other allow than was seen last stands before their denies.
func (o Owner) ProtectionsAgree(t Table, locks []Protection) bool {
	return !slices.ContainsFunc(locks, func(p Protection) bool {
		_, changed, err := o.Exposed(t, p)
		return err != nil || changed || p.State != Protected || len(p.Left) > 0
	})
}
