package rules

import (
	"slices"
	"strings"
)

// Table is what a guard holds: ours, and everybody else's. Of a firewall it
// holds the network and DNAT rules, each with the priority of its collection,
// or of its group in a policy; a parent policy's rules come before all others
// and have priority 0. Names of rules in other people's collections begin with
// the collection's.
type Table struct {
	Guard       string // resource id as Azure writes it
	Name        string
	Rules       []Rule
	Defaults    []Rule       // Azure's default rules, priorities 65000 and up
	Collections []Collection // of a firewall: what holds its priorities
	Settled     bool         // Azure has finished every change: what it does not show is not in force
	Failed      bool         // the last change failed: what is shown may not be in force, nor what is not shown be gone

	// Drafted says that the firewall policy, or our group in it, has a draft, which takes
	// its place when it is deployed; DraftUnread that this is not known.
	Drafted, DraftUnread bool
}

// DraftNote says what a draft of the firewall policy means, or that it is not known
// whether there is one; empty when there is none.
func (t Table) DraftNote() string {
	switch {
	case t.Drafted:
		return "The firewall policy " + t.Name + " has a draft: deployed, it puts the policy back as it was when the draft was made, " +
			"without what was opened since and with what was closed since, until jitbot has mended that. Have the draft deleted, " +
			"or made anew before it is deployed."
	case t.DraftUnread:
		return "Whether the firewall policy " + t.Name + " has a draft, which would bring back what was closed once it is deployed, " +
			"could not be read."
	default:
		return ""
	}
}

// Rule finds the rule of the name, whose case does not count in Azure.
func (t Table) Rule(name string) (Rule, bool) { return findRule(t.Rules, name) }

// Has reports whether the guard holds a rule of the name, whose case does not
// count in Azure.
func (t Table) Has(name string) bool { return named(t.Rules, name) }

// named reports whether one of the rules has the name.
func named(rules []Rule, name string) bool {
	_, found := findRule(rules, name)
	return found
}

// findRule finds a rule by its name, whose case does not count in Azure.
func findRule(rules []Rule, name string) (Rule, bool) {
	i := slices.IndexFunc(rules, func(r Rule) bool { return strings.EqualFold(r.Name, name) })
	if i < 0 {
		return Rule{}, false
	}
	return rules[i], true
}
