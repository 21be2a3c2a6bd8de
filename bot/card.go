package bot

import (
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"jitbot/jit"
)

// GrantCard is the message of a grant in the approvers' channel, with what else
// was open on its VMs when it was made. Showing it twice changes nothing.
func GrantCard(g jit.Grant, others ...jit.Grant) Screen {
	status, notes := cardStatus(g), cardNotes(g, others)
	blocks := []slack.Block{
		slack.NewHeaderBlock(plain(clip("Access "+string(g.ID)+": "+title(g), 150))),
		slack.NewSectionBlock(nil, cardFields(g), nil),
		verbatim("Reason: ", g.Request.Reason),
		paragraph(status),
	}
	if len(notes) > 0 {
		blocks = append(blocks, footnote(notes...))
	}
	blocks = append(blocks, buttons(cardButtons(g)...)...)
	text := fmt.Sprintf("Access %s, %s: %s asks for %s. Reason: %s. %s",
		code(string(g.ID)), title(g), mentionUser(g.Request.By.ID), access(g), prose(g.Request.Reason), oneLine(status))
	if len(notes) > 0 {
		text += " " + strings.Join(notes, " ")
	}
	return Screen{Text: shorten(text, maxText), Blocks: blocks}
}

func oneLine(s string) string { return strings.ReplaceAll(s, "\n", " ") }

// title names the state in words.
func title(g jit.Grant) string {
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
		who += " " + code(name)
	}
	field := func(name, value string) *slack.TextBlockObject {
		return mrkdwn("*"+name+"*\n"+value, maxField)
	}
	fields := []*slack.TextBlockObject{
		field("Who", who),
		field("VM", targetNames(g, "\n")),
		field("Ports", portNames(g)),
		field("Source", sourceNames(g, "\n")),
		field("How long", jit.ShortDuration(g.Request.Duration)),
	}
	switch {
	case g.State == jit.Pending:
		fields = append(fields, field("Lapses", when(g.Clock.Lapse)))
	case g.State == jit.Open:
		fields = append(fields, field("Open until", when(g.Clock.Deadline)))
	case g.State.Ended() && !g.Clock.Ended.IsZero():
		fields = append(fields, field("Ended", when(g.Clock.Ended)))
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
		lines = append(lines, fmt.Sprintf("%s needed, from %s.", strings.ToUpper(missing(g)[:1])+missing(g)[1:], eligible(g)))
	case jit.Opening:
		lines = append(lines, openingStatus(g)...)
	case jit.Open:
		lines = append(lines, "Open since "+when(g.Clock.Opened)+", until "+when(g.Clock.Deadline)+".")
		if doors := doorsText(g); doors != "" {
			lines = append(lines, doors)
		}
		lines = append(lines, hindrances(g)...)
	case jit.Closing, jit.Closed:
		lines = append(lines, closingStatus(g)...)
	default:
		lines = append(lines, decided(g))
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
	lines = append(lines, slowness(g, g.Clock.Begun, "In force at")...)
	return append(lines, faults(g)...)
}

func closingStatus(g jit.Grant) []string {
	var lines []string
	switch {
	case !g.Clock.Opened.IsZero():
		lines = append(lines, "It was opened at "+when(g.Clock.Opened)+".")
	case unwritten(g):
		lines = append(lines, "It was never opened.")
	default:
		lines = append(lines, "It was never confirmed open.")
	}
	lines = append(lines, ending(g))
	switch {
	case unwritten(g):
		lines = append(lines, nothingWritten)
	case g.State == jit.Closed:
		lines = append(lines, "Closed: the rule was read back gone at "+when(g.Clock.Ended)+".")
	case g.Stuck:
		lines = append(lines, "*Not closed yet.* The rule could not be removed, so the port may still be open. It is tried again until it succeeds; an admin should look at it in Azure.")
		lines = append(lines, faults(g)...)
	default:
		lines = append(lines, "Not closed yet: the rule is being removed and read back.")
		lines = append(lines, slowness(g, g.Clock.Closing, "Gone from")...)
		lines = append(lines, faults(g)...)
	}
	return lines
}

