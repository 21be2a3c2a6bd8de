package view

import (
	"cmp"
	"slices"

	"jitbot/jit"
	"jitbot/jit/text"
)

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
	if g.State == jit.Open {
		return "The end does not cut connections that are established then; end them yourself."
	}
	return connectionsStay
}

// Direct is what the requester is told about an event. Its buttons are those
// that apply to the grant as it is now.
func Direct(e jit.Event, g jit.Grant) Message {
	d := new(draft)
	if tell := events()[e.Kind].direct; tell != nil {
		tell(d, e, g)
	} else {
		d.say(headed(g, "Your "+subject(g)+": "+Code(string(e.Kind))))
	}
	if asksAgain(e.Kind) && g.State.Ended() {
		d.press(againButtons(g)...)
	}
	return d.message()
}

// byNow says of a notice that comes late how the grant is by now.
func byNow(d *draft, g jit.Grant, was string) {
	d.say(headed(g, "Your "+subject(g)+" "+was+"; by now it is "+stateText(g))).small(g.ID, nil, nil)
}

// asksAgain reports whether whoever reads of an event may want to ask again.
func asksAgain(k jit.EventKind) bool {
	return slices.Contains([]jit.EventKind{jit.EventRefused, jit.EventDenied, jit.EventLapsed, jit.EventFailed, jit.EventClosed}, k)
}

// DirectPast takes the place of a message to one person whose buttons no longer
// apply.
func DirectPast(e jit.Event, g jit.Grant) Message {
	if e.Kind == jit.EventEscalated {
		return toDecidePast(g)
	}
	what := "Your access: "
	if e.Kind == jit.EventWaiting {
		what = "Your request: "
	}
	d := new(draft)
	now := stateText(g)
	if g.State == jit.Open {
		now = "open until " + When(g.Clock.Deadline)
	}
	return d.say(headed(g, what+requestText(g)+". By now it is "+now+".")).small(g.ID, nil, nil).message()
}

func directWaiting(d *draft, _ jit.Event, g jit.Grant) {
	d.say(headed(g, "Your request waits for approval: "+requestText(g)), awaited(g), leftOut(g))
	d.warn(warnings(g)...)
	if g.State == jit.Pending {
		d.press(cancelButton(g))
	}
	d.small(g.ID, nil, fewNotes(g))
}

func directRefused(d *draft, _ jit.Event, g jit.Grant) {
	if g.Decision.Rights {
		d.say(headed(g, rightsMissing(refusedNames(g))), rightsNext).press(missingButton(g.Decision.Reason))
	} else {
		d.say(headed(g, "Refused: "+requestText(g))).say(takenBack(g)).quote("Why: ", g.Decision.Reason)
	}
	d.small(g.ID, []string{"Nothing was opened, and nobody was asked."}, nil)
}

// rightsMissing is the short of a refusal for the lack of Azure actions, which a
// button shows.
func rightsMissing(vms string) string {
	return "You can't ask for " + vms + " yet: no role of yours allows it"
}

const rightsNext = "If a PIM role is eligible, activate it; else ask an owner. A new role takes up to 10 minutes."

func directDenied(d *draft, e jit.Event, g jit.Grant) {
	next := "Talk to them, or ask again with a fuller reason: `/jit`."
	if e.Actor.ID == "" {
		next = "Tell an admin what is named here, or ask again: `/jit`."
	}
	d.say(headed(g, "Denied by "+actor(e.Actor)+": "+requestText(g))).quote("Why: ", e.Text).say("Nothing was opened. " + next)
	d.small(g.ID, nil, nil)
}

// directCancelled is what whoever asked is told when it was not they who withdrew.
func directCancelled(d *draft, e jit.Event, g jit.Grant) {
	d.say(headed(g, "Withdrawn by "+actor(e.Actor)+", on the machine that jitbot runs on: "+requestText(g)),
		"Nothing was opened. Talk to an admin, or ask again.").small(g.ID, nil, nil)
}

func directLapsed(d *draft, _ jit.Event, g jit.Grant) {
	d.say(headed(g, "Nobody decided in time: "+requestText(g)),
		"Your request lapsed and nothing was opened. Ask again when an approver is there.").small(g.ID, nil, nil)
}

