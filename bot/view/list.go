package view

import (
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"jitbot/jit"
	"jitbot/jit/lookup"
)

// MaxListed is how many grants or VMs a list shows, so that their blocks fit in a
// message: two each, and a last one.
const MaxListed = 20

// maxListText is less text than Slack takes in one message.
const maxListText = 10000

// List is the answer to /jit list. Its buttons are those that the reader
// may use now.
func List(all []lookup.ListedGrant, everybody bool) Message {
	if len(all) == 0 {
		if everybody {
			return Say("There are no live grants and no waiting requests that you may see. Ask for access: `/jit`.")
		}
		return Say("You have no live grants and no waiting requests. Ask for access: `/jit`; everybody's: `/jit list all`.")
	}
	var blocks []slack.Block
	var texts []string
	size := 0
	for i, l := range all {
		if i == MaxListed || size > maxListText || len(blocks) > maxBlocks-5 {
			more := fmt.Sprintf("%d more are not shown.", len(all)-i)
			blocks, texts = append(blocks, footnote(more)), append(texts, more)
			break
		}
		line, approve := listLine(l), WhatToApproveText(l)
		size += len(line) + len(approve)
		blocks = append(blocks, paragraph(line))
		blocks = append(blocks, WhatToApprove(l)...)
		blocks = append(blocks, buttons(listButtons(l)...)...)
		texts = append(texts, strings.TrimSpace(oneLine(line)+" "+approve))
	}
	return Message{Text: shorten(strings.Join(texts, "\n"), maxText), Blocks: blocks}
}

// listLine is a grant in a list: its card's heading, and what its reader needs of
// the rest.
func listLine(l lookup.ListedGrant) string {
	g := l.Grant
	lines := []string{heading(g)}
	if l.Mine {
		lines[0] = ownHeading(g)
	}
	from := "From " + sourceNames(g) + ". " + Code(string(g.ID))
	switch g.State {
	case jit.Pending:
		lines = append(lines, awaited(g), lessText(g))
		lines = append(lines, warningLines(l)...)
	case jit.Opening:
		if g.Waiting != "" {
			lines = append(lines, "Opening waits: "+prose(Clip(g.Waiting, 300)))
		}
	case jit.Open:
		if l.Mine {
			lines = append(lines, connection(g))
		}
		if m := moveStatus(g); m != "" {
			lines = append(lines, m)
		}
		if x := extensionStatus(g); x != "" {
			lines = append(lines, x)
			lines = append(lines, warningLines(l)...)
		}
		for _, h := range hindrances(g) {
			lines = append(lines, "⚠️ "+prose(h))
		}
	case jit.Closing:
		for _, f := range faults(g) {
			lines = append(lines, "⚠️ "+prose(f))
		}
	default: // nothing more to say
	}
	return strings.ReplaceAll(strings.Join(append(lines, from), "\n"), "\n\n", "\n")
}

// warningLines are the warnings of a request, for whoever may approve it.
func warningLines(l lookup.ListedGrant) []string {
	if !MayApprove(l) {
		return nil
	}
	var lines []string
	for _, w := range warnings(l.Grant) {
		lines = append(lines, "⚠️ "+prose(Clip(w, 300)))
	}
	return lines
}

func listButtons(l lookup.ListedGrant) []*slack.ButtonBlockElement {
	g := l.Grant
	var out []*slack.ButtonBlockElement
	switch g.State {
	case jit.Asked, jit.Pending:
		if l.Approver && !l.Mine && g.State == jit.Pending {
			out = append(out, approveButton(g), lessButton(g), denyButton(g), claimButton(g, l.OnIt))
		}
		if l.Mine {
			out = append(out, cancelButton(g))
		}
	case jit.Opening, jit.Open:
		switch {
		case l.Mine:
			out = append(extendButtons(g), doneButton(g))
		default:
			if l.Extends {
				out = extensionButtons(g)
			}
			if l.Approver || l.Admin {
				out = append(out, revokeButton(g))
			}
		}
	default: // nothing to press
	}
	return out
}
