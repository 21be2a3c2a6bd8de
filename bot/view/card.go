package view

import (
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"jitbot/jit"
	"jitbot/jit/text"
)

// Card is the message of a grant in the approvers' channel, with what else
// was open on its VMs when it was made. Showing it twice changes nothing.
func Card(g jit.Grant, others ...jit.Grant) Message {
	status, notes := cardStatus(g), cardNotes(g, others)
	blocks := []slack.Block{
		slack.NewHeaderBlock(plain(Clip("Access "+string(g.ID)+": "+stateText(g), 150))),
		slack.NewSectionBlock(nil, cardFields(g), nil),
		verbatim("Reason: ", g.Request.Reason),
		paragraph(status),
	}
	if len(notes) > 0 {
		blocks = append(blocks, footnote(notes...))
	}
	blocks = append(blocks, buttons(cardButtons(g)...)...)
	text := fmt.Sprintf("Access %s, %s: %s asks for %s. Reason: %s. %s",
		Code(string(g.ID)), stateText(g), mentionUser(g.Request.By.ID), requestText(g), prose(g.Request.Reason), oneLine(status))
	if len(notes) > 0 {
		text += " " + strings.Join(notes, " ")
	}
	return Message{Text: shorten(text, maxText), Blocks: blocks}
}

// stateText names the state in words.
func stateText(g jit.Grant) string {
	switch g.State {
	case jit.Asked:
		return "being checked"
	case jit.Pending:
		return "waiting for approval"
	case jit.Opening:
		if g.Waiting != "" {
			return "approved, opening waits"
		}
		return "approved, opening"
	case jit.Closing:
		if g.Stuck {
			return "closing is stuck"
		}
		return "closing"
	default:
		return string(g.State) // refused, denied, lapsed, cancelled, open, closed
	}
}

func cardFields(g jit.Grant) []*slack.TextBlockObject {
	who := mentionUser(g.Request.By.ID)
	if name := g.Request.By.Name; name != "" {
		who += " " + Code(name)
	}
	field := func(name, value string) *slack.TextBlockObject {
		return mrkdwn("*"+name+"*\n"+value, maxField)
	}
	fields := []*slack.TextBlockObject{
		field("Who", who),
		field("VM", targetNames(g, "\n")),
		field("Ports", portNames(g)),
		field("Source", sourceNames(g, "\n")),
		field("How long", text.Duration(g.Request.Duration)),
	}
	switch {
	case g.State == jit.Pending:
		fields = append(fields, field("Lapses", When(g.Clock.Lapse)))
	case g.State == jit.Open:
		fields = append(fields, field("Open until", When(g.Clock.Deadline)))
	case g.State.Ended() && !g.Clock.Ended.IsZero():
		fields = append(fields, field("Ended", When(g.Clock.Ended)))
	}
	return fields
}

// cardStatus says what happened and what comes next.
func cardStatus(g jit.Grant) string {
	var lines []string
	if len(g.Approvals) > 0 {
		lines = append(lines, "Approved by "+approvedBy(g)+".")
	}
	switch g.State {
	case jit.Asked:
		lines = append(lines, "Rights and policy are being checked.")
	case jit.Pending:
		lines = append(lines, fmt.Sprintf("%s needed, from %s.", text.Capital(missingApprovals(g)), eligibleApprovers(g)))
	case jit.Opening:
		lines = append(lines, openingStatus(g)...)
	case jit.Open:
		lines = append(lines, "Open since "+When(g.Clock.Opened)+", until "+When(g.Clock.Deadline)+".")
		if ends := publicEndsText(g); ends != "" {
			lines = append(lines, ends)
		}
		lines = append(lines, hindrances(g)...)
	case jit.Closing, jit.Closed:
		lines = append(lines, closingStatus(g)...)
	default:
		lines = append(lines, decisionText(g))
	}
	return strings.Join(lines, "\n")
}

func openingStatus(g jit.Grant) []string {
	var lines []string
	if len(g.Approvals) == 0 {
		lines = append(lines, "No approval was needed.")
	}
	if g.Waiting != "" {
		return append(lines, "Not open yet, opening waits: "+prose(g.Waiting))
	}
	lines = append(lines, "Not open yet: the rule is being written and read back.")
	lines = append(lines, slowChange(g, g.Clock.Begun, "In force at")...)
	return append(lines, faults(g)...)
}

