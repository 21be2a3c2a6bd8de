package view

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"jitbot/bot/command"
	"jitbot/jit"
	"jitbot/jit/reach"
	"jitbot/jit/text"
)

const (
	maxScanned   = 15 // VMs on a page, two blocks each
	maxScanNotes = 3  // said of one VM
)

// Scan is a page of the answer to /jit scan; more says that there may be
// other VMs.
func Scan(all []reach.Finding, more bool, f command.ScanFilter) Message {
	head := "*Scan*: " + text.Count(len(all), "VM that you may see: ", "VMs that you may see: ") + tally(all) + "."
	if more {
		head += " There may be more: not every VM could be looked at for you."
	}
	shown := slices.DeleteFunc(slices.Clone(all), func(x reach.Finding) bool { return !matchesFilter(f, x) })
	if f.Class != "" || f.Text != "" {
		head += " " + filterWords(f, len(shown))
	}
	blocks, texts := []slack.Block{paragraph(head)}, []string{head}
	size, next := 0, min(f.Offset, len(shown))
	for ; next < len(shown) && next < f.Offset+maxScanned && size <= maxListText; next++ {
		line := scanLine(shown[next])
		size += len(line)
		blocks, texts = append(blocks, paragraph(line)), append(texts, oneLine(line))
		blocks = append(blocks, scanButtons(shown[next])...)
	}
	if left := len(shown) - next; left > 0 {
		f.Offset = next
		blocks = append(blocks, buttons(nextButton(f, left))...)
		texts = append(texts, text.Count(left, "more VM.", "more VMs."))
	}
	return Message{Text: shorten(strings.Join(texts, "\n"), maxText), Blocks: blocks}
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

func scanLine(x reach.Finding) string {
	p := x.Posture
	line := "*" + Code(x.VM.Group+"/"+x.VM.Name) + "*"
	if x.VM.Production() {
		line += " (production)"
	}
	lines := []string{line + ": *" + string(p.Class) + "*. " + prose(Clip(p.Why, 400))}
	for i, note := range slices.Concat(p.StillOpen, p.Notes, p.Defaults) {
		if i == maxScanNotes {
			lines = append(lines, "There is more: "+Code("/jit explain "+x.VM.Group+"/"+x.VM.Name))
			break
		}
		lines = append(lines, prose(Clip(note, 300)))
	}
	return strings.Join(lines, "\n")
}

func scanButtons(x reach.Finding) []slack.Block {
	if x.Posture.Class != reach.ClassUnhealthy || !x.Admin {
		return nil
	}
	vm := x.VM.Group + "/" + x.VM.Name
	return buttons(button(ActionProtect, jit.ID(vm), "Protect", "Protect "+vm))
}

func nextButton(f command.ScanFilter, left int) *slack.ButtonBlockElement {
	value, err := json.Marshal(f)
	if err != nil {
		value = []byte("{}") // it is made of texts and a number
	}
	words := fmt.Sprintf("Next %d of %d", min(left, maxScanned), left)
	return button(ActionScanNext, jit.ID(value), words, "Show the next VMs of the scan")
}
