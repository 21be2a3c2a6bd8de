package view

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/slack-go/slack"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/text"
)

// Card is the message of a grant in the approvers' channel, with what else
// was open on its VMs when it was made. Showing it twice changes nothing.
func Card(g jit.Grant, others ...jit.Grant) Message {
	d := new(draft)
	d.say(heading(g), cardSource(g), lessText(g)).quote("Reason: ", g.Request.Reason)
	for lines := range slices.Chunk(eachVM(g), 2*maxTargets) { // a block has room for so many
		d.say(lines...)
	}
	d.warn(warnings(g)...)
	cardStatus(d, g)
	d.press(cardButtons(g)...)
	var notes []string
	if g.State == jit.Asked || g.State == jit.Pending && len(others) == 0 { // they help to decide
		notes = checkNotes(g)
	}
	return d.small(g.ID, alsoOpen(g, others), notes).message()
}

// live reports whether what was found out about a request and is open beside it
// still matters: until the grant ends.
func live(g jit.Grant) bool { return !g.State.Ended() && g.State != jit.Closing }

// cardSource is where somebody comes from, and as whom of Entra.
func cardSource(g jit.Grant) string {
	line := "From " + sourceNames(g)
	if name := g.Request.By.Name; name != "" {
		line += ", as " + Code(name)
	}
	return line
}

// warnings are what makes an approver think twice, the worst first.
func warnings(g jit.Grant) []string {
	if !live(g) {
		return nil
	}
	out := slices.Clone(g.Warnings)
	if more := len(out) - maxWarnings; more > 0 {
		out = append(out[:maxWarnings], text.Count(more, "more warning.", "more warnings."))
	}
	if wide := wideSources(g); wide != "" {
		out = append(out, "Wide source: "+wide+".")
	}
	return out
}

const maxWarnings = 5 // of the check that are shown

// cardStatus says what happened and what comes next.
func cardStatus(d *draft, g jit.Grant) {
	approved := ""
	if len(g.Approvals) > 0 {
		approved = "Approved by " + approvedBy(g) + "."
	}
	switch g.State {
	case jit.Asked:
		d.say("Rights and policy are being checked.")
	case jit.Pending:
		d.say(approved, awaited(g))
	case jit.Opening:
		openingStatus(d, g, approved)
	case jit.Open:
		for _, guard := range guardNames(g, func(p guardpath.Path) bool { return p.Hindrance != "" }) {
			d.say("⚠️ Something at " + guard + " may keep its holder out; see the thread.")
		}
		if g.Unchecked {
			d.warn("The holder's rights could not be read; access is kept for now.")
		}
		status := cmp.Or(extensionStatus(g), approved, automatic(g))
		if moving := moveStatus(g); moving != "" {
			d.say(moving)
			status = extensionStatus(g)
		}
		d.say(status, publicEndsText(g))
	case jit.Closing, jit.Closed:
		closingStatus(d, g, approved)
	default:
		d.say(decisionText(g)).quote("Why: ", g.Decision.Reason)
	}
}

func openingStatus(d *draft, g jit.Grant, approved string) {
	if approved == "" {
		approved = unapproved(g)
	}
	if g.Waiting != "" {
		d.say(approved).quote("Opening waits: ", g.Waiting)
		return
	}
	slow := slowChange(g, g.Clock.Begun, "In force at")
	d.say(approved + " Not open yet" + cmp.Or(afterColon(slow), ": its rule is being written."))
	d.warn(faults(g)...)
}

func afterColon(s string) string {
	if s == "" {
		return ""
	}
	return ". " + s
}

func closingStatus(d *draft, g jit.Grant, approved string) {
	if stillOpen(g) != "" {
		d.say(notShut + " see the thread.")
	}
	switch {
	case neverWritten(g):
		d.say(whyEnded(g)+" "+nothingWritten, approved).quote("Why: ", g.Decision.Reason)
	case g.State == jit.Closed:
		d.say(whyEnded(g)+" "+closedText(g), wasOpen(g)).quote("Why: ", g.Decision.Reason)
	case g.Stuck:
		d.say("*Not closed yet, and the port may still be open.* Its rule could not be removed: have an admin look in Azure.")
		d.warn(faults(g)...)
		d.say(whyEnded(g)).quote("Why: ", g.Decision.Reason)
	default:
		slow := slowChange(g, g.Clock.Closing, "Gone from")
		d.say(whyEnded(g) + " Not closed yet" + cmp.Or(afterColon(slow), ": its rule is being removed."))
		d.quote("Why: ", g.Decision.Reason).warn(faults(g)...)
	}
}

// wasOpen says since when a grant was open, or that it never was, and by whose yes.
func wasOpen(g jit.Grant) string {
	line := "Never confirmed open"
	if !g.Clock.Opened.IsZero() {
		line = "Opened at " + clockTime(g.Clock.Opened)
	}
	if len(g.Approvals) > 0 {
		line += ", approved by " + approvedBy(g)
	}
	return line + "."
}

// closedText says when and how a grant came to be closed.
func closedText(g jit.Grant) string {
	if gone, only := goneGuards(g); only {
		return "Over since " + When(g.Clock.Ended) + ": " + gone + "."
	} else if gone != "" {
		return "Its rule was read back gone at " + When(g.Clock.Ended) + "; " + gone + "."
	}
	return "Its rule was read back gone at " + When(g.Clock.Ended) + "."
}

// nothingWritten is said of a grant that ended before its first write.
const nothingWritten = "Nothing was written in Azure."

// neverWritten reports whether nothing of the grant was ever written.
func neverWritten(g jit.Grant) bool { return g.Clock.Begun.IsZero() }

// decisionText says how a request ended that never became access.
func decisionText(g jit.Grant) string {
	by, at := " by "+actor(g.Decision.By), " at "+When(g.Clock.Ended)+"."
	switch g.State {
	case jit.Denied:
		return "Denied" + by + at
	case jit.Lapsed:
		return "Nobody decided in time, so it lapsed" + at
	case jit.Cancelled:
		return "Withdrawn" + by + at
	default:
		return text.Capital(string(g.State)) + at
	}
}

// checkNotes are what else was found out about the VMs of a request when it was
// checked.
func checkNotes(g jit.Grant) []string {
	return slices.DeleteFunc(slices.Clone(g.Notes), func(n string) bool { return text.Clean(n) == "" })
}

const maxOthers = 3 // grants on the same VMs that are named

// alsoOpen says what else is open on the VMs, for as long as that matters.
func alsoOpen(g jit.Grant, others []jit.Grant) []string {
	if !live(g) || len(others) == 0 {
		return nil
	}
	var all []string
	for i, o := range others {
		if i == maxOthers {
			all = append(all, fmt.Sprintf("%d more", len(others)-maxOthers))
			break
		}
		all = append(all, mentionUser(o.Request.By.ID)+" ("+Code(string(o.ID))+")")
	}
	return []string{"Lately in: " + text.Join(all) + "."}
}

// cardButtons are those that apply now; authority is checked when they are
// pressed.
func cardButtons(g jit.Grant) []*slack.ButtonBlockElement {
	switch g.State {
	case jit.Pending:
		return []*slack.ButtonBlockElement{approveButton(g), lessButton(g), denyButton(g), claimButton(g, false)}
	case jit.Opening, jit.Open:
		return append(append(extensionButtons(g), extendButtons(g)...), revokeButton(g))
	default:
		return nil
	}
}
