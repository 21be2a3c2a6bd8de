package rules

import (
	"fmt"

	"jitbot/jit"
	"jitbot/jit/resource"
)

// maxRules is the most rules an NSG holds.
// https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits
const maxRules = 1000

// slots are the priorities, public sides and numbers of rules that are taken in a
// guard.
type slots struct {
	Owner
	table      Table
	priorities map[int]bool
	publicEnds publicEnds
	left       int
}

// slotsOf reads them off the table. A rule that will be removed still holds its
// own, since Azure refuses a priority before it is free.
func (o Owner) slotsOf(t Table, wanted []Rule) slots {
	s := slots{
		Owner: o, table: t, priorities: map[int]bool{},
		publicEnds: o.publicEndsIn(t, wanted), left: maxRules - len(t.Rules),
	}
	for _, r := range t.Rules {
		if r.Inbound {
			s.priorities[r.Priority] = true
		}
	}
	return s
}

// reserve takes the place of the rule, which may replace one that is there.
func (s *slots) reserve(r Rule, replaces bool) {
	if !replaces {
		s.left--
	}
	s.priorities[r.Priority] = true
	if r.To.IsValid() {
		s.publicEnds.reserve(r)
	}
}

// assign gives a wanted rule the name and the place it has, or is to have.
func (s *slots) assign(w, old Rule, found bool) (Rule, error) {
	if resource.IsFirewall(s.table.Guard) {
		return s.assignInFirewall(w, old)
	}
	left := s.left
	n, ours := s.Ours(old)
	if found && !ours {
		return w, jit.Refuse(jit.ErrPolicy, "A rule named %s with priority %s is in %s, outside our band; "+
			"it is not touched, so remove or rename it.",
			old.Name, fmt.Sprint(old.Priority), s.table.Name)
	}
	if found {
		w.Name = old.Name
		if s.bandOf(n).Contains(old.Priority) && (old.Inbound || !s.priorities[old.Priority]) {
			w.Priority = old.Priority
			return w, nil
		}
		left = 1 // somebody moved it, or the bands, or turned it outbound and its place is taken
	}
	var err error
	w.Priority, err = s.freePriority(w, left)
	return w, err
}

// assignInFirewall puts the rule into our collection, whose priority it has.
func (s *slots) assignInFirewall(w, old Rule) (Rule, error) {
	var err error
	if w.Priority, err = s.collection(s.table, w.To.IsValid()); err != nil || !w.To.IsValid() {
		return w, err
	}
	return s.publicEnds.fit(s.table, w, old)
}

// freePriority finds the lowest free priority of the rule's band.
func (s *slots) freePriority(w Rule, left int) (int, error) {
	t := s.table
	if left < 1 {
		return 0, jit.Refuse(jit.ErrPolicy, "%s holds %s rules, the most an NSG can; remove some.",
			t.Name, fmt.Sprint(maxRules))
	}
	n, _ := s.named(w)
	band := s.bandOf(n)
	for p := band.From; p <= band.To; p++ {
		if !s.priorities[p] {
			return p, nil
		}
	}
	if w.Allow {
		return 0, jit.Refuse(jit.ErrPolicy, "Every priority from %s to %s in %s is taken; end a grant there, or widen bands.allow.",
			fmt.Sprint(band.From), fmt.Sprint(band.To), t.Name)
	}
	return 0, jit.Refuse(jit.ErrPolicy, "Every priority from %s to %s in %s is taken, so no deny fits; "+
		"free one, or widen the band in the configuration.",
		fmt.Sprint(band.From), fmt.Sprint(band.To), t.Name)
}
