package view

import (
	"fmt"
	"slices"

	"github.com/slack-go/slack"

	"jitbot/jit"
	"jitbot/jit/access"
)

// maxHome is how many grants each part of the Home tab shows; a view has 100
// blocks.
const maxHome = 12

// Home shows somebody's own access and requests, and what waits for their
// decision.
func Home(all []access.ListedGrant) slack.HomeTabViewRequest {
	mine := func(l access.ListedGrant) bool { return l.Mine }
	waits := func(l access.ListedGrant) bool { return l.Grant.State == jit.Asked || l.Grant.State == jit.Pending }
	part := func(keep func(access.ListedGrant) bool) []access.ListedGrant {
		return slices.DeleteFunc(slices.Clone(all), func(l access.ListedGrant) bool { return !keep(l) })
	}
	blocks := []slack.Block{paragraph("Time-limited access to the ports of a VM. Ask here, or type `/jit` in any channel.")}
	blocks = append(blocks, buttons(formButton())...)
	blocks = append(blocks, homePart("My access", "Nothing is open for you.",
		part(func(l access.ListedGrant) bool { return mine(l) && !waits(l) }))...)
	blocks = append(blocks, homePart("My waiting requests", "You are waiting for nothing.",
		part(func(l access.ListedGrant) bool { return mine(l) && waits(l) }))...)
	blocks = append(blocks, homePart("Waiting for me", "Nothing waits for your decision.",
		part(func(l access.ListedGrant) bool { return !mine(l) && l.Approver && l.Grant.State == jit.Pending }))...)
	return homeView(blocks)
}

// HomeText is the Home tab of somebody who gets none.
func HomeText(text string) slack.HomeTabViewRequest {
	return homeView([]slack.Block{paragraph(text)})
}

func homeView(blocks []slack.Block) slack.HomeTabViewRequest {
	return slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: blocks}}
}

func homePart(title, none string, all []access.ListedGrant) []slack.Block {
	blocks := []slack.Block{slack.NewHeaderBlock(plain(title))}
	if len(all) == 0 {
		return append(blocks, paragraph(none))
	}
	for i, l := range all {
		if i == maxHome {
			return append(blocks, footnote(fmt.Sprintf("%d more are not shown; see `/jit list all`.", len(all)-i)))
		}
		blocks = append(blocks, paragraph(listLine(l)))
		if l.Grant.State == jit.Pending && !l.Mine {
			blocks = append(blocks, verbatim("Reason: ", l.Grant.Request.Reason))
			blocks = append(blocks, buttons(listButtons(l)...)...)
			continue
		}
		blocks = append(blocks, buttons(listButtons(l)...)...)
	}
	return blocks
}
