package rules

import (
	"fmt"
	"slices"
	"strings"
)

// Differences says where the rules that Azure calls in effect are others than those
// that were read of the group, for what comes in: a sentence each. Members of
// application security groups are not compared, since Azure names their addresses.
func (t Table) Differences(effective Table) []string {
	var out []string
	written := inbound(slices.Concat(t.Rules, t.Defaults))
	ineffect := inbound(slices.Concat(effective.Rules, effective.Defaults))
	for _, r := range written {
		switch e, found := findRule(ineffect, r.Name); {
		case !found:
			out = append(out, fmt.Sprintf("Rule %s (priority %d) of %s is written and not in effect.", r.Name, r.Priority, t.Name))
		case !r.sameEffect(e):
			out = append(out, fmt.Sprintf("Rule %s (priority %d) of %s is in effect in another form than it is written, with priority %d.",
				r.Name, r.Priority, t.Name, e.Priority))
		}
	}
	for _, e := range ineffect {
		if _, found := findRule(written, e.Name); !found {
			out = append(out, fmt.Sprintf("Rule %s (priority %d) of %s is in effect and was not read.", e.Name, e.Priority, t.Name))
		}
	}
	return out
}

func inbound(all []Rule) []Rule {
	return slices.DeleteFunc(all, func(r Rule) bool { return !r.Inbound })
}

// sameEffect reports whether both decide the same, as far as their addresses are
// written in both.
func (r Rule) sameEffect(e Rule) bool {
	sameAddresses := func(words, groups, effective []string) bool {
		return len(groups) > 0 || slices.Equal(effectiveWords(words), effectiveWords(effective))
	}
	samePorts := func(a, b []string) bool { return slices.Equal(effectivePorts(a), effectivePorts(b)) }
	return r.Priority == e.Priority && r.Allow == e.Allow && r.Protocol == e.Protocol &&
		samePorts(r.Ports, e.Ports) && samePorts(r.SourcePorts, e.SourcePorts) &&
		sameAddresses(r.Sources, r.SourceGroups, e.Sources) && sameAddresses(r.Destinations, r.Groups, e.Destinations)
}

// effectiveWords are words as the effective rules have them: everything is 0.0.0.0/0.
func effectiveWords(words []string) []string {
	out := normalWords(words)
	for i, w := range out {
		if w == "*" || w == "::/0" {
			out[i] = "0.0.0.0/0"
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// effectivePorts are ranges as the effective rules have them: 22 is 22-22.
func effectivePorts(ports []string) []string {
	out := slices.Clone(ports)
	for i, p := range out {
		switch {
		case p == "*":
			out[i] = "0-65535"
		case !strings.Contains(p, "-"):
			out[i] = p + "-" + p
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
