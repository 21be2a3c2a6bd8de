package view

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"jitbot/jit"
	"jitbot/jit/lookup"
	"jitbot/jit/text"
)

// maxHome is how many grants each part of the Home tab shows; a view has 100
// blocks.
const maxHome = 8

const maxHomeNotes = 5 // warnings that are told of each

// Home shows what waits for somebody's decision first, then their own access with the
// time left, as Slack tells it whenever the tab is looked at, and their waiting requests.
func Home(all []lookup.ListedGrant) slack.HomeTabViewRequest {
	mine := func(l lookup.ListedGrant) bool { return l.Mine }
	waits := func(l lookup.ListedGrant) bool { return l.Grant.State == jit.Asked || l.Grant.State == jit.Pending }
	part := func(keep func(lookup.ListedGrant) bool) []lookup.ListedGrant {
		return slices.DeleteFunc(slices.Clone(all), func(l lookup.ListedGrant) bool { return !keep(l) })
	}
	blocks := []slack.Block{paragraph("Time-limited access to the ports of a VM. Ask here, or type `/jit` in any channel.")}
	blocks = append(blocks, buttons(formButton())...)
	blocks = append(blocks, homePart("Waiting for me", "Nothing waits for your decision.",
		part(MayApprove))...)
	blocks = append(blocks, homePart("My access", "Nothing is open for you.",
		part(func(l lookup.ListedGrant) bool { return mine(l) && !waits(l) }))...)
	blocks = append(blocks, homePart("My waiting requests", "You are waiting for nothing.",
		part(func(l lookup.ListedGrant) bool { return mine(l) && waits(l) }))...)
	return homeView(blocks)
}

// HomeText is the Home tab of somebody who gets none.
func HomeText(text string) slack.HomeTabViewRequest {
	return homeView([]slack.Block{paragraph(text)})
}

func homeView(blocks []slack.Block) slack.HomeTabViewRequest {
	return slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: blocks}}
}

func homePart(title, none string, all []lookup.ListedGrant) []slack.Block {
	blocks := []slack.Block{slack.NewHeaderBlock(plain(title))}
	if len(all) == 0 {
		return append(blocks, paragraph(none))
	}
	for i, l := range all {
		if i == maxHome {
			return append(blocks, footnote(fmt.Sprintf("%d more are not shown; see `/jit list all`.", len(all)-i)))
		}
		blocks = append(blocks, paragraph(listLine(l)))
		blocks = append(blocks, WhatToApprove(l)...)
		blocks = append(blocks, buttons(listButtons(l)...)...)
	}
	return blocks
}

// MayApprove reports whether the reader is offered to approve what is listed.
func MayApprove(l lookup.ListedGrant) bool {
	return l.Approver && !l.Mine && l.Grant.State == jit.Pending || l.Extends
}

// WhatToApprove is what stands above the buttons wherever somebody is offered to
// approve: the reason, who asks by the name in Entra, and what the card warns of, all of
// it. There is nothing of it where nothing is offered.
func WhatToApprove(l lookup.ListedGrant) []slack.Block {
	if !MayApprove(l) {
		return nil
	}
	said := approvalFacts(l)
	return []slack.Block{verbatim("Reason: ", l.Grant.Request.Reason), paragraph(strings.Join(said, "\n"))}
}

// WhatToApproveText is WhatToApprove for the text of a message.
func WhatToApproveText(l lookup.ListedGrant) string {
	if !MayApprove(l) {
		return ""
	}
	return "Reason: " + prose(l.Grant.Request.Reason) + " " + oneLine(strings.Join(approvalFacts(l), "\n"))
}

func approvalFacts(l lookup.ListedGrant) []string {
	var said []string
	if name := l.Grant.Request.By.Name; name != "" {
		said = append(said, "In Entra: "+Code(name)+".")
	}
	if len(l.Grant.Approvals) > 0 && !l.Extends {
		said = append(said, "Approved by "+approvedBy(l.Grant)+".")
	}
	notes := approvalNotes(l)
	said = append(said, notes[:min(len(notes), maxHomeNotes)]...)
	if more := len(notes) - maxHomeNotes; more > 0 {
		said = append(said, "⚠️ The card has "+text.Count(more, "more note", "more notes")+"; read it before you approve.")
	}
	if len(said) == 0 {
		said = []string{"Nothing else is known of it."}
	}
	return said
}

// approvalNotes are what is open there already, and what else helps to decide, beside
// the warnings that the line of the list has.
func approvalNotes(l lookup.ListedGrant) []string {
	notes := alsoOpen(l.Grant, l.Others)
	for _, n := range checkNotes(l.Grant) {
		notes = append(notes, Sentence(n))
	}
	return notes
}
