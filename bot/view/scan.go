package view

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"jitbot/bot/command"
	"jitbot/jit"
	"jitbot/jit/reach"
	"jitbot/jit/resource"
	"jitbot/jit/text"
)

const maxScanned = 15 // VMs on a page that have a line, two blocks each

// Scan is a page of the answer to /jit scan; more says that there may be
// other VMs.
func Scan(all []reach.Finding, more bool, f command.ScanFilter) Message {
	head := "*" + text.Count(len(all), "VM that you may see: ", "VMs that you may see: ") + tally(all) + "*"
	if more {
		head += "\nThere may be more: not every VM could be looked at for you."
	}
	shown := slices.DeleteFunc(slices.Clone(all), func(x reach.Finding) bool { return !matchesFilter(f, x) })
	if f.Class != "" || f.Text != "" {
		head += "\n" + filterWords(f, len(shown))
	}
	first, next := f.Offset == 0, min(f.Offset, len(shown))
	blocks, texts := []slack.Block{paragraph(head)}, []string{head}
	well := slices.DeleteFunc(slices.Clone(shown), needsLook)
	shown = slices.DeleteFunc(shown, func(x reach.Finding) bool { return !needsLook(x) })
	size := 0
	for next = min(next, len(shown)); next < len(shown) && next < f.Offset+maxScanned && size <= maxListText; next++ {
		line := scanLine(shown[next])
		size += len(line)
		blocks, texts = append(blocks, paragraph(line)), append(texts, oneLine(line))
		blocks = append(blocks, scanButtons(shown[next])...)
	}
	if line := wellLine(well); line != "" && first {
		blocks, texts = append(blocks, paragraph(line)), append(texts, oneLine(line))
	}
	if left := len(shown) - next; left > 0 {
		f.Offset = next
		blocks = append(blocks, buttons(nextButton(f, left))...)
		texts = append(texts, text.Count(left, "more VM.", "more VMs."))
	}
	if len(shown) > 0 {
		blocks, texts = append(blocks, footnote(scanMore)), append(texts, scanMore)
	}
	return Message{Text: shorten(strings.Join(texts, "\n"), maxText), Blocks: blocks}
}

const scanMore = "All of one: `/jit explain <vm>`."

// needsLook reports whether a VM has a line of its own: it is not healthy, or
// something is open there all the same.
func needsLook(x reach.Finding) bool {
	return x.Posture.Class != reach.ClassHealthy || len(x.Posture.StillOpen) > len(x.Posture.ByPolicy)
}

const maxWell = 60 // VMs that are well and named

// wellLine names the VMs that are well.
func wellLine(all []reach.Finding) string {
	if len(all) == 0 {
		return ""
	}
	var names []string
	for i, x := range all {
		if i == maxWell {
			names = append(names, fmt.Sprintf("%d more", len(all)-maxWell))
			break
		}
		names = append(names, Code(x.VM.Name))
	}
	return shorten("🔒 *Healthy:* "+text.Join(names)+".", maxSection)
}

// tally counts the classes.
func tally(all []reach.Finding) string {
	count := map[reach.Class]int{}
	for _, f := range all {
		count[f.Posture.Class]++
	}
	return fmt.Sprintf("%d unhealthy, %d not applicable, %d healthy",
		count[reach.ClassUnhealthy], count[reach.ClassNotApplicable], count[reach.ClassHealthy])
}

// matchesFilter reports whether the filter lets a VM be shown.
func matchesFilter(f command.ScanFilter, x reach.Finding) bool {
	return (f.Class == "" || f.Class == x.Posture.Class) && x.VM.Mentions(strings.ToLower(f.Text))
}

// filterWords say what was filtered by, and what came of it.
func filterWords(f command.ScanFilter, n int) string {
	what := "Of these " + text.Count(n, "is", "are")
	if f.Class != "" {
		what += " " + strings.ToLower(string(f.Class))
	}
	if f.Text != "" {
		what += " with " + Code(f.Text) + " in name, group or tags"
	}
	return what + "."
}

// scanLine says how a VM stands that is not well, and by which rule.
func scanLine(x reach.Finding) string {
	p := x.Posture
	is := map[reach.Class]string{
		reach.ClassUnhealthy:     "🔓 *Unhealthy:* ",
		reach.ClassNotApplicable: "❔ *Not applicable:* ",
		reach.ClassHealthy:       "⚠️ *Healthy, yet open:* ",
	}[p.Class]
	line := is + vmName(x.VM.Group, x.VM.Name, x.VM.Production()) + ": "
	switch {
	case len(p.Rules) > 0:
		line += openedBy(p) + "."
	case p.Class == reach.ClassHealthy:
		line += prose(Clip(noYet(p.StillOpen[0]), 200))
	default:
		line += prose(Clip(p.Why, 200))
	}
	if power := x.VM.Power; p.Class == reach.ClassUnhealthy && power != "" && power != "running" {
		line += " It is " + Code(power) + " now."
	}
	return line
}

// openedBy names the widest rule that opens the VM, and counts the others.
func openedBy(p reach.Posture) string {
	first := p.Rules[0]
	line := "rule " + Code(first.Rule) + " of " + Code(resource.GuardName(first.Guard)) + " lets in " + escape(first.Breadth.Words)
	if more := len(p.Rules) - 1; more > 0 {
		line += ", and " + text.Count(more, "more rule", "more rules")
	}
	return line
}

func scanButtons(x reach.Finding) []slack.Block {
	if x.Posture.Class != reach.ClassUnhealthy || !x.Admin {
		return nil
	}
	b := button(ActionProtect, jit.ID(x.VM.Group+"/"+x.VM.Name), "Protect", "Protect "+x.VM.Name+" in "+x.VM.Group)
	return buttons(b)
}

func nextButton(f command.ScanFilter, left int) *slack.ButtonBlockElement {
	words := fmt.Sprintf("Next %d of %d", min(left, maxScanned), left)
	return button(ActionScanNext, jit.ID(packed(f)), words, "Show the next VMs of the scan")
}
