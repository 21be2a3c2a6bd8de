package view

import (
	"strings"

	"jitbot/jit/access"
	"jitbot/jit/text"
)

// maxDifferences is how many of Azure's differences are shown.
const maxDifferences = 10

// Witness is what Azure says of the rules before a VM, and where that is something
// else than jitbot read.
func Witness(t access.Testimony) Message {
	if len(t.Groups) == 0 {
		return Say(vmName(t.VM.Group, t.VM.Name, false) + " has no network security group, so Azure has nothing to say of its rules.")
	}
	var names []string
	for _, g := range t.Groups {
		names = append(names, Code(g))
	}
	head := "Azure's own answer of " + When(t.At) + " about " + vmName(t.VM.Group, t.VM.Name, false) + ": "
	if len(t.Differences) == 0 {
		return Say(head + "what is in effect of " + text.Join(names) + " is what jitbot read.")
	}
	lines := []string{head + text.Count(len(t.Differences), "rule is", "rules are") + " in effect otherwise than jitbot read."}
	for i, d := range t.Differences {
		if i == maxDifferences {
			lines = append(lines, text.Count(len(t.Differences)-i, "more is not shown.", "more are not shown."))
			break
		}
		lines = append(lines, "• "+prose(Clip(d, 300)))
	}
	return Say(strings.Join(lines, "\n"))
}
