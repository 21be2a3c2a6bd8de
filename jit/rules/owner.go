package rules

import (
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/policies"
	"jitbot/jit/protection"
)

// Owner is an installation with its bands of priorities. It decides which rules are
// ours: from a rule alone and, once it knows what the store says of a guard, from
// that too.
type Owner struct {
	Installation string
	Bands        policies.Bands
	stored       stored
}

// stored is what the store says of one guard.
type stored struct {
	guard       string
	grants      []jit.ID
	protections []protection.Protection
}

// Knowing is the owner at the guard with what the store says of it: a rule of one of
// the grants or protections is ours wherever somebody moved it, and whatever the
// bands were when it was written.
func (o Owner) Knowing(guard string, grants []jit.Grant, protections []protection.Protection) Owner {
	o.stored = stored{guard: guard, protections: slices.Clone(protections)}
	for _, g := range grants {
		o.stored.grants = append(o.stored.grants, g.ID)
	}
	for i := range o.stored.protections {
		if o.stored.protections[i].State == protection.Unprotecting {
			o.stored.protections[i].State = protection.Protected // what it ends is still its own
		}
	}
	return o
}

// Ours takes a rule's name apart when the rule is ours: the whole name parses and
// names our installation, and its priority lies in our bands, or its description
// names the same grant in our form, or the store knows its grant or protection.
func (o Owner) Ours(r Rule) (RuleName, bool) {
	n, named := o.named(r)
	if !named {
		return RuleName{}, false
	}
	ours := o.inBand(n, r.Priority) && n.String() == r.Name
	if !ours && n.Grant != "" {
		d, described := ParseDescription(r.Description)
		ours = described && d.Grant == n.Grant || slices.Contains(o.stored.grants, n.Grant)
	}
	if ours || n.Grant == "" && o.stored.explain(o.Installation, r) {
		return n, true
	}
	return RuleName{}, false
}

// named takes the name apart of a rule that has one of our installation's, in
// whatever case.
func (o Owner) named(r Rule) (RuleName, bool) {
	n, ok := ParseRuleName(strings.ToLower(r.Name))
	return n, ok && n.Installation == o.Installation
}

// explain reports whether a rule has the name of a protection's deny, or that of a
// deny which protections had before: it says what the rule does, and that shuts
// nothing else than they do.
func (s stored) explain(installation string, r Rule) bool {
	before := !r.Allow && r.namedByContent() && r.ExplainedBy(s.guard, s.protections)
	return before || s.has(installation, r.Name)
}

// has reports whether a deny of the protections has the name.
func (s stored) has(installation, name string) bool {
	return named(ForProtections(installation, s.guard, s.protections), name)
}

// inBand reports whether a rule of the name may have the priority.
func (o Owner) inBand(n RuleName, priority int) bool {
	if n.Grant != "" {
		return o.Bands.Allow.Contains(priority)
	}
	return o.Bands.DenyOverride.Contains(priority) || o.Bands.DenyRespect.Contains(priority)
}

// OutsideBands takes a rule's name apart when it is ours by its name alone: reported,
// never touched.
func (o Owner) OutsideBands(r Rule) (RuleName, bool) {
	n, ok := ParseRuleName(r.Name)
	_, ours := o.Ours(r)
	return n, ok && n.Installation == o.Installation && !ours
}

// bandOf is where a rule of the name belongs.
func (o Owner) bandOf(n RuleName) policies.Band {
	switch {
	case n.Grant != "":
		return o.Bands.Allow
	case strings.HasPrefix(n.Suffix, underSuffix):
		return o.Bands.DenyRespect
	default:
		return o.Bands.DenyOverride
	}
}
