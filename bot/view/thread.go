package view

import (
	"strings"

	"jitbot/jit"
)

// Thread is what is said about an event under the grant's card.
func Thread(e jit.Event, g jit.Grant) Message {
	d := new(draft)
	reply(d, e, g)
	return d.message()
}

// reply adds what is said about an event to a message of the thread.
func reply(d *draft, e jit.Event, g jit.Grant) {
	texts := events()[e.Kind]
	if texts.thread == nil {
		d.say(Code(string(e.Kind))).quote("", e.Text)
		return
	}
	d.say(texts.thread(e, g))
	if texts.why != nil {
		d.quote("Why: ", texts.why(e, g))
	}
}

// saying is the same words whatever the grant.
func saying(what string) func(jit.Event, jit.Grant) string {
	return func(jit.Event, jit.Grant) string { return what }
}

// didBy says what somebody did.
func didBy(did string) func(jit.Event, jit.Grant) string {
	return func(e jit.Event, _ jit.Grant) string { return did + " by " + actor(e.Actor) + "." }
}

func threadApproved(e jit.Event, g jit.Grant) string {
	by := "Approved by " + actor(e.Actor)
	if less, ok := strings.CutPrefix(e.Text, jit.WithLess); ok {
		by += " with less: " + prose(less)
	}
	switch {
	case e.Actor.ID == "" && g.Auto != (jit.Auto{}):
		return automatic(g) + " It is being opened."
	case e.Actor.ID == "":
		return "Approved without anybody's yes, because none is needed. It is being opened."
	case g.State == jit.Pending:
		return by + "; " + missingApprovals(g) + " needed."
	default:
		return by + "."
	}
}

// threadOpened says open of a grant only while it is.
func threadOpened(e jit.Event, g jit.Grant) string {
	if g.State != jit.Open {
		return "It was opened at " + When(g.Clock.Opened) + "; by now it is " + stateText(g) + "."
	}
	return "Open until " + When(e.Until) + ": the rule was read back in force."
}

func threadFailed(_ jit.Event, g jit.Grant) string {
	switch {
	case !g.Clock.Opened.IsZero():
		return "It is being closed, because something of it failed in Azure."
	case neverWritten(g):
		return "It could not be opened. " + nothingWritten
	default:
		return "It could not be opened and is being closed."
	}
}

func threadClosed(_ jit.Event, g jit.Grant) string {
	head, how := "Closed. ", howClosed(g)
	switch _, only := goneGuards(g); {
	case neverWritten(g):
		how = nothingWritten
	case only:
		head = "Over. "
	}
	return head + whyEnded(g) + " " + how + afterSpace(stillOpen(g))
}
