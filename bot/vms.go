package bot

import (
	"context"
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"jitbot/jit"
)

// vms answers /jit vms. It changes nothing, so it is not stored.
func (b *Bot) vms(ctx context.Context, l typedLine, text string) {
	defer b.recovered(ctx, l.reply())
	work, cancel := context.WithTimeout(ctx, listWithin)
	defer cancel()
	err := b.Service.Known(work, l.User)
	var lines []jit.VMLine
	var more bool
	if err == nil {
		lines, more, err = b.Service.VMs(work, l.User, text, maxListed)
	}
	if err != nil {
		b.answer(ctx, l.reply(), b.trouble(ctx, "a list of VMs", l.User, "", err))
		return
	}
	b.answer(ctx, l.reply(), VMList(lines, text, more))
}

// VMList is the answer to /jit vms; more says that there may be others.
func VMList(lines []jit.VMLine, text string, more bool) Screen {
	narrow := "There may be more; narrow it with a part of a name, a group or a tag: `/jit vms web`, `/jit vms tag:env=prod`."
	if len(lines) == 0 {
		none := "There is no VM that you may see."
		if text != "" {
			none = "There is no VM that you may see with " + code(text) + " in its name, group or tags."
		}
		if more {
			none += " " + narrow
		}
		return say(none + " You see VMs that you may read in Azure; name one in /jit request to ask for access.")
	}
	var blocks []slack.Block
	var texts []string
	for _, l := range lines {
		line := vmLine(l)
		blocks, texts = append(blocks, paragraph(line)), append(texts, oneLine(line))
	}
	if more {
		blocks, texts = append(blocks, footnote(narrow)), append(texts, narrow)
	}
	return Screen{Text: shorten(strings.Join(texts, "\n"), maxText), Blocks: blocks}
}

func vmLine(l jit.VMLine) string {
	line := "*" + code(l.VM.Group+"/"+l.VM.Name) + "*"
	if l.VM.Production() {
		line += " (production)"
	}
	line += ": " + lockWords(l) + "\n"
	if len(l.Offer.Ports) == 0 {
		return line + "No policy offers a port of it."
	}
	var all []string
	for i, pp := range l.Offer.Ports {
		if i == maxTargets {
			all = append(all, fmt.Sprintf("and %d more", len(l.Offer.Ports)-maxTargets))
			break
		}
		all = append(all, "port "+portName(pp.Ports)+" for "+jit.ShortDuration(pp.Longest)+" at most, from "+accepted(pp, l.Offer.Widest))
	}
	return line + "May be asked for: " + strings.Join(all, "; ") + "."
}

func lockWords(l jit.VMLine) string {
	words := map[jit.LockState]string{
		jit.Locking: "being protected", jit.Locked: "protected", jit.Unlocking: "being unprotected", "": "not protected",
	}[l.Protected]
	if l.Always && l.Protected != jit.Unlocking {
		words += ", always by the configuration"
	}
	words += "."
	if l.Fault != "" {
		words += " " + fullStop(clip(l.Fault, 300))
	}
	return words
}
