package rules

import (
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/resource"
)

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
	// Shadowed are those that are not written because something of somebody else's
	// stands before them.
	Shadowed []Blocked
}

// MakePlan compares the wanted rules, allows and denies, with what the guard
// holds. It never names a rule that is not ours, never uses a priority that is
// taken, and plans nothing where all agrees. Removals and writes alternate, so
// that neither waits for all of the other.
func (o Owner) MakePlan(t Table, wanted []Rule) Plan {
	var plan Plan
	var shut, puts, removes, unshut []Change
	slots := o.slotsOf(t, wanted)
	for _, w := range wanted {
		old, found := t.Rule(w.Name)
		placed, err := slots.assign(w, old, found)
		if err != nil {
			plan.Blocked = append(plan.Blocked, Blocked{w.Name, err})
			continue
		}
		slots.reserve(placed, old, found)
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
		case !ours || named(wanted, r.Name):
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

// alternate takes one of each in turn.
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

// FinalOf is the wanted rule with the name, the priority and, of a DNAT rule, the
// public side that it has or will have in the guard; the rule as it is where it
// is blocked.
func (p Plan) FinalOf(want Rule) Rule {
	if r, found := findRule(p.Final, want.Name); found {
		return r
	}
	return want
}

// Changing reports whether the plan changes a rule of the grant.
func (p Plan) Changing(grant jit.ID) bool {
	return slices.ContainsFunc(p.Changes, func(c Change) bool {
		n, _ := ParseRuleName(strings.ToLower(c.Name()))
		return n.Grant == grant
	})
}

// Missing names a rule of the grant that the guard does not hold as the plan wants it;
// empty when it holds all of them.
func (p Plan) Missing(installation string, t Table, g jit.Grant) string {
	for _, want := range ForGrant(installation, t.Guard, g) {
		if old, _ := t.Rule(want.Name); old.Failed || !old.Equal(p.FinalOf(want)) {
			return want.Name
		}
	}
	return ""
}

// MissingDeny names a deny of the protection, one of those at the guard, that the guard
// does not hold as the plan wants it; empty when it holds all of them.
func (p Plan) MissingDeny(installation string, t Table, all []jit.Protection, one jit.Protection) string {
	for _, want := range ForProtections(installation, t.Guard, all) {
		final := p.FinalOf(want)
		if old, _ := t.Rule(final.Name); final.IsFor(one, t.Guard) && !old.StillDenies(one, t.Guard, final) {
			return final.Name
		}
	}
	return ""
}

// Change is one step of a plan: the rule is written, or the name is removed.
type Change struct {
	Put    *Rule
	Remove string
}

// Name is the name of the rule that the change concerns.
func (c Change) Name() string {
	if c.Put != nil {
		return c.Put.Name
	}
	return c.Remove
}

// PublicEnds are where the DNAT rules of the grant let its holder in by the
// guard, as planned. One that has no place yet is left out.
func (p Plan) PublicEnds(installation, guard string, g jit.Grant) []jit.PublicEnd {
	var out []jit.PublicEnd
	for _, path := range g.Paths {
		if !resource.Same(path.Guard, guard) || path.Kind != jit.ByDNAT {
			continue
		}
		for _, want := range dnatRulesOf(installation, path, g) {
			if end, ok := p.FinalOf(want).PublicEnd(path.VM); ok {
				out = append(out, end)
			}
		}
	}
	return out
}
