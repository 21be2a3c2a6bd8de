package view

import (
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"jitbot/jit"
	"jitbot/jit/resource"
	"jitbot/jit/text"
)

// ActionWithout is ActionAgain, but for the VMs at which a request failed.
const ActionWithout = "ask_without"

// Of a request for several VMs, all are opened or none; what failed at some of them may
// be asked for without these.

// failed are the targets at which a grant of several VMs failed or was refused; none when
// that is so of all of them, or is not known.
func failed(g jit.Grant) []jit.Target {
	return slices.DeleteFunc(slices.Clone(g.Request.Targets), func(t jit.Target) bool { return !isFailed(g, t) })
}

func isFailed(g jit.Grant, t jit.Target) bool {
	return slices.ContainsFunc(g.Decision.VMs, func(id string) bool { return resource.Same(id, t.VM) })
}

// refusedNames are the VMs that a grant was refused for, all of them unless it is known
// better.
func refusedNames(g jit.Grant) string {
	if some := failed(g); len(some) > 0 {
		g.Request.Targets = some
	}
	return targetNames(g)
}

// takenBack says at which VMs a grant failed, and what became of the others; empty when
// it failed as a whole.
func takenBack(g jit.Grant) string {
	some := failed(g)
	if len(some) == 0 {
		return ""
	}
	rest := len(g.Request.Targets) - len(some)
	if g.State == jit.Refused {
		return "That is about " + refusedNames(g) + "; " + text.Plural(rest, "the other VM", "the others") + " may be asked for without."
	}
	return "It failed at " + refusedNames(g) + ", so " + text.Plural(rest, "the other VM is", "the others are") + " not opened either."
}

// eachVM is a line for each VM of a request for more than its heading names; nil when it
// names them all.
func eachVM(g jit.Grant) []string {
	if len(g.Request.Targets) <= maxTargets || !live(g) {
		return nil
	}
	var lines []string
	for _, t := range g.Request.Targets {
		lines = append(lines, "• "+vmName(t.Group, t.Name, t.Production))
	}
	return lines
}

// againButtons open the form with what was asked for: without the VMs at which it failed,
// where there are others, and with all.
func againButtons(g jit.Grant) []*slack.ButtonBlockElement {
	all := AgainButton("Ask again", AskOf(g))
	some := failed(g)
	if len(some) == 0 {
		return []*slack.ButtonBlockElement{all}
	}
	rest := g
	rest.Request.Targets = slices.DeleteFunc(slices.Clone(g.Request.Targets), func(t jit.Target) bool { return isFailed(g, t) })
	without := AgainButton("Ask without "+shortNames(some), AskOf(rest))
	without.ActionID = ActionWithout
	return []*slack.ButtonBlockElement{without, all}
}

// WithWithout is an answer about requests with a button for each that was refused for some
// of its VMs, to ask for the others.
func WithWithout(m Message, all ...jit.Grant) Message {
	for _, g := range all {
		if len(failed(g)) > 0 && len(m.Blocks) < maxBlocks {
			m.Blocks = append(m.Blocks, buttons(againButtons(g)[0])...)
		}
	}
	return m
}

// shortNames are the names of VMs as a button has room for them.
func shortNames(some []jit.Target) string {
	if len(some) == 1 {
		return clipMiddle(some[0].Name, 40)
	}
	return text.Count(len(some), "VM", "VMs")
}

// leftOut says which VMs of a tag are not asked for, and why; empty when there are none.
func leftOut(g jit.Grant) string {
	var lines []string
	for i, l := range g.Request.LeftOut {
		if i == maxWarnings {
			lines = append(lines, text.Count(len(g.Request.LeftOut)-i, "more VM is", "more VMs are")+" left out.")
			break
		}
		name := Code(l.Name) + ", "
		if strings.HasPrefix(l.Why, l.Name+" ") {
			name = ""
		}
		lines = append(lines, "Left out: "+name+prose(strings.TrimSuffix(l.Why, "."))+".")
	}
	return joinLines(lines...)
}
