package rules

import (
	"fmt"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/resource"
)

// Explained reports whether every address that the deny keeps shut is that of
// a protection known at the guard.
func Explained(guard string, deny Rule, locks []jit.Protection) bool {
	return !slices.ContainsFunc(deny.Destinations, func(d string) bool {
		one := Rule{Destinations: []string{d}}
		return !slices.ContainsFunc(locks, func(p jit.Protection) bool { return DenyMeets(p, guard, one) })
	})
}

// maxRules is the most rules an NSG holds. https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits
const maxRules = 1000

// Owner decides from a rule alone whether it is ours.
type Owner struct {
	Installation string
	Bands        jit.Bands
}

// Ours takes a rule's name apart when the rule is ours: the whole name parses,
// names our installation, and the priority lies in our bands.
func (o Owner) Ours(r Rule) (RuleName, bool) {
	n, ok := ParseRuleName(r.Name)
	if !ok || n.Installation != o.Installation || !o.inBand(n, r.Priority) {
		return RuleName{}, false
	}
	return n, true
}

func (o Owner) inBand(n RuleName, priority int) bool {
	if n.Grant != "" {
		return o.Bands.Allow.Contains(priority)
	}
	return o.Bands.DenyOverride.Contains(priority) || o.Bands.DenyRespect.Contains(priority)
}

// OutsideBands takes a rule's name apart when it is ours by name, yet outside our
// bands: reported, never touched.
func (o Owner) OutsideBands(r Rule) (RuleName, bool) {
	n, ok := ParseRuleName(r.Name)
	return n, ok && n.Installation == o.Installation && !o.inBand(n, r.Priority)
}

// Blocked is a wanted rule that cannot be written, and why. Its Err is a
// Refusal.
type Blocked struct {
	Name string
	Err  error
}

// Plan is what to do to a guard so that it holds the wanted rules of ours and
// no other rule of ours.
type Plan struct {
	Changes []Change
	Final   []Rule // the wanted rules with the priorities they have or will have
	Blocked []Blocked
}

// MakePlan compares the wanted rules, allows and denies, with what the guard
// holds. It never names a rule that is not ours, never uses a priority that is
// taken, and plans nothing where all agrees. Removals and writes alternate, so
// that neither waits for all of the other.
func (o Owner) MakePlan(t Table, wanted []Rule) Plan {
	var plan Plan
	var shut, puts, removes, unshut []Change
	space := o.slotsOf(t, wanted)
	for _, w := range wanted {
		old, found := t.Rule(w.Name)
		placed, err := space.assign(w, old, found)
		if err != nil {
			plan.Blocked = append(plan.Blocked, Blocked{w.Name, err})
			continue
		}
		space.reserve(placed, found)
		plan.Final = append(plan.Final, placed)
		switch {
		case found && !old.Failed && placed.Equal(old):
		case placed.Allow:
			puts = append(puts, Change{Put: &placed})
		default:
			shut = append(shut, Change{Put: &placed})
		}
	}
	for _, r := range t.Rules {
		switch n, ours := o.Ours(r); {
		case !ours || Named(wanted, r.Name):
		case n.Grant != "":
			removes = append(removes, Change{Remove: r.Name})
		default:
			unshut = append(unshut, Change{Remove: r.Name})
		}
	}
	// What shuts comes first, and a deny that another replaces goes last.
	plan.Changes = slices.Concat(shut, alternate(removes, puts), unshut)
	return plan
}

// slots are what is taken in a guard, and by whom.
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
	s := slots{Owner: o, table: t, priorities: map[int]bool{}, publicEnds: o.publicEndsIn(t, wanted), left: maxRules - len(t.Rules)}
	for _, r := range t.Rules {
		if r.Inbound {
			s.priorities[r.Priority] = true
		}
	}
	return s
}

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
	_, ours := s.Ours(old)
	if found && !ours {
		return w, jit.Refuse(jit.ErrPolicy, "A rule named %s with priority %s is in %s, outside our band; it is not touched, so remove or rename it.",
			old.Name, fmt.Sprint(old.Priority), s.table.Name)
	}
	if found {
		w.Name = old.Name
		n, _ := ParseRuleName(old.Name)
		if s.bandOf(n).Contains(old.Priority) && (old.Inbound || !s.priorities[old.Priority]) {
			w.Priority = old.Priority
			return w, nil
		}
		left = 1 // somebody moved it, or turned it outbound and its place is taken
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
		return 0, jit.Refuse(jit.ErrPolicy, "%s holds %s rules, the most an NSG can; remove some.", t.Name, fmt.Sprint(maxRules))
	}
	n, _ := ParseRuleName(w.Name)
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
	return 0, jit.Refuse(jit.ErrPolicy, "Every priority from %s to %s in %s is taken, so no deny fits; free one, or widen the band in the configuration.",
		fmt.Sprint(band.From), fmt.Sprint(band.To), t.Name)
}

// findRule finds a rule by its name, whose case does not count in Azure.
func findRule(rules []Rule, name string) (Rule, bool) {
	i := slices.IndexFunc(rules, func(r Rule) bool { return strings.EqualFold(r.Name, name) })
	if i < 0 {
		return Rule{}, false
	}
	return rules[i], true
}

func Named(rules []Rule, name string) bool {
	_, found := findRule(rules, name)
	return found
}

func alternate(a, b []Change) []Change {
	out := make([]Change, 0, len(a)+len(b))
	for i := range max(len(a), len(b)) {
		if i < len(a) {
			out = append(out, a[i])
		}
		if i < len(b) {
			out = append(out, b[i])
		}
	}
	return out
}

// FinalOf is the wanted rule with the name and priority it has in the guard.
func (p Plan) FinalOf(want Rule) Rule {
	if r, found := findRule(p.Final, want.Name); found {
		return r
	}
	return want
}
