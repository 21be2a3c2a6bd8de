package rules

import (
	"jitbot/jit"
)

// Desired is all that the guard should hold of ours: the allows of opening
// and open grants, and the denies of protections, without priorities. It depends
// on nothing else, so a rule of a grant that ended is never desired again.
func Desired(installation, guard string, grants []jit.Grant, protections []jit.Protection) []Rule {
	wanted := ForProtections(installation, guard, protections)
	for _, g := range grants {
		if g.State == jit.Opening || g.State == jit.Open {
			wanted = append(wanted, ForGrant(installation, guard, g)...)
		}
	}
	return wanted
}