// directOpening is what the holder is told while an opening takes its time.
func directOpening(d *draft, _ jit.Event, g jit.Grant) {
	switch {
	case g.State != jit.Opening:
		byNow(d, g, "was being opened")
		return
	case g.Waiting != "":
		d.say(headed(g, "Approved, not open yet: "+requestText(g))).quote("Opening waits: ", g.Waiting).say("You need to do nothing.")
	default:
		d.say(headed(g, "Approved and being opened: "+requestText(g)), slowChange(g, g.Clock.Begun, "In force at"),
			"You get a message when it is open.")
	}
	d.small(g.ID, nil, nil)
}

// directOpened says how to connect: all else has been said while it waited.
func directOpened(d *draft, e jit.Event, g jit.Grant) {
	if g.State != jit.Open {
		byNow(d, g, "was opened at "+When(g.Clock.Opened))
		return
	}
	approved, notes := "Approved by "+approvedBy(g)+".", []string(nil)
	if len(g.Approvals) == 0 {
		approved, notes = unapproved(g), fewNotes(g)
	}
	d.say(headed(g, "Your "+subject(g)+" is open until "+When(e.Until)), approved, lessText(g), connection(g))
	d.warn(hindrances(g)...)
	if len(g.Approvals) == 0 { // nothing was said while it waited
		d.warn(warnings(g)...)
	}
	d.press(doneButton(g))
	d.small(g.ID, []string{"From " + sourceNames(g) + "; " + nobodyElse(g) + ". No answer yet? Try again in a minute."}, notes)
}

func directReminded(d *draft, _ jit.Event, g jit.Grant) {
	if g.State != jit.Open {
		byNow(d, g, "was near its end")
		return
	}
	d.say(headed(g, "Your "+subject(g)+" ends at "+When(g.Clock.Deadline)),
		moreTime(g)+" Press Done when you need it no longer.").press(append(extendButtons(g), doneButton(g))...)
	d.small(g.ID, []string{connectionsText(g)}, nil)
}

func directFailed(d *draft, e jit.Event, g jit.Grant) {
	first, next := "Your "+subject(g)+" could not be opened", "What was written is being removed."
	if !g.Clock.Opened.IsZero() {
		first = "Your " + subject(g) + " is being closed, because something of it failed in Azure"
	} else if neverWritten(g) {
		next = nothingWritten
	}
	d.say(headed(g, first)).say(takenBack(g)).quote("Why: ", e.Text).say(next + " Ask again with `/jit`, or tell an admin what is named here.")
	d.small(g.ID, nil, nil)
}

func directHindered(d *draft, e jit.Event, g jit.Grant) {
	if g.State != jit.Open {
		byNow(d, g, "may not have worked for what is in Azure")
		return
	}
	d.say(headed(g, "Something in Azure may keep you out of "+subject(g))).quote("", e.Text)
	d.say("Tell an admin: jitbot does not touch the rules of other people.").small(g.ID, nil, nil)
}

func directStuck(d *draft, e jit.Event, g jit.Grant) {
	d.say(headed(g, "Your "+subject(g)+" has ended, but its rule could not be removed yet")).quote("Why: ", e.Text)
	d.say("Do not use it any more. It is tried again until it succeeds, and the approvers know.").small(g.ID, nil, nil)
}

func directClosed(d *draft, _ jit.Event, g jit.Grant) {
	ended := endingTextsOf(g)
	next, small := cmp.Or(ended.next, "For more time, ask again: `/jit`."), []string{connectionsText(g)}
	if neverWritten(g) {
		next, small = cmp.Or(ended.next, "If you still need it, ask again: `/jit`."), nil
	}
	d.say(headed(g, "Your "+subject(g)+" is "+stateText(g)), stillOpen(g)).quote("Why: ", g.Decision.Reason)
	switch gone, only := goneGuards(g); {
	case neverWritten(g):
		d.say(ended.holder(g) + " " + nothingWritten + " " + next)
	case only:
		d.say(ended.holder(g) + " Nothing was read back: " + gone + ". " + next)
	default:
		d.say(ended.holder(g) + " " + next)
	}
	d.small(g.ID, small, nil)
}

const maxFewNotes = 3 // notes that the requester gets; the card has more

// fewNotes are checkNotes for the requester.
func fewNotes(g jit.Grant) []string {
	notes := checkNotes(g)
	if more := len(notes) - maxFewNotes; more > 0 {
		notes = append(notes[:maxFewNotes], "The card has "+text.Count(more, "more note.", "more notes."))
	}
	return notes
}
