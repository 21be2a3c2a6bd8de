package view

import (
	"errors"
	"strings"

	"jitbot/bot/command"
	"jitbot/jit"
	"jitbot/jit/text"
)

// LookingText says what is looked at for the answer to a command that takes over a
// second. It stays beside the answer.
func LookingText(v command.Verb) string {
	what := "I am looking at that grant and at what you may do with it"
	switch v {
	case command.VerbRequest, command.VerbMove:
		what = "I am checking your rights in Azure and the rules on the way to the VM"
	case command.VerbList:
		what = "I am reading the grants that you may see"
	case command.VerbVMs:
		what = "I am reading the VMs that you may see"
	case command.VerbScan:
		what = "I am reading the rules before each VM that you may see"
	case command.VerbHistory:
		what = "I am reading the record"
	case command.VerbExplain:
		what = "I am reading the rights and the rules on the way to that VM"
	case command.VerbProtect, command.VerbUnprotect:
		what = "I am looking at the VM and at your rights there"
	default:
	}
	return what + "; the answer follows."
}

// NotedText says, to whoever did it, that what they did is not dealt with yet.
func NotedText(did string) string {
	return "You " + did + ", and I took note of it. Azure or Slack is slow to answer, so nothing is decided yet; " +
		"what comes of it is told here, without another click."
}

// RequestReply says what came of one request: its state, or why it was refused.
func RequestReply(g jit.Grant, err error) string {
	id := " (" + Code(string(g.ID)) + ")"
	switch {
	case errors.Is(err, jit.ErrRights):
		return "⛔ *" + rightsMissing(refusedNames(g)) + "*" + id + "\n" + rightsNext
	case err != nil:
		return Doubt(err) + id
	}
	lines, from := []string{ownHeading(g) + id}, "From "+sourceNames(g)+"."
	switch g.State {
	case jit.Asked:
		lines = append(lines, from+" It is stored and still being checked. You get a direct message.")
	case jit.Pending:
		lines = append(lines, from+" "+awaited(g)+" You get a direct message when it is decided.")
	case jit.Opening:
		lines = append(lines, from+" It is being opened. You get a direct message when it is open.")
	default: // the heading says it
	}
	if left := leftOut(g); left != "" {
		lines = append(lines, left)
	}
	if live(g) {
		for _, w := range warnings(g) {
			lines = append(lines, "⚠️ "+prose(w))
		}
		for _, n := range fewNotes(g) {
			lines = append(lines, prose(n))
		}
	}
	return joinLines(lines...)
}

func joinLines(all ...string) string { return strings.Join(all, "\n") }

// ActionReply says to whoever acted on a grant what that did to it.
func ActionReply(v command.Verb, g jit.Grant) string {
	what, id := subject(g)+" for "+mentionUser(g.Request.By.ID), " ("+Code(string(g.ID))+")"
	switch v {
	case command.VerbApprove:
		if g.State == jit.Pending {
			return "You approved " + what + id + "; " + missingApprovals(g) + " needed."
		}
		return "You approved " + what + id + "; it is being opened."
	case command.VerbDeny:
		return "You denied " + what + id + "; they are told."
	case command.VerbCancel:
		return "You withdrew your request for " + subject(g) + id + "; nothing is opened."
	case command.VerbDone:
		if neverWritten(g) {
			return "You ended your " + subject(g) + id + " before it was opened. " + nothingWritten
		}
		return "You ended your " + subject(g) + id + "; it is being closed, and you are told when the rule is gone. " + connectionsStay
	case command.VerbRevoke:
		if neverWritten(g) {
			return "You revoked " + what + id + " before it was opened. " + nothingWritten
		}
		return "You revoked " + what + id + "; it is being closed. Connections that are already established are not cut."
	default:
		return text.Capital(subject(g)) + id + " is " + stateText(g) + "."
	}
}
