package rules

import (
	"slices"
	"strings"
	"time"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/protection"
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

// Missing names a rule of the grant that the guard does not hold as the plan wants it, or
// as it may stand while it is being rewritten; empty when it holds all of them.
func (p Plan) Missing(installation string, t Table, g jit.Grant) string {
	for _, want := range ForGrant(installation, t.Guard, g) {
		if old, _ := t.Rule(want.Name); (old.Failed || !old.Equal(p.FinalOf(want))) && !p.StandsAsBefore(installation, t, g, want.Name) {
			return want.Name
		}
	}
	return ""
}

// StandsAsBefore reports whether what the rule of the grant is to replace stands in the guard
// as before the extension or move that is under way: the rule of the name, or, where it had
// none then, all that it has no more.
func (p Plan) StandsAsBefore(installation string, t Table, g jit.Grant, name string) bool {
	wanted := ForGrant(installation, t.Guard, g)
	return slices.ContainsFunc(g.Forms()[1:], func(form jit.Grant) bool {
		before := ForGrant(installation, t.Guard, form)
		if was, found := findRule(before, name); found {
			return p.stands(t, was)
		}
		replaced := slices.DeleteFunc(before, func(r Rule) bool { return named(wanted, r.Name) })
		return len(replaced) > 0 && all(replaced, func(r Rule) bool { return p.stands(t, r) })
	})
}

// stands reports whether the guard has the rule, where the plan has that of its name, or where
// it is.
func (p Plan) stands(t Table, was Rule) bool {
	old, found := t.Rule(was.Name)
	place, planned := findRule(p.Final, was.Name)
	if !planned {
		place = old
	}
	was.Priority = place.Priority
	if was.To.IsValid() {
		was.Destinations, was.Ports = place.Destinations, place.Ports
	}
	return found && !old.Failed && old.Equal(was)
}

// WhyNotInForce is nil when every rule of the grant was read back in force, else what
// stands in the way; failed are the changes that failed, by rule name.
func (p Plan) WhyNotInForce(installation string, after Table, guard string, failed map[string]error, g jit.Grant) error {
	for _, want := range ForGrant(installation, guard, g) {
		if err := failed[want.Name]; err != nil {
			return err
		}
		ok, err := after.InForce(p.FinalOf(want))
		if err != nil {
			return err
		}
		if !ok {
			return ErrNotYet
		}
	}
	return nil
}

// MissingDeny names a deny of the protection, one of those at the guard, that the guard
// does not hold as the plan wants it; empty when it holds all of them.
func (p Plan) MissingDeny(installation string, t Table, all []protection.Protection, one protection.Protection) string {
	for _, want := range ForProtections(installation, t.Guard, all) {
		final := p.FinalOf(want)
		if old, _ := t.Rule(final.Name); final.IsFor(one, t.Guard) && !old.StillDenies(one, t.Guard, final) {
			return final.Name
		}
	}
	return ""
}

// Removes reports whether something is to be removed.
func (p Plan) Removes() bool {
	return slices.ContainsFunc(p.Changes, func(c Change) bool { return c.Remove != "" })
}

// WhyUnremoved is why a removal failed, of what failed by rule name. What could not be
// read back waits for as long as Azure asks, a removal does not.
func (p Plan) WhyUnremoved(failed map[string]error) error {
	for _, c := range p.Changes {
		if err := failed[c.Remove]; c.Remove != "" && err != nil {
			return err
		}
	}
	return nil
}

// WithoutAllows is the plan without the allows that it would write, and names them. One
// that is there and not as it should be is removed, unless that is how one of the grants, which
// may stand now, had it before it was being rewritten.
func (p Plan) WithoutAllows(installation string, t Table, grants []jit.Grant, now time.Time) (next Plan, withheld []string) {
	before := func(name string) bool {
		return slices.ContainsFunc(grants, func(g jit.Grant) bool {
			return g.MayStandAt(now) && slices.ContainsFunc(g.Forms()[1:], func(form jit.Grant) bool {
				was, found := findRule(ForGrant(installation, t.Guard, form), name)
				return found && p.stands(t, was)
			})
		})
	}
	changes := p.Changes
	p.Changes = nil
	for _, c := range changes {
		if c.Put == nil && before(c.Remove) {
			continue
		}
		if c.Put != nil && c.Put.Allow {
			withheld = append(withheld, c.Put.Name)
			if !t.Has(c.Put.Name) || before(c.Put.Name) {
				continue
			}
			c.Remove, c.Put = c.Put.Name, nil
		}
		p.Changes = append(p.Changes, c)
	}
	return p, withheld
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
func (p Plan) PublicEnds(installation, guard string, g jit.Grant) []guardpath.PublicEnd {
	var out []guardpath.PublicEnd
	for _, path := range g.Paths {
		if !resource.Same(path.Guard, guard) || path.Kind != guardpath.ByDNAT {
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
