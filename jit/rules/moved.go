package rules

import (
	"slices"
	"strings"
	"time"

	"jitbot/jit"
	"jitbot/jit/protection"
	"jitbot/jit/resource"
)

// Lists reports whether the guard is one of the tables'.
func Lists(tables []Table, guard string) bool {
	return slices.ContainsFunc(tables, func(t Table) bool { return resource.Same(t.Guard, guard) })
}

// MovedTo lists, in lower case, the guards among the tables that hold rules of the grant and that it
// does not name: a guard that was moved keeps its rules under another id. The name
// decides, whatever the priority.
func (o Owner) MovedTo(tables []Table, g jit.Grant) []string {
	return othersThan(g.Guards(), tables, func(r Rule) bool {
		n, ok := ParseRuleName(strings.ToLower(r.Name))
		return ok && n.Installation == o.Installation && n.Grant == g.ID
	})
}

// MovedProtection lists, in lower case, the guards among the tables that hold a deny of ours for what
// the protection had behind the guard, that have its name, and that the protection
// does not name.
func (o Owner) MovedProtection(tables []Table, p protection.Protection, guard string) []string {
	tables = slices.DeleteFunc(slices.Clone(tables), func(t Table) bool {
		return !resource.Same(resource.GuardName(t.Guard), resource.GuardName(guard))
	})
	return othersThan(p.Guards(), tables, func(r Rule) bool {
		n, ok := ParseRuleName(strings.ToLower(r.Name))
		return ok && n.Installation == o.Installation && n.Grant == "" && r.IsFor(p, guard)
	})
}

// WithoutMoved are the changes of the table but those that would take what grants and
// protections have in another guard, which may be this one moved: until they have
// followed, an allow of an access that may stand is left, and so is a deny that names an
// address of a VM that stays protected.
func WithoutMoved(changes []Change, t Table, from string, grants []jit.Grant, protections []protection.Protection, now time.Time) []Change {
	return slices.DeleteFunc(slices.Clone(changes), func(c Change) bool {
		old, found := t.Rule(c.Name())
		n, ok := ParseRuleName(strings.ToLower(c.Name()))
		switch {
		case !found || !ok:
			return false
		case n.Grant != "":
			return c.Put == nil && slices.ContainsFunc(grants, func(g jit.Grant) bool {
				return g.ID == n.Grant && g.MayStandAt(now) && !g.HasLeft(from)
			})
		}
		return slices.ContainsFunc(old.Destinations, func(d string) bool {
			one := Rule{Destinations: []string{d}}
			kept := c.Put != nil && slices.Contains(normalWords(c.Put.Destinations), normalWords(one.Destinations)[0])
			return !kept && slices.ContainsFunc(protections, func(p protection.Protection) bool {
				return p.State != protection.Unprotecting && !p.HasLeft(from) && one.IsFor(p, from)
			})
		})
	})
}

// othersThan lists the guards of the tables that have such a rule, but those named.
func othersThan(named []string, tables []Table, holds func(Rule) bool) []string {
	var out []string
	for _, t := range tables {
		if !slices.Contains(named, strings.ToLower(t.Guard)) && slices.ContainsFunc(t.Rules, holds) {
			out = append(out, strings.ToLower(t.Guard))
		}
	}
	return out
}
