package rules

import (
	"time"

	"jitbot/jit"
	"jitbot/jit/protection"
)

// Desired is all that the guard should hold of ours at the instant: the allows of
// opening and open grants before their deadline and their until, and the denies of
// protections, without priorities. It depends on nothing else, so a rule of a grant
// that ended is never desired again, and one that is overdue is not desired even
// where its closing could not be stored.
func Desired(installation, guard string, grants []jit.Grant, protections []protection.Protection, now time.Time) []Rule {
	wanted := ForProtections(installation, guard, protections)
	for _, g := range grants {
		if g.MayStandAt(now) {
			wanted = append(wanted, ForGrant(installation, guard, g)...)
		}
	}
	return wanted
}

// RemoveUnread are the removals of what may not stand in the guard at the instant, by the
// names that were stored for it, where the guard itself cannot be read.
func (o Owner) RemoveUnread(guard string, grants []jit.Grant, now time.Time) []Change {
	var changes []Change
	for _, g := range grants {
		if g.MayStandAt(now) {
			continue
		}
		for _, rule := range EveryForm(o.Installation, guard, g) {
			changes = append(changes, Change{Remove: rule.Name})
		}
	}
	return changes
}
