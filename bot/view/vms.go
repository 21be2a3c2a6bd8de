package view

import (
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"jitbot/jit"
	"jitbot/jit/access"
	"jitbot/jit/text"
)

// VMs is the answer to /jit vms; more says that there may be others.
func VMs(lines []access.ListedVM, text string, more bool) Message {
	narrow := "There may be more; narrow it with a part of a name, a group or a tag: `/jit vms web`, `/jit vms tag:env=prod`."
	if len(lines) == 0 {
		none := "There is no VM that you may see."
		if text != "" {
			none = "There is no VM that you may see with " + Code(text) + " in its name, group or tags."
		}
		if more {
			none += " " + narrow
		}
		return Say(none + " You see VMs that you may read in Azure; name one in /jit request to ask for access.")
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
	return Message{Text: shorten(strings.Join(texts, "\n"), maxText), Blocks: blocks}
}

func vmLine(l access.ListedVM) string {
	line := "*" + Code(l.VM.Group+"/"+l.VM.Name) + "*"
	if l.VM.Production() {
		line += " (production)"
	}
	line += ": " + protectionText(l) + "\n"
	if len(l.Offer.Ports) == 0 {
		return line + "No policy offers a port of it."
	}
	var all []string
	for i, pp := range l.Offer.Ports {
		if i == maxTargets {
			all = append(all, fmt.Sprintf("and %d more", len(l.Offer.Ports)-maxTargets))
			break
		}
		all = append(all, "port "+portName(pp.Ports)+" for "+text.Duration(pp.Longest)+" at most, from "+AcceptedSources(pp, l.Offer.Widest))
	}
	return line + "May be asked for: " + strings.Join(all, "; ") + "."
}

func protectionText(l access.ListedVM) string {
	words := map[jit.ProtectionState]string{
		jit.Protecting: "being protected", jit.Protected: "protected", jit.Unprotecting: "being unprotected", "": "not protected",
	}[l.Protected]
	if l.Always && l.Protected != jit.Unprotecting {
		words += ", always by the configuration"
	}
	words += "."
	if l.Fault != "" {
		words += " " + Sentence(Clip(l.Fault, 300))
	}
	return words
}
