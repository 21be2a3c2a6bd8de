package view

import (
	"strings"

	"jitbot/jit/lookup"
	"jitbot/jit/text"
)

// maxDifferences is how many of Azure's differences are shown.
const maxDifferences = 10

// Witness is what Azure says of the rules before a VM, and where that is something
// else than jitbot read.
func Witness(t lookup.Testimony) Message {
	return Say(strings.Join(append(witnessLines(t), flowLines(t)...), "\n"))
}

func witnessLines(t lookup.Testimony) []string {
	if len(t.Groups) == 0 {
		return []string{vmName(t.VM.Group, t.VM.Name, false) + " has no network security group, so Azure has nothing to say of its rules."}
	}
	var names []string
	for _, g := range t.Groups {
		names = append(names, Code(g))
	}
	head := "Azure's own answer of " + When(t.At) + " about " + vmName(t.VM.Group, t.VM.Name, false) + ": "
	if len(t.Differences) == 0 {
		return []string{head + "what is in effect of " + text.Join(names) + " is what jitbot read."}
	}
	lines := []string{head + text.Count(len(t.Differences), "rule is", "rules are") + " in effect otherwise than jitbot read."}
	for i, d := range t.Differences {
		if i == maxDifferences {
			lines = append(lines, text.Count(len(t.Differences)-i, "more is not shown.", "more are not shown."))
			break
		}
		lines = append(lines, "• "+prose(Clip(d, 300)))
	}
	return lines
}

// flowLines are what Azure's IP flow verify says of one address; none where there is
// no address to ask about.
func flowLines(t lookup.Testimony) []string {
	f := t.Flow
	if f == nil {
		return nil
	}
	packet := "port " + f.Port.String() + " of " + Code(f.To.String()) + " from " + Code(f.From.String())
	if f.Missing != "" {
		return []string{"What becomes of a packet to " + packet + " was not asked: " + Sentence(f.Missing)}
	}
	verdict := map[bool]string{true: "lets it in", false: "keeps it out"}[f.Allow]
	by := ""
	if f.Rule != "" {
		by = " by the rule " + Code(f.Rule)
	}
	return []string{"Azure's IP flow verify of " + When(f.At) + " about a packet to " + packet + ": the network " + verdict + by +
		". It looks at network security groups and admin rules, not at firewalls."}
}