func closingStatus(g jit.Grant) []string {
	var lines []string
	switch {
	case !g.Clock.Opened.IsZero():
		lines = append(lines, "It was opened at "+When(g.Clock.Opened)+".")
	case neverWritten(g):
		lines = append(lines, "It was never opened.")
	default:
		lines = append(lines, "It was never confirmed open.")
	}
	lines = append(lines, whyEnded(g))
	switch {
	case neverWritten(g):
		lines = append(lines, nothingWritten)
	case g.State == jit.Closed:
		lines = append(lines, closedText(g))
	case g.Stuck:
		lines = append(lines, "*Not closed yet.* The rule could not be removed, so the port may still be open. "+
			"It is tried again until it succeeds; an admin should look at it in Azure.")
		lines = append(lines, faults(g)...)
	default:
		lines = append(lines, "Not closed yet: the rule is being removed and read back.")
		lines = append(lines, slowChange(g, g.Clock.Closing, "Gone from")...)
		lines = append(lines, faults(g)...)
	}
	return lines
}

// closedText says when and how a grant came to be closed.
func closedText(g jit.Grant) string {
	if gone, only := goneGuards(g); only {
		return "Over since " + When(g.Clock.Ended) + ": " + gone + "."
	} else if gone != "" {
		return "Closed: the rule was read back gone at " + When(g.Clock.Ended) + "; " + gone + "."
	}
	return "Closed: the rule was read back gone at " + When(g.Clock.Ended) + "."
}

// nothingWritten is said of a grant that ended before its first write.
const nothingWritten = "Nothing was written in Azure."

// neverWritten reports whether nothing of the grant was ever written.
func neverWritten(g jit.Grant) bool { return g.Clock.Begun.IsZero() }

// decisionText says how a request ended that never became access.
func decisionText(g jit.Grant) string {
	d := g.Decision
	by, why := " by "+actor(d.By), "."
	if d.Reason != "" {
		why = ": " + Sentence(d.Reason)
	}
	switch g.State {
	case jit.Refused:
		return "Refused" + why
	case jit.Denied:
		return "Denied" + by + why
	case jit.Lapsed:
		return "Nobody decided in time, so it lapsed at " + When(g.Clock.Ended) + "."
	case jit.Cancelled:
		return "Withdrawn" + by + why
	default:
		return "It is " + string(g.State) + "."
	}
}

func cardNotes(g jit.Grant, others []jit.Grant) []string {
	var notes []string
	if note := alsoOpen(g, others); note != "" {
		notes = append(notes, note)
	}
	if g.State == jit.Open && g.Unchecked {
		notes = append(notes, "Whether the holder still has the rights could not be told at the last look; the access is kept until it can.")
	}
	return append(notes, checkNotes(g)...)
}

// checkNotes are what was found out about the VMs of a request when it was
// checked.
func checkNotes(g jit.Grant) []string {
	var notes []string
	for _, n := range g.Notes {
		if n = Sentence(Clip(n, 500)); n != "" {
			notes = append(notes, n)
		}
	}
	return notes
}

const maxCheckNotes = 3 // notes that the requester gets; the card has more

// checkNotesText is checkNotes for the requester.
func checkNotesText(g jit.Grant) string {
	notes := checkNotes(g)
	if more := len(notes) - maxCheckNotes; more > 0 {
		notes = append(notes[:maxCheckNotes], "The card has "+text.Count(more, "more note.", "more notes."))
	}
	return strings.Join(notes, " ")
}

const maxOthers = 5 // grants on the same VMs that are named

// alsoOpen says what else is open on the VMs, for as long as that matters.
func alsoOpen(g jit.Grant, others []jit.Grant) string {
	if g.State.Ended() || g.State == jit.Closing || len(others) == 0 {
		return ""
	}
	var all []string
	for i, o := range others {
		if i == maxOthers {
			all = append(all, fmt.Sprintf("and %d more", len(others)-maxOthers))
			break
		}
		one := fmt.Sprintf("%s of %s, port %s from %s, %s",
			Code(string(o.ID)), mentionUser(o.Request.By.ID), portNames(o), sourceNames(o, ", "), stateText(o))
		if o.State == jit.Open {
			one += " until " + When(o.Clock.Deadline)
		}
		all = append(all, one)
	}
	return "Also there when this was written: " + strings.Join(all, "; ") + "."
}

// cardButtons are those that apply now; authority is checked when they are
// pressed.
func cardButtons(g jit.Grant) []*slack.ButtonBlockElement {
	switch g.State {
	case jit.Pending:
		return []*slack.ButtonBlockElement{approveButton(g), denyButton(g)}
	case jit.Opening, jit.Open:
		return []*slack.ButtonBlockElement{revokeButton(g)}
	default:
		return nil
	}
}
