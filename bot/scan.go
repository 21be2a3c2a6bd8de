package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"jitbot/jit"
)

// The buttons of a scan. The value of one is a VM, of the other where the next
// page begins.
const (
	actionProtect  = "protect_vm"
	actionScanNext = "scan_next"
)

const (
	maxScanned   = 15 // VMs on a page, two blocks each
	maxScanNotes = 3  // said of one VM
	scanWithin   = time.Minute
)

// ScanFilter is what of a scan is shown.
type ScanFilter struct {
	Class  jit.Class `json:"c,omitempty"` // empty for all
	Text   string    `json:"t,omitempty"` // in the name, group or tags
	Offset int       `json:"o,omitempty"` // of those, how many came before
}

// parseScan reads the words after scan: a class, and what to search for.
func parseScan(words []string) Command {
	classes := map[string]jit.Class{
		"unhealthy": jit.ClassUnhealthy, "healthy": jit.ClassHealthy, "na": jit.ClassNotApplicable, "n/a": jit.ClassNotApplicable,
	}
	c := Command{Verb: VerbScan}
	var text []string
	for _, word := range words {
		if class, ok := classes[strings.ToLower(bare(word))]; ok && c.Scan.Class == "" {
			c.Scan.Class = class
			continue
		}
		text = append(text, word)
	}
	c.Scan.Text = searchText(text)
	return c
}

// maxSearch is the most characters of what is searched for.
const maxSearch = 120

// searchText is what to search for, from the words that are left of a line.
func searchText(words []string) string {
	text := unquoted(strings.Join(words, " "))
	if r := []rune(text); len(r) > maxSearch {
		return string(r[:maxSearch-1]) + "…"
	}
	return text
}

// scan answers /jit scan and its pages. It changes nothing, so it is not
// stored.
func (b *Bot) scan(ctx context.Context, to reply, f ScanFilter) {
	defer b.recovered(ctx, to)
	work, cancel := context.WithTimeout(ctx, scanWithin)
	defer cancel()
	err := b.Service.Known(work, to.user)
	var findings []jit.Finding
	var more bool
	if err == nil {
		findings, more, err = b.Service.Scan(work, to.user)
	}
	if err != nil {
		b.answer(ctx, to, b.trouble(ctx, "a scan", to.user, "", err))
		return
	}
	b.answer(ctx, to, ScanPage(findings, more, f))
}

// browse takes a press of a button of a scan: nothing is changed by it.
func (b *Bot) browse(i interaction) {
	var show func(context.Context)
	pool := &b.prompt
	switch a := i.Actions[0]; a.ID {
	case actionProtect:
		if checkVM(a.Value) != nil || a.Value == "" || len(a.Value) > maxInput {
			return
		}
		f := opening{to: replyTo(i), trigger: i.Trigger, typed: jit.Ask{VMs: []string{a.Value}}, protect: true}
		show = func(ctx context.Context) { b.openForm(ctx, f) }
	default:
		var f ScanFilter
		if json.Unmarshal([]byte(a.Value), &f) != nil || f.Offset < 0 || f.Text != jit.CleanText(f.Text) {
			b.tell(i, "This button is of no use any more; type /jit scan again.")
			return
		}
		pool, show = &b.screen, func(ctx context.Context) { b.scan(ctx, replyTo(i), f) }
	}
	if !pool.offer(show) {
		b.tell(i, crowded)
	}
}

// browses reports whether a button only shows something.
func browses(action string) bool { return action == actionProtect || action == actionScanNext }

// ScanPage is a page of the answer to /jit scan; more says that there may be
// other VMs.
func ScanPage(all []jit.Finding, more bool, f ScanFilter) Screen {
	head := "*Scan*: " + plural(len(all), "VM that you may see: ", "VMs that you may see: ") + tally(all) + "."
	if more {
		head += " There may be more: not every VM could be looked at for you."
	}
	shown := slices.DeleteFunc(slices.Clone(all), func(x jit.Finding) bool { return !shows(f, x) })
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
		texts = append(texts, plural(left, "more VM.", "more VMs."))
	}
	return Screen{Text: shorten(strings.Join(texts, "\n"), maxText), Blocks: blocks}
}

// tally counts the classes.
func tally(all []jit.Finding) string {
	count := map[jit.Class]int{}
	for _, f := range all {
		count[f.Posture.Class]++
	}
	return fmt.Sprintf("%d unhealthy, %d not applicable, %d healthy",
		count[jit.ClassUnhealthy], count[jit.ClassNotApplicable], count[jit.ClassHealthy])
}

// shows reports whether the filter lets a VM be shown.
func shows(f ScanFilter, x jit.Finding) bool {
	return (f.Class == "" || f.Class == x.Posture.Class) && x.VM.Mentions(strings.ToLower(f.Text))
}

// filterWords say what was filtered by, and what came of it.
func filterWords(f ScanFilter, n int) string {
	what := "Of these " + plural(n, "is", "are")
	if f.Class != "" {
		what += " " + strings.ToLower(string(f.Class))
	}
	if f.Text != "" {
		what += " with " + code(f.Text) + " in name, group or tags"
	}
	return what + "."
}

func scanLine(x jit.Finding) string {
	p := x.Posture
	line := "*" + code(x.VM.Group+"/"+x.VM.Name) + "*"
	if x.VM.Production() {
		line += " (production)"
	}
	lines := []string{line + ": *" + string(p.Class) + "*. " + prose(clip(p.Why, 400))}
	for i, note := range slices.Concat(p.Yet, p.Notes, p.Defaults) {
		if i == maxScanNotes {
			lines = append(lines, "There is more: "+code("/jit explain "+x.VM.Group+"/"+x.VM.Name))
			break
		}
		lines = append(lines, prose(clip(note, 300)))
	}
	return strings.Join(lines, "\n")
}

func scanButtons(x jit.Finding) []slack.Block {
	if x.Posture.Class != jit.ClassUnhealthy || !x.Admin {
		return nil
	}
	vm := x.VM.Group + "/" + x.VM.Name
	return buttons(button(actionProtect, jit.ID(vm), "Protect", "Protect "+vm))
}

func nextButton(f ScanFilter, left int) *slack.ButtonBlockElement {
	value, err := json.Marshal(f)
	if err != nil {
		value = []byte("{}") // it is made of texts and a number
	}
	words := fmt.Sprintf("Next %d of %d", min(left, maxScanned), left)
	return button(actionScanNext, jit.ID(value), words, "Show the next VMs of the scan")
}
