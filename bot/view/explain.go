package view

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"jitbot/jit"
	"jitbot/jit/access"
	"jitbot/jit/reach"
	"jitbot/jit/resource"
	"jitbot/jit/text"
)

// maxReasons is how many reasons of one verdict are shown.
const maxReasons = 3

// Explain is the answer to /jit explain.
func Explain(e access.Explanation) Message {
	lines := []string{explainHead(e)}
	for _, o := range e.Offers {
		lines = append(lines, offerText(o))
	}
	if !e.Policy || len(e.Offers) == 0 {
		lines = append(lines, "No policy offers a port of it, so nothing may be asked for; ask an admin for one under policies.")
	}
	lines = append(lines, pathText(e))
	var blocks []slack.Block
	size := 0
	for i, line := range lines {
		if size += len(line); size > maxListText || i == maxBlocks-2 { // and the button
			more := text.Count(len(lines)-i, "more paragraph is not shown.", "more paragraphs are not shown.")
			lines = append(lines[:i:i], more)
			blocks = append(blocks, footnote(more))
			break
		}
		blocks = append(blocks, paragraph(line))
	}
	if name := e.VM.Group + "/" + e.VM.Name; len(e.VM.Interfaces) > 0 && len(name) <= MaxInput && !strings.ContainsAny(name, "<>&") {
		blocks = append(blocks, buttons(button(ActionWitness, jit.ID(name), "Ask Azure", "Ask Azure what is in effect"))...)
	}
	return Message{Text: shorten(strings.Join(lines, "\n"), maxText), Blocks: blocks}
}

func explainHead(e access.Explanation) string {
	name, as := vmName(e.VM.Group, e.VM.Name, e.VM.Production()), "as "+Code(e.Who.Name)
	var lines []string
	switch {
	case e.Refusal == nil:
		lines = append(lines, "✅ *"+mentionUser(e.For)+" may ask for "+name+"*, "+as+". This is a dry run: nothing was asked for.")
	case errors.Is(e.Refusal, jit.ErrRights):
		lines = append(lines, "⛔ *"+mentionUser(e.For)+" can't ask for "+name+" yet: no role "+as+" allows it*", rightsNext,
			e.Refusal.Say(refusalArgument))
	default:
		lines = append(lines, "⛔ *"+mentionUser(e.For)+" can't ask for "+name+"*", e.Refusal.Say(refusalArgument))
	}
	return joinLines(append(lines, map[jit.ProtectionState]string{
		jit.Protecting: "It is being protected.", jit.Protected: "It is protected: nobody gets to its ports without a grant.",
		jit.Unprotecting: "It is being unprotected.", "": "It is not protected: its own rules alone keep its ports open or shut.",
	}[e.Protected])...)
}

// offerText is what may be asked for of one port, and what its state is.
func offerText(o access.OfferedPort) string {
	lines := []string{fmt.Sprintf("*Port %s* may be asked for from %s, for %s to %s.", portName(o.Port.Ports),
		AcceptedSources(o.Port, o.Widest), span(o.Port.Shortest), span(o.Port.Longest))}
	ask := fmt.Sprintf("For %s from one address ", span(o.Duration))
	switch {
	case !o.HasRule:
		lines = append(lines, ask+"nobody is named to approve, so it would be refused; ask an admin for an entry under approvals.")
	case o.Rule.Required == 0:
		lines = append(lines, ask+"nobody needs to approve: the Azure rights alone decide.")
	default:
		lines = append(lines, ask+text.Count(o.Rule.Required, "approval is", "approvals are")+" needed, from "+anyOf(o.Rule.Approvers)+".")
	}
	if o.TooFew != nil {
		lines = append(lines, "It would be refused: "+o.TooFew.Say(refusalArgument))
	}
	for _, w := range o.Verdicts {
		lines = append(lines, wayText(w))
	}
	return strings.Join(lines, "\n")
}

func wayText(w access.SourceVerdict) string {
	from := map[string]string{"Internet": "From the internet", "VirtualNetwork": "From the virtual network"}[w.Source]
	lines := []string{from + " it is now " + map[reach.Answer]string{
		reach.AnswerAllow: "*open*", reach.AnswerDeny: "*shut*", reach.AnswerPartly: "*partly open*", reach.AnswerUnknown: "*not known*",
	}[w.Verdict.Decision] + "."}
	for i, why := range w.Verdict.Why {
		if i == maxReasons {
			lines = append(lines, "• "+text.Count(len(w.Verdict.Why)-i, "more reason", "more reasons"))
			break
		}
		lines = append(lines, "• "+prose(Clip(why.Text, 300)))
	}
	return strings.Join(lines, "\n")
}

// pathText is where a grant would be written, and how the VM stands.
func pathText(e access.Explanation) string {
	var lines []string
	if e.Blocked != nil {
		lines = append(lines, "No grant could open it: "+e.Blocked.Say(refusalArgument))
	} else {
		var names []string
		for i, g := range e.Guards {
			if i == maxTargets {
				names = append(names, fmt.Sprintf("and %d more", len(e.Guards)-maxTargets))
				break
			}
			name := Code(resource.GuardName(g))
			if resource.IsFirewall(g) {
				name += " (" + resource.KindOf(g).Noun() + ")"
			}
			names = append(names, name)
		}
		lines = append(lines, "A grant would write its rule in "+strings.Join(names, ", ")+".")
	}
	lines = append(lines, "As /jit scan has it: *"+string(e.Posture.Class)+"*. "+prose(Clip(e.Posture.Why, 400)))
	notes := slices.Concat(e.Posture.StillOpen, e.Posture.Notes)
	for i, note := range notes {
		if i == maxTargets {
			lines = append(lines, text.Count(len(notes)-i, "more note", "more notes"))
			break
		}
		lines = append(lines, "• "+prose(Clip(note, 300)))
	}
	return strings.Join(lines, "\n")
}
