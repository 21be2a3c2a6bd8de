package view

import (
	"fmt"

	"jitbot/bot/command"
	"jitbot/jit"
)

// LookingText says what is looked at for the answer to a command that takes over a
// second. It stays beside the answer.
func LookingText(v command.Verb) string {
	what := "I am looking at that grant and at what you may do with it"
	switch v {
	case command.VerbRequest:
		what = "I am checking your rights in Azure and the rules on the way to the VM"
	case command.VerbList:
		what = "I am reading the grants that you may see"
	case command.VerbVMs:
		what = "I am reading the VMs that you may see"
	case command.VerbScan:
		what = "I am reading the rules before each VM that you may see"
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
	id := Code(string(g.ID))
	if err != nil {
		return id + ": " + Doubt(err)
	}
	switch g.State {
	case jit.Asked:
		return fmt.Sprintf("%s is stored and still being checked: %s. You get a direct message.", id, requestText(g))
	case jit.Pending:
		return fmt.Sprintf("%s waits for approval: %s. %s needed, from %s. It lapses at %s; you get a direct message when it is decided.",
			id, requestText(g), missingApprovals(g), eligibleApprovers(g), When(g.Clock.Lapse)) + afterSpace(checkNotesText(g))
	case jit.Opening:
		return fmt.Sprintf("%s is being opened: %s. You get a direct message when it is open.", id, requestText(g)) +
			afterSpace(checkNotesText(g))
	case jit.Open:
		return fmt.Sprintf("%s is open until %s: %s.", id, When(g.Clock.Deadline), requestText(g)) + afterSpace(checkNotesText(g))
	default:
		return fmt.Sprintf("%s is %s: %s.", id, stateText(g), requestText(g))
	}
}

// ActionReply says to whoever acted on a grant what that did to it.
func ActionReply(v command.Verb, g jit.Grant) string {
	id := Code(string(g.ID))
	switch v {
	case command.VerbApprove:
		if g.State == jit.Pending {
			return fmt.Sprintf("You approved %s; %s needed.", id, missingApprovals(g))
		}
		return fmt.Sprintf("You approved %s; it is being opened.", id)
	case command.VerbDeny:
		return fmt.Sprintf("You denied %s; %s is told.", id, mentionUser(g.Request.By.ID))
	case command.VerbCancel:
		return fmt.Sprintf("You withdrew %s; nothing is opened.", id)
	case command.VerbDone:
		if neverWritten(g) {
			return fmt.Sprintf("You ended %s before it was opened. %s", id, nothingWritten)
		}
		return fmt.Sprintf("You ended %s; it is being closed, and you get a direct message when the rule is gone. %s", id, connectionsStay)
	case command.VerbRevoke:
		if neverWritten(g) {
			return fmt.Sprintf("You revoked %s of %s before it was opened. %s", id, mentionUser(g.Request.By.ID), nothingWritten)
		}
		return fmt.Sprintf("You revoked %s of %s; it is being closed. Connections that are already established are not cut.",
			id, mentionUser(g.Request.By.ID))
	default:
		return fmt.Sprintf("%s is %s.", id, stateText(g))
	}
}
