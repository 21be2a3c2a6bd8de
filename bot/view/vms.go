package view

import (
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"jitbot/jit"
	"jitbot/jit/lookup"
	"jitbot/jit/protection"
	"jitbot/jit/text"
)

// VMs is the answer to /jit vms; more says that there may be others.
func VMs(lines []lookup.ListedVM, text string, more bool) Message {
	narrow := "There may be more; narrow it: `/jit vms web`, `/jit vms tag:env=prod`."
	if len(lines) == 0 {
		none := "There is no VM that you may see."
		if text != "" {
			none = "There is no VM that you may see with " + Code(text) + " in its name, group or tags."
		}
		if more {
			none += "\n" + narrow
		}
		return Say(none + "\nYou see VMs that you may read in Azure; name one in `/jit request` to ask for access.")
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

// vmLine is a VM of a list: whether it is protected, what may be asked for, who is in
// now and who was last.
func vmLine(l lookup.ListedVM) string {
	sign := "🔓"
	if l.Protected == protection.Protected {
		sign = "🔒"
	}
	lines := []string{sign + " *" + vmName(l.VM.Group, l.VM.Name, l.VM.Production()) + "*: " + protectionText(l)}
	switch who := inNow(l); {
	case who != "":
		lines = append(lines, who)
	case !l.Last.At.IsZero():
		lines = append(lines, "Nobody is in. Last: "+mentionUser(l.Last.By.ID)+", opened "+WhenDay(l.Last.At)+".")
	default:
		lines = append(lines, "Nobody is in, and nobody is known to have been.")
	}
	if len(l.Offer.Ports) == 0 {
		lines = append(lines, "No policy offers a port of it.")
	} else {
		lines = append(lines, "Ask for "+offersText(l.Offer)+".")
	}
	return joinLines(lines...)
}

// inNow says for whom the VM is open, and until when.
func inNow(l lookup.ListedVM) string {
	var all []string
	for i, g := range l.Open {
		if i == maxOthers {
			all = append(all, fmt.Sprintf("%d more", len(l.Open)-maxOthers))
			break
		}
		all = append(all, mentionUser(g.Request.By.ID)+" ("+portWords(g.Request.Ports)+") until "+When(g.Clock.Deadline))
	}
	if len(all) == 0 {
		return ""
	}
	return "In now: " + text.Join(all) + "."
}

// offersText is what may be asked for: ports that are offered alike together.
func offersText(o lookup.Offer) string {
	var terms []string
	by := map[string][]jit.Ports{}
	for _, pp := range o.Ports {
		term := " up to " + span(pp.Longest) + ", from " + AcceptedSources(pp, o.Widest)
		if by[term] == nil {
			terms = append(terms, term)
		}
		by[term] = append(by[term], pp.Ports)
	}
	var all []string
	for i, term := range terms {
		if i == maxTargets {
			all = append(all, fmt.Sprintf("and %d more", len(terms)-maxTargets))
			break
		}
		all = append(all, portWords(by[term])+term)
	}
	return strings.Join(all, "; ")
}

func protectionText(l lookup.ListedVM) string {
	words := map[protection.State]string{
		protection.Protecting: "being protected", protection.Protected: "protected",
		protection.Unprotecting: "being unprotected", "": "not protected",
	}[l.Protected]
	if l.Always && l.Protected != protection.Unprotecting {
		words += ", always by the configuration"
	}
	words += "."
	if l.Fault != "" {
		words += " ⚠️ " + Sentence(Clip(l.Fault, 300))
	}
	return words
}