// ending says why a live grant ended, and who ended it.
func ending(g jit.Grant) string {
	d := g.Decision
	by := " by " + actor(d.By)
	why := ""
	if d.Reason != "" {
		why = " Why: " + fullStop(d.Reason)
	}
	switch d.Ending {
	case jit.Expired:
		return "Its time is over." + why
	case jit.Finished:
		return "Ended early" + by + "." + why
	case jit.Revoked:
		return "Revoked" + by + "." + why
	case jit.Failed:
		return failedWhy(g) + why
	case jit.Vanished:
		return "Ended because " + vanished + "." + why
	case jit.RightsLost:
		return "Ended because the holder no longer has the rights for it." + why
	case jit.Drifted:
		return "Ended because somebody changed its rule in Azure." + why
	default:
		return "Ended" + by + "." + why
	}
}

// vanished is what happened to the VM of a grant that ended so.
const vanished = "a VM of it is gone from Azure or from the configuration, or is behind no network security group any more"

// nothingWritten is said of a grant that ended before its first write.
const nothingWritten = "Nothing was written in Azure."

// unwritten reports whether nothing of the grant was ever written.
func unwritten(g jit.Grant) bool { return g.Clock.Begun.IsZero() }

// failedWhy says of what kind a failure was.
func failedWhy(g jit.Grant) string {
	switch {
	case !g.Clock.Opened.IsZero():
		return "Ended because something of it failed in Azure."
	case unwritten(g):
		return "It could not be opened."
	default:
		return "The opening failed and is undone."
	}
}

// decided says how a request ended that never became access.
func decided(g jit.Grant) string {
	d := g.Decision
	by, why := " by "+actor(d.By), "."
	if d.Reason != "" {
		why = ": " + fullStop(d.Reason)
	}
	switch g.State {
	case jit.Refused:
		return "Refused" + why
	case jit.Denied:
		return "Denied" + by + why
	case jit.Lapsed:
		return "Nobody decided in time, so it lapsed at " + when(g.Clock.Ended) + "."
	case jit.Cancelled:
		return "Withdrawn" + by + why
	default:
		return "It is " + string(g.State) + "."
	}
}

// stop ends a sentence that others wrote, unless they did.
func stop(s string) string {
	if said := strings.TrimRight(s, "`"); said == "" || strings.ContainsAny(said[len(said)-1:], ".!?") {
		return s
	}
	return s + "."
}

func cardNotes(g jit.Grant, others []jit.Grant) []string {
	var notes []string
	if note := alsoOpen(g, others); note != "" {
		notes = append(notes, note)
	}
	if g.State == jit.Open && g.Unchecked {
		notes = append(notes, "Whether the holder still has the rights could not be told at the last look; the access is kept until it can.")
	}
	return append(notes, knownNotes(g)...)
}

// knownNotes are what was found out about the VMs of a request when it was
// checked.
func knownNotes(g jit.Grant) []string {
	var notes []string
	for _, n := range g.Notes {
		if n = fullStop(clip(n, 500)); n != "" {
			notes = append(notes, n)
		}
	}
	return notes
}

const maxKnown = 3 // notes that the requester gets; the card has more

// knownText is knownNotes for the requester.
func knownText(g jit.Grant) string {
	notes := knownNotes(g)
	if more := len(notes) - maxKnown; more > 0 {
		notes = append(notes[:maxKnown], "The card has "+plural(more, "more note.", "more notes."))
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
		one := fmt.Sprintf("%s of %s, port %s from %s, %s", code(string(o.ID)), mentionUser(o.Request.By.ID), portNames(o), sourceNames(o, ", "), title(o))
		if o.State == jit.Open {
			one += " until " + when(o.Clock.Deadline)
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
