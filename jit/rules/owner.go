package rules

import (
	"strings"

	"jitbot/jit"
)

// Owner is an installation with its bands of priorities. It decides from a rule
// alone whether it is ours.
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

// inBand reports whether a rule of the name may have the priority.
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

// bandOf is where a rule of the name belongs.
func (o Owner) bandOf(n RuleName) jit.Band {
	switch {
	case n.Grant != "":
		return o.Bands.Allow
	case strings.HasPrefix(n.Suffix, underSuffix):
		return o.Bands.DenyRespect
	default:
		return o.Bands.DenyOverride
	}
}
