package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"jitbot/jit"
)

// maxQuoted is the most characters of what is shown apart in a direct message.
const maxQuoted = 2000

// connectionsStay is what an end of access does not do.
const connectionsStay = "Connections that are already established are not cut by that; end them yourself."

// untilEverywhere is what "open", "closed" and "in force" leave out: each of them
// means that Azure says so.
const untilEverywhere = "it usually takes seconds, sometimes over a minute, until it is so everywhere."

// connectionsText is connectionsStay for a grant: a firewall may cut them, a
// security group does not.
// https://learn.microsoft.com/azure/firewall/firewall-faq
func connectionsText(g jit.Grant) string {
	if len(firewallsOf(g)) > 0 {
		return "The firewall may cut connections that are already established, or leave them; end them yourself."
	}
	return connectionsStay
}

// Direct is what the requester is told about an event. Its buttons are those
// that apply to the grant as it is now.
func Direct(e jit.Event, g jit.Grant) Message {
	text := directText(e, g)
	blocks := []slack.Block{paragraph(text)}
	if quoted := events()[e.Kind].quoted; quoted != nil {
		if r := Clip(quoted(e, g), maxQuoted); r != "" {
			blocks = append(blocks, verbatim("Why: ", r))
			text += " Why: " + prose(r)
		}
	}
	switch {
	case e.Kind == jit.EventWaiting && g.State == jit.Pending:
		blocks = append(blocks, buttons(cancelButton(g))...)
	case (e.Kind == jit.EventOpened || e.Kind == jit.EventReminded) && g.State == jit.Open:
		blocks = append(blocks, buttons(doneButton(g))...)
	case asksAgain(e.Kind) && g.State.Ended():
		blocks = append(blocks, buttons(AgainButton("Ask again", AskOf(g)))...)
	}
	return Message{Text: shorten(oneLine(text), maxText), Blocks: blocks}
}

// asksAgain reports whether whoever reads of an event may want to ask again.
func asksAgain(k jit.EventKind) bool {
	return slices.Contains([]jit.EventKind{jit.EventRefused, jit.EventDenied, jit.EventLapsed, jit.EventFailed, jit.EventClosed}, k)
}

// DirectPast takes the place of a message to the requester whose buttons no longer
// apply.
func DirectPast(e jit.Event, g jit.Grant) Message {
	what := "Your access"
	if e.Kind == jit.EventWaiting {
		what = "Your request"
	}
	return Say(fmt.Sprintf("%s %s: %s. By now it is %s.", what, Code(string(g.ID)), requestText(g), stateText(g)))
}

func directText(e jit.Event, g jit.Grant) string {
	id, what := Code(string(g.ID)), requestText(g)
	if text := events()[e.Kind].direct; text != nil {
		return text(id, what, e, g)
	}
	return fmt.Sprintf("Your request %s: %s, %s.", id, string(e.Kind), what)
}

func joinLines(all ...string) string { return strings.Join(all, "\n") }

func directWaiting(id, what string, _ jit.Event, g jit.Grant) string {
	next := fmt.Sprintf("%s were asked; %s needed. It lapses at %s.", eligibleApprovers(g), missingApprovals(g), When(g.Clock.Lapse))
	return joinLines(fmt.Sprintf("Your request %s waits for approval: %s.", id, what), next+afterSpace(checkNotesText(g)))
}

func directRefused(id, what string, _ jit.Event, _ jit.Grant) string {
	return joinLines(
		fmt.Sprintf("Your request %s was refused: %s.", id, what),
		"Nothing was opened, and nobody was asked to approve it. Mend what is named below and ask again with /jit request.")
}

func directDenied(id, what string, e jit.Event, _ jit.Grant) string {
	next := "Nothing was opened. Talk to them, or ask again with /jit request and a fuller reason."
	if e.Actor.ID == "" {
		next = "Nothing was opened. Ask again with /jit request, or tell an admin what is named below."
	}
	return joinLines(fmt.Sprintf("Your request %s was denied by %s: %s.", id, actor(e.Actor), what), next)
}

// directCancelled is what whoever asked is told when it was not they who withdrew.
func directCancelled(id, what string, e jit.Event, _ jit.Grant) string {
	return joinLines(
		fmt.Sprintf("Your request %s was withdrawn by %s, on the machine that jitbot runs on: %s.", id, actor(e.Actor), what),
		"Nothing was opened. Talk to an admin, or ask again with /jit request.")
}

func directLapsed(id, what string, _ jit.Event, _ jit.Grant) string {
	return joinLines(
		fmt.Sprintf("Your request %s lapsed, because nobody decided in time: %s.", id, what),
		"Nothing was opened. Ask again with /jit request when an approver is there.")
}

