package rules

import (
	"fmt"
	"strings"

	"jitbot/jit"
	"jitbot/jit/resource"
)

// maxRules is the most rules an NSG holds, maxAddresses the most addresses and ranges
// that all of them name on one side.
// https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits
const (
	maxRules     = 1000
	maxAddresses = 4000
)

// slots are the priorities, public sides and numbers of rules and addresses that are
// taken in a guard.
type slots struct {
	Owner
	table      Table
	priorities map[int]bool
	publicEnds publicEnds
	left       int
	addresses  sides // of all rules of an NSG
}

// sides are how many addresses and ranges there are on each side.
type sides struct{ sources, destinations int }

// sidesOf counts them in a rule; tags and * are none.
func sidesOf(r Rule) sides {
	count := func(list []string) (n int) {
		for _, text := range list {
			if text != "" && (text[0] >= '0' && text[0] <= '9' || strings.Contains(text, ":")) {
				n++
			}
		}
		return n
	}
	return sides{count(r.Sources), count(r.Destinations)}
}

// swap counts one rule in another's place.
func (s sides) swap(now, old sides) sides {
	return sides{s.sources + now.sources - old.sources, s.destinations + now.destinations - old.destinations}
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
		s.addresses = s.addresses.swap(sidesOf(r), sides{})
	}
	return s
}

// reserve takes the place of the rule, which may replace an old one that is there.
func (s *slots) reserve(r, old Rule, replaces bool) {
	if !replaces {
		s.left--
	}
	s.addresses = s.addresses.swap(sidesOf(r), sidesOf(old))
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
	if err := s.roomFor(w, old); err != nil {
		return w, err
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

// roomFor refuses a rule that names more addresses than fit beside those of the others.
func (s *slots) roomFor(w, old Rule) error {
	now, before := sidesOf(w), sidesOf(old)
	all := s.addresses.swap(now, before)
	side := ""
	switch {
	case all.sources > maxAddresses && now.sources > before.sources:
		side = "source"
	case all.destinations > maxAddresses && now.destinations > before.destinations:
		side = "destination"
	default:
		return nil
	}
	return jit.Refuse(jit.ErrPolicy, "The rules of %s would name more than %s %s addresses in all, the most an NSG can hold; remove some.",
		s.table.Name, fmt.Sprint(maxAddresses), side)
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
