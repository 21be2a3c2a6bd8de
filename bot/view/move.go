package view

import (
	"strings"

	"jitbot/jit"
)

// sourcesBefore are those from which a grant that is being moved was open, or, on the way
// back, was to be.
func sourcesBefore(g jit.Grant) string { return sourceNames(g.From(g.Move.Other)) }

// moveStatus says what of a move is not in force yet; empty when none is under way.
func moveStatus(g jit.Grant) string {
	switch {
	case g.State != jit.Open || !g.Move.Underway():
		return ""
	case g.Move.Forth():
		return "Being moved there from " + sourcesBefore(g) + "." + untilReadBack(g)
	default:
		return "Not moved to " + sourcesBefore(g) + ": its rules are being set back, and until then may let nobody in."
	}
}

// untilReadBack says from where a grant that is being moved is open until then.
func untilReadBack(g jit.Grant) string {
	return " Until its rules were read back " + sourcesBefore(g) + " may still get in, and " + sourceNames(g) + " not yet."
}

func threadMoving(e jit.Event, g jit.Grant) string {
	if e.Actor.ID == "" {
		return "Not moved. Its rules are being set " + strings.TrimSuffix(prose(e.Text), ".") + "."
	}
	said := mentionUser(g.Request.By.ID) + " moves it " + prose(e.Text) + "."
	if g.State == jit.Open && g.Move.Forth() {
		said += " It is in force once its rules were read back."
	}
	return said
}

// threadMoved is about its holder's new address, or about rules that follow its VM.
func threadMoved(e jit.Event, _ jit.Grant) string {
	if e.Actor.ID == "" {
		return "Its rules follow its VM."
	}
	return "Moved " + prose(e.Text) + ": its rules were read back, and let nobody in from the old address any more."
}

// whyMoved is what changed where its VM is.
func whyMoved(e jit.Event, _ jit.Grant) string {
	if e.Actor.ID == "" {
		return e.Text
	}
	return ""
}

func threadUnmoved(_ jit.Event, g jit.Grant) string {
	if g.State != jit.Open || g.Move.Underway() {
		return "Not moved."
	}
	return "Not moved. It is open from " + sourceNames(g) + " as before: its rules were read back."
}

// directMoved tells its holder from where to come now, or by which way.
func directMoved(d *draft, e jit.Event, g jit.Grant) {
	switch {
	case e.Actor.ID == "":
		d.say(headed(g, "The way to your "+subject(g)+" has changed"), connection(g), slowChange(g, e.At, "In force at")).small(g.ID, nil, nil)
		return
	case g.State != jit.Open:
		byNow(d, g, "was moved")
		return
	}
	d.say(headed(g, "Your "+subject(g)+" is moved to "+sourceNames(g)), connection(g))
	d.say("The old address gets in no more; it ends at " + When(g.Clock.Deadline) + " as before.")
	d.press(doneButton(g))
	d.small(g.ID, []string{connectionsText(g)}, nil)
}

func directUnmoved(d *draft, e jit.Event, g jit.Grant) {
	if g.State != jit.Open {
		byNow(d, g, "was not moved")
		return
	}
	d.say(headed(g, "Your "+subject(g)+" is not moved; it is open from "+sourceNames(g)+" as before")).quote("Why: ", e.Text)
	d.press(doneButton(g))
	d.small(g.ID, nil, nil)
}

// MoveReply says to whoever moves their access what comes of it.
func MoveReply(g jit.Grant) string {
	return "Your " + subject(g) + " (" + Code(string(g.ID)) + ") is being moved to " + sourceNames(g) + "." + untilReadBack(g) +
		" You are told when that is in force; it ends at " + When(g.Clock.Deadline) + " as before."
}