// directOpening is what the holder is told while an opening takes its time.
func directOpening(id, what string, _ jit.Event, g jit.Grant) string {
	switch {
	case g.State != jit.Opening:
		return fmt.Sprintf("Your access %s was being opened; by now it is %s.", id, stateText(g))
	case g.Waiting != "":
		return fmt.Sprintf("Your access %s is approved: %s.\nOpening waits: %s You need to do nothing.", id, what, Sentence(g.Waiting))
	default:
		lines := []string{fmt.Sprintf("Your access %s is approved and being opened: %s.", id, what)}
		lines = append(lines, slowChange(g, g.Clock.Begun, "In force at")...)
		return joinLines(append(lines, "You get a message when it is open.")...)
	}
}

func directOpened(id, _ string, e jit.Event, g jit.Grant) string {
	if g.State != jit.Open {
		return fmt.Sprintf("Your access %s was opened at %s; by now it is %s.", id, When(g.Clock.Opened), stateText(g))
	}
	how := fmt.Sprintf("Connect to port %s of %s from %s; %s.", portNames(g), targetNames(g, ", "), sourceNames(g, ", "), nobodyElse(g))
	if ends := publicEndsText(g); ends != "" {
		how = ends + " Come from " + sourceNames(g, ", ") + "; " + nobodyElse(g) + "."
	}
	if len(g.Approvals) == 0 { // nothing was said while it waited
		how += afterSpace(checkNotesText(g))
	}
	return joinLines(fmt.Sprintf("Your access %s is open until %s.", id, When(e.Until)), how,
		"If nothing answers yet, try again: Azure says that it is open, and "+untilEverywhere)
}

func directMoved(id, _ string, e jit.Event, g jit.Grant) string {
	lines := []string{
		fmt.Sprintf("The way to your access %s has changed.", id),
		cmp.Or(publicEndsText(g), fmt.Sprintf("Connect to port %s of %s itself.", portNames(g), targetNames(g, ", "))),
	}
	return joinLines(append(lines, slowChange(g, e.At, "In force at")...)...)
}

func directReminded(id, what string, _ jit.Event, g jit.Grant) string {
	if g.State != jit.Open {
		return fmt.Sprintf("Your access %s was near its end; by now it is %s.", id, stateText(g))
	}
	return joinLines(
		fmt.Sprintf("Your access %s ends at %s: %s.", id, When(g.Clock.Deadline), what),
		"For more time, ask again now with /jit request; if you need it no longer, press Done. "+connectionsText(g))
}

func directFailed(id, what string, _ jit.Event, g jit.Grant) string {
	first, next := fmt.Sprintf("Your access %s could not be opened: %s.", id, what), "What was written is being removed."
	if !g.Clock.Opened.IsZero() {
		first = fmt.Sprintf("Your access %s is being closed, because something of it failed in Azure: %s.", id, what)
	} else if neverWritten(g) {
		next = nothingWritten
	}
	return joinLines(first, next+" Ask again with /jit request, or tell an admin what is named below.")
}

func directHindered(id, what string, _ jit.Event, g jit.Grant) string {
	if g.State != jit.Open {
		return fmt.Sprintf("What is in Azure may have kept your access %s from working; by now it is %s.", id, stateText(g))
	}
	return joinLines(
		fmt.Sprintf("Something in Azure may keep you out of your access %s: %s.", id, what),
		"jitbot does not touch the rules of other people, and tries again what it may not write now; tell an admin what is named below.")
}

func directStuck(id, what string, _ jit.Event, _ jit.Grant) string {
	return joinLines(
		fmt.Sprintf("Your access %s has ended, but its rule could not be removed yet: %s.", id, what),
		"It is tried again until it succeeds, and the approvers' channel knows. You need to do nothing; please do not use it any more.")
}

func directClosed(id, what string, _ jit.Event, g jit.Grant) string {
	cut, next := "Azure says that its rule is gone; "+untilEverywhere+" "+connectionsText(g), "For more time, ask again with /jit request."
	if neverWritten(g) {
		cut, next = nothingWritten, "If you still need it, ask again with /jit request."
	}
	ended, is := endingTextsOf(g), "closed"
	if gone, only := goneGuards(g); only {
		is, cut = "over", "Nothing was read back: "+gone+". "+cut
	}
	return joinLines(
		fmt.Sprintf("Your access %s is %s: %s.", id, is, what), ended.holder(g)+" "+cut+afterSpace(stillOpen(g)), cmp.Or(ended.next, next))
}
