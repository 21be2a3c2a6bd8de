package rules

import (
	"regexp"

	"jitbot/jit"
)

const (
	maxRuleName        = 80  // characters: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
	maxRuleDescription = 140 // characters, Azure says SecurityRuleDescriptionTooLong beyond
)

var (
	installationPattern = regexp.MustCompile(`^[a-z0-9]{1,16}$`)
	rulePattern         = regexp.MustCompile(`^jitbot-([a-z0-9]{1,16})-(deny|g-[a-z0-9]{5})-([a-z0-9-]{1,60})$`)
)

// ValidInstallation reports whether the name may stand in rule names.
func ValidInstallation(name string) bool { return installationPattern.MatchString(name) }

// RuleName is a rule's name taken apart.
type RuleName struct {
	Installation string
	Grant        jit.ID // empty for a deny
	Suffix       string
}

// String puts the name together.
func (n RuleName) String() string {
	middle := string(n.Grant)
	if middle == "" {
		middle = "deny"
	}
	return "jitbot-" + n.Installation + "-" + middle + "-" + n.Suffix
}

// ParseRuleName takes a name apart; only a whole name of our form is ours.
func ParseRuleName(name string) (RuleName, bool) {
	m := rulePattern.FindStringSubmatch(name)
	if m == nil || len(name) > maxRuleName {
		return RuleName{}, false
	}
	n := RuleName{Installation: m[1], Suffix: m[3]}
	if m[2] != "deny" {
		n.Grant = jit.ID(m[2])
	}
	if n.Grant != "" && !n.Grant.Valid() {
		return RuleName{}, false
	}
	return n, true
}
