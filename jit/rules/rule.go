package rules

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"jitbot/jit"
	"jitbot/jit/ipset"
)

// Rule is one security rule as Azure keeps it. The fields carry Azure's words
// so that what is not understood is still seen; nothing is dropped.
type Rule struct {
	Name         string       `json:"name"`
	Priority     int          `json:"priority"`
	Inbound      bool         `json:"inbound"`
	Allow        bool         `json:"allow"`
	Protocol     jit.Protocol `json:"protocol"`     // lower case: tcp, udp, icmp, esp, ah or *
	Sources      []string     `json:"sources"`      // addresses, prefixes, tags or *
	SourcePorts  []string     `json:"source_ports"` // "*", "22", "8000-8010"
	Destinations []string     `json:"destinations"`
	Ports        []string     `json:"ports"`
	SourceGroups []string     `json:"source_groups,omitempty"` // application security groups, resource ids
	Groups       []string     `json:"groups,omitempty"`        // application security groups as destination
	// To is where a firewall's DNAT rule leads; Destinations and Ports are then
	// its public side. Not valid for every other rule.
	To          netip.AddrPort `json:"to,omitzero"`
	Description string         `json:"description,omitempty"`
	Settled     bool           `json:"-"` // Azure's provisioningState is Succeeded
	Failed      bool           `json:"-"` // Azure's provisioningState is Failed: what it shows may not be in force
}

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
	Settled     bool         // Azure has finished every change: provisioningState is Succeeded
	Whole       bool         // it is changed by writes of the whole: what it shows is in force only once it is settled
	Failed      bool         // where Whole: the last change failed, so what is shown may not be in force
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

const (
	maxRuleName        = 80  // characters: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
	maxRuleDescription = 140 // characters, Azure says SecurityRuleDescriptionTooLong beyond
)

var (
	installationPattern = regexp.MustCompile(`^[a-z0-9]{1,16}$`)
	rulePattern         = regexp.MustCompile(`^jitbot-([a-z0-9]{1,16})-(deny|g-[` + jit.IDAlphabet + `]{5})-([a-z0-9-]{1,60})$`)
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
	return n, true
}

// Description is what an allow rule says of itself, so that a sweep without
// the store knows when to close it.
type Description struct {
	Grant jit.ID
	User  jit.UserID
	Until time.Time
	Name  string // Entra name, cut to fit
}

const descriptionTime = "2006-01-02T15:04:05Z"

// String is at most 140 characters.
func (d Description) String() string {
	s := fmt.Sprintf("jitbot %s %s until %s", d.Grant, d.User, d.Until.UTC().Format(descriptionTime))
	if d.Name == "" {
		return s
	}
	s += "; " + d.Name
	for utf8.RuneCountInString(s) > maxRuleDescription {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}

var descriptionPattern = regexp.MustCompile(`^jitbot (g-[` + jit.IDAlphabet + `]{5}) (\S{1,64}) until (\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z)(?:; (.*))?$`)

// ParseDescription reads what an allow rule says of itself.
func ParseDescription(s string) (Description, bool) {
	m := descriptionPattern.FindStringSubmatch(s)
	if m == nil {
		return Description{}, false
	}
	until, err := time.Parse(descriptionTime, m[3])
	if err != nil {
		return Description{}, false
	}
	return Description{Grant: jit.ID(m[1]), User: jit.UserID(m[2]), Until: until, Name: m[4]}, true
}

// Equal reports whether two rules mean the same to Azure: order within lists,
// case of words and the spelling of a host address do not count. Settled is
// not compared.
func (r Rule) Equal(o Rule) bool {
	return strings.EqualFold(r.Name, o.Name) && r.Priority == o.Priority &&
		r.Inbound == o.Inbound && r.Allow == o.Allow && r.Protocol == o.Protocol &&
		r.Description == o.Description &&
		sameWords(r.Sources, o.Sources) && sameWords(r.SourcePorts, o.SourcePorts) &&
		sameWords(r.Destinations, o.Destinations) && sameWords(r.Ports, o.Ports) &&
		sameWords(r.SourceGroups, o.SourceGroups) && sameWords(r.Groups, o.Groups) && r.To == o.To
}

func sameWords(a, b []string) bool {
	return slices.Equal(normalWords(a), normalWords(b))
}

func normalWords(words []string) []string {
	out := make([]string, 0, len(words))
	for _, w := range words {
		if p, ok := ipset.ParsePrefix(w); ok {
			out = append(out, p.String())
			continue
		}
		out = append(out, strings.ToLower(w))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Rule finds the rule of the name, whose case does not count in Azure.
func (t Table) Rule(name string) (Rule, bool) { return findRule(t.Rules, name) }
